// Makes the .vsix that people install: the built program and the files of the manifest, in a folder of their own, so
// that nothing else can slip in. A platform's package has its Dawn, for the GPU, and its Node inside; the universal one
// has neither and serves every platform, because what cannot be bundled besides, sharp, comes as its WebAssembly build.
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { bundledPackages, fingerprint } from "./build.mjs";
import { dawnFolder, nodeFiles, ownTarget, targets } from "./platforms.mjs";
import { root, say, TaskError } from "./set-up.mjs";

export const universal = "universal";

/** What the training process loads at run time and esbuild cannot bundle, with the files of each that count. */
const carried = {
  sharp: /^(?:package\.json|LICENSE|dist(?:\/[^/]+\.[cm]js)?)$/,
  "@img/colour": /^(?:package\.json|LICENSE|[^/]+\.cjs)$/,
  "@img/sharp-wasm32": /^(?:package\.json|LICENSE|README\.md|index\.cjs|lib(?:\/.+)?)$/,
  "@emnapi/runtime": /^(?:package\.json|LICENSE|index\.js|dist(?:\/emnapi\.cjs(?:\.min)?\.js)?)$/,
  "detect-libc": /^(?:package\.json|LICENSE|lib(?:\/[^/]+\.js)?)$/,
  semver: /^(?:package\.json|LICENSE|index\.js|(?:classes|functions|internal|ranges)(?:\/[^/]+\.js)?)$/,
};

/** Fields of package.json that say how the project is developed, not what the extension is. */
const development = ["scripts", "devDependencies", "dependencies", "optionalDependencies", "files", "bin"];

/** `args` of `npm run package`: nothing, --target NAME or --target all. */
export function targetsOf(args) {
  const [option = "", ...more] = args.flatMap((arg) => arg.split("="));
  if (option === "") return [universal];
  const names = [universal, ...targets];
  const [target = ""] = more;
  if (option !== "--target" || more.length > 1 || (target !== "all" && !names.includes(target)))
    throw new TaskError(`package takes --target and one of ${names.join(", ")}, all; not: ${args.join(" ")}`);
  return target === "all" ? names : [target];
}

/** What the tests install: the universal package, and this machine's where there is one for it. */
export async function packageForTests() {
  const own = ownTarget();
  for (const target of [universal, ...(own === null ? [] : [own])]) await packageExtension(target);
}

/** Packages what the build left in dist/, where that is not done yet; returns the path of the .vsix. */
export async function packageExtension(target) {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const middle = target === universal ? "" : `${target}-`;
  const path = join(root, `${manifest.name}-${middle}${manifest.version}.vsix`);
  const stampFile = join(root, "node_modules/.cache/latent-lab", `${basename(path)}.json`);
  const print = await fingerprint({ sources: sourcesOf(manifest) });
  if (!(await isUpToDate(path, stampFile, print))) {
    await makePackage(manifest, target, path);
    await mkdir(join(root, "node_modules/.cache/latent-lab"), { recursive: true });
    await writeFile(stampFile, JSON.stringify({ print, size: (await stat(path)).size }));
  }
  return path;
}

/** What a package is made from: the build tells by its stamp of what dist/ is made from. */
function sourcesOf({ files }) {
  const scripts = ["package", "platforms", "tarball"].map((name) => `scripts/${name}.mjs`);
  const others = files.filter((name) => name !== "dist");
  return ["dist/.built-from.json", "package.json", "package-lock.json", ...others, ...scripts];
}

async function isUpToDate(path, stampFile, print) {
  try {
    const stamp = JSON.parse(await readFile(stampFile, "utf8"));
    return stamp.print === print && stamp.size === (await stat(path)).size;
  } catch {
    return false;
  }
}

async function makePackage(manifest, target, path) {
  const folder = await mkdtemp(join(root, "node_modules/.latent-lab-package-"));
  try {
    for (const name of manifest.files) {
      if (!existsSync(join(root, name)))
        throw new TaskError(`package.json names ${name}, which is not there`);
      await cp(join(root, name), join(folder, name), { recursive: true });
    }
    await rm(join(folder, "dist/.built-from.json"), { force: true });
    await copyPackages(carried, folder);
    if (target !== universal) await addPlatform(target, folder);
    await writeFile(join(folder, "THIRD-PARTY-NOTICES.txt"), await notices());
    const kept = Object.entries(manifest).filter(([field]) => !development.includes(field));
    await writeFile(join(folder, "package.json"), `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
    const made = join(folder, basename(path));
    await createPackage(folder, made, target);
    const { size } = await stat(made);
    // In one move: whoever installs an older package meanwhile reads it to its end.
    await rename(made, path);
    say(`${basename(path)}: ${(size / 1e6).toFixed(1)} MB`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The target's Dawn and Node. */
async function addPlatform(target, folder) {
  if (process.platform === "win32" && !target.startsWith("win32-"))
    throw new TaskError(
      `the package for ${target} cannot be made on Windows, whose files are not marked as executable`,
    );
  const dawn = dawnFolder(target);
  const files = new RegExp(`^(?:package\\.json|LICENSE\\.md|index\\.js|dist(?:/${dawn}(?:/[^/]+)?)?)$`);
  await copyPackages({ webgpu: files }, folder);
  const { name, binary, licence } = await nodeFiles(target);
  const to = join(folder, "dist/node");
  await mkdir(to);
  await cp(binary, join(to, name));
  await chmod(join(to, name), 0o755);
  await cp(licence, join(to, "LICENSE"));
  await chmod(join(to, "LICENSE"), 0o644);
}

/** The licences of the packages whose code is bundled; those that are carried whole have theirs beside them. */
async function notices() {
  const texts = await Promise.all((await bundledPackages()).map(noticeOf));
  return `Latent Lab contains code of these packages.\n\n${texts.join("\n")}`;
}

async function noticeOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"));
  const files = (await readdir(join(root, folder))).filter((entry) =>
    /^(?:licen[cs]e|notice|copying)/i.test(entry),
  );
  const texts = await Promise.all(files.map((file) => readFile(join(root, folder, file), "utf8")));
  const text = texts.length === 0 ? `Licence: ${license}` : texts.map((part) => part.trim()).join("\n\n");
  return `${"-".repeat(80)}\n${name} ${version}\n\n${text}\n`;
}

/** `packages`: by name, which of their files. */
async function copyPackages(packages, folder) {
  for (const [name, files] of Object.entries(packages)) {
    const from = join(root, "node_modules", name);
    const below = (path) => path.slice(from.length + 1).replaceAll("\\", "/");
    await cp(from, join(folder, "dist/node_modules", name), {
      recursive: true,
      filter: (path) => path === from || files.test(below(path)),
    });
  }
}

async function createPackage(folder, packagePath, target) {
  const { createVSIX } = await import("@vscode/vsce");
  // It reports on stdout, where a task prints its result; and at length, which only matters when it fails.
  const { log, warn } = console;
  const report = [];
  console.log = (...words) => report.push(words.join(" "));
  console.warn = console.log;
  try {
    await createVSIX({
      cwd: folder,
      packagePath,
      ...(target === universal ? {} : { target }),
      dependencies: false,
      allowMissingRepository: true,
      rewriteRelativeLinks: false,
    });
  } catch (error) {
    for (const line of report) say(line);
    throw error;
  } finally {
    Object.assign(console, { log, warn });
  }
}
