// Builds dist/, in stages that are skipped when what they are made from has not changed. A build writes into a
// folder of its own and moves finished files into place one by one, so that programs running from dist/, and other
// builds, never see half a file.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { lock } from "./build-lock.mjs";
import { root, say } from "./set-up.mjs";

const dist = join(root, "dist");
const stampFile = join(dist, ".built-from.json");
const lockFile = join(root, "node_modules/.latent-lab-build.lock");
const kernels = join(root, "src/ml/engine/cpu/assembly");
const inter = join(root, "node_modules/@expo-google-fonts/inter");

const stages = [
  {
    name: "program",
    sources: ["src", "esbuild.mjs", "package.json", "package-lock.json", "scripts/build.mjs"],
    skipFolder: kernels,
    async make(folder) {
      const { bundleCommandLine } = await import("../esbuild.mjs");
      const packages = await bundleCommandLine(root, folder);
      await chmod(join(folder, "latent-lab.js"), 0o755);
      return packages;
    },
  },
  {
    name: "panels",
    sources: ["src/contract", "webview-ui", "esbuild.mjs", "package-lock.json"],
    async make(folder) {
      const { bundlePanels } = await import("../esbuild.mjs");
      return bundlePanels(root, folder);
    },
  },
  {
    name: "kernels",
    sources: ["src/ml/engine/cpu/assembly", "package-lock.json"],
    async make(folder) {
      const script = join(kernels, "build.mjs");
      if (!existsSync(script)) return;
      const { buildKernels } = await import(pathToFileURL(script).href);
      await buildKernels(folder);
    },
  },
  {
    name: "fonts",
    sources: ["package-lock.json", "scripts/build.mjs"],
    async make(folder) {
      for (const font of ["400Regular/Inter_400Regular.ttf", "600SemiBold/Inter_600SemiBold.ttf"]) {
        await cp(join(inter, font), join(folder, "fonts", font.slice(font.indexOf("/") + 1)));
      }
      await cp(join(inter, "LICENSE_FONT"), join(folder, "fonts/LICENSE"));
    },
  },
  {
    name: "picture renderer",
    sources: ["package-lock.json", "scripts/build.mjs"],
    async make(folder) {
      const resvg = "node_modules/@resvg/resvg-wasm";
      await cp(join(root, resvg, "index_bg.wasm"), join(folder, "resvg.wasm"));
      return [resvg];
    },
  },
  {
    name: "extension",
    sources: [
      "src/extension",
      "src/contract",
      "esbuild.mjs",
      "package.json",
      "package-lock.json",
      "scripts/build.mjs",
    ],
    async make(folder) {
      const { bundleExtension } = await import("../esbuild.mjs");
      return bundleExtension(root, folder);
    },
  },
];

/** Folders of the packages whose code the build has put into dist/, relative to the root. */
export async function bundledPackages() {
  const stamp = await readStamp();
  return [...new Set(stages.flatMap(({ name }) => stamp[name]?.packages ?? []))].sort();
}

/** Builds what is out of date; says so when there is anything to do. */
export async function build() {
  if ((await staleStages()).length === 0) return;
  const release = await lock(lockFile);
  try {
    // Another build may have finished while this one waited.
    const stale = await staleStages();
    if (stale.length === 0) return;
    say(`Building ${stale.map((stage) => stage.name).join(", ")} …`);
    for (const stage of stale) await run(stage);
  } finally {
    await release();
  }
}

async function staleStages() {
  const stamp = await readStamp();
  const prints = await Promise.all(stages.map(fingerprint));
  return stages.filter(
    (stage, index) =>
      stamp[stage.name]?.fingerprint !== prints[index] ||
      !stamp[stage.name].files.every((file) => existsSync(join(dist, file))),
  );
}

async function run(stage) {
  const before = await fingerprint(stage);
  await mkdir(dist, { recursive: true });
  const folder = await mkdtemp(join(root, "node_modules/.latent-lab-build-"));
  try {
    const packages = (await stage.make(folder)) ?? [];
    const files = await filesIn(folder);
    // What is loaded comes before what loads it: chunks lie deeper than the programs that import them.
    files.sort((a, b) => b.split("/").length - a.split("/").length);
    for (const file of files) {
      await mkdir(dirname(join(dist, file)), { recursive: true });
      await rename(join(folder, file), join(dist, file));
    }
    const stamp = await readStamp();
    const old = stamp[stage.name]?.files ?? [];
    await writeStamp({ ...stamp, [stage.name]: { fingerprint: before, files, packages } });
    for (const file of old) if (!files.includes(file)) await rm(join(dist, file), { force: true });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A hash over the names and contents of what a stage, or anything else, is made from. */
export async function fingerprint({ sources, skipFolder }) {
  const hash = createHash("sha256");
  for (const source of sources) {
    for (const file of await filesAt(join(root, source))) {
      if (skipFolder !== undefined && file.startsWith(skipFolder)) continue;
      hash
        .update(`${relative(root, file)}\0`)
        .update(await readFile(file))
        .update("\0");
    }
  }
  return hash.digest("hex");
}

/** The file at `path`, or the files below the folder at `path`, in a fixed order; generated ones left out. */
async function filesAt(path) {
  const names = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => null);
  if (names === null) return existsSync(path) ? [path] : [];
  return names
    .filter((entry) => entry.isFile() && !entry.name.includes(".generated."))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** Paths below `folder`, with forward slashes. */
async function filesIn(folder) {
  return (await filesAt(folder)).map((file) => relative(folder, file).replaceAll("\\", "/"));
}

async function readStamp() {
  try {
    return JSON.parse(await readFile(stampFile, "utf8"));
  } catch {
    return {};
  }
}

async function writeStamp(stamp) {
  const temporary = `${stampFile}.${process.pid}`;
  await writeFile(temporary, JSON.stringify(stamp));
  await rename(temporary, stampFile);
}
