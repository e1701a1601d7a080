// Makes the .vsix that people install: the built program and the files of the manifest, in a folder of their own, so
// that nothing else can slip in. One package serves every platform, because what cannot be bundled, sharp, comes as
// its WebAssembly build.
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundledPackages } from "./build.mjs";
import { root, say, TaskError } from "./set-up.mjs";

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

/** Packages what the build left in dist/; returns the path of the .vsix. */
export async function packageExtension() {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const folder = await mkdtemp(join(root, "node_modules/.latent-lab-package-"));
  try {
    for (const name of manifest.files) {
      if (!existsSync(join(root, name)))
        throw new TaskError(`package.json names ${name}, which is not there`);
      await cp(join(root, name), join(folder, name), { recursive: true });
    }
    await rm(join(folder, "dist/.built-from.json"), { force: true });
    for (const [name, files] of Object.entries(carried)) {
      await copyPackage(join(root, "node_modules", name), join(folder, "dist/node_modules", name), files);
    }
    await writeFile(join(folder, "THIRD-PARTY-NOTICES.txt"), await notices());
    for (const field of development) delete manifest[field];
    await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    const name = `${manifest.name}-${manifest.version}.vsix`;
    await createPackage(folder, join(folder, name));
    // In one move: whoever installs an older package meanwhile reads it to its end.
    await rename(join(folder, name), join(root, name));
    return join(root, name);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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

async function copyPackage(from, to, files) {
  const below = (path) => path.slice(from.length + 1).replaceAll("\\", "/");
  await cp(from, to, { recursive: true, filter: (path) => path === from || files.test(below(path)) });
}

async function createPackage(folder, packagePath) {
  const { createVSIX } = await import("@vscode/vsce");
  // It reports on stdout, where a task prints its result.
  const log = console.log;
  console.log = (...words) => say(words.join(" "));
  try {
    await createVSIX({
      cwd: folder,
      packagePath,
      dependencies: false,
      allowMissingRepository: true,
      rewriteRelativeLinks: false,
    });
  } finally {
    console.log = log;
  }
}
