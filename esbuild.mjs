// What is bundled, and how: one function per product of the build, each of which resolves to the folders of the
// packages that went into it, relative to `root`. Called by scripts/build.mjs.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/** Bundled CommonJS packages call `require` for Node's own modules; an ES module has none unless it makes one. */
const requireForBundle =
  'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);';

/**
 * The command line, the CPU engine's worker and the TensorFlow engine's probe, as ES modules that load what a command needs only when it needs it.
 * `root` is the repository, `outputFolder` where the files go.
 */
export async function bundleCommandLine(root, outputFolder) {
  const worker = join(root, "src/ml/engine/cpu/worker.ts");
  const probe = join(root, "src/ml/engine/tensorflow/probe-process.ts");
  return bundle({
    absWorkingDir: root,
    entryPoints: {
      "latent-lab": join(root, "src/ml/cli.ts"),
      ...(existsSync(worker) ? { "cpu-worker": worker } : {}),
      ...(existsSync(probe) ? { "tensorflow-probe": probe } : {}),
    },
    outdir: outputFolder,
    chunkNames: "chunks/[name]-[hash]",
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.18",
    // Native code cannot be bundled.
    external: ["sharp", "webgpu"],
    banner: { js: requireForBundle },
  });
}

/** What runs inside the panels: a script and a style sheet each, without any file beside them. */
export async function bundlePanels(root, outputFolder) {
  const panels = ["dashboard", "encode"];
  const source = (file) => join(root, "webview-ui", file);
  return bundle({
    absWorkingDir: root,
    entryPoints: panels.flatMap((panel) => [source(`${panel}.ts`), source(`${panel}.css`)]),
    outdir: join(outputFolder, "webview"),
    minify: true,
    format: "esm",
    platform: "browser",
    // The browser of VS Code 1.100.
    target: "chrome134",
  });
}

/** What runs in the extension host: one CommonJS file, small, because every window that wakes it reads it. */
export async function bundleExtension(root, outputFolder) {
  return bundle({
    absWorkingDir: root,
    entryPoints: { extension: join(root, "src/extension/extension.ts") },
    // Some packages' "main" loads its parts in a way that no bundler can follow.
    mainFields: ["module", "main"],
    outdir: outputFolder,
    outExtension: { ".js": ".cjs" },
    minify: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    external: ["vscode"],
    plugins: [editorApiAsItIs],
  });
}

/**
 * Of `import * as vscode`, esbuild makes a copy of all that the editor's API has, once for every file: more work than
 * all else that loading the extension takes. Its files mean the API itself.
 */
const editorApiAsItIs = {
  name: "the editor's API as it is",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source.replace(
        /^import \* as (\w+) from "vscode";$/m,
        'import $1 = require("vscode");',
      );
      return { contents, loader: "ts" };
    });
  },
};

/** Programs of the benchmark, for a machine without the sources: each in one file with all it imports. */
export async function bundleBenchPrograms(root, programs, outputFolder) {
  return bundle({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(programs.map((name) => [name, join(root, "bench", `${name}.ts`)])),
    outdir: outputFolder,
    format: "esm",
    platform: "node",
    target: "node24",
    // The first is native code; what needs the others, decoding pictures and TensorFlow, the benchmark does not do.
    external: ["webgpu", "sharp"],
    banner: { js: requireForBundle },
  });
}

async function bundle(options) {
  const { metafile } = await build({
    ...options,
    bundle: true,
    metafile: true,
    // scripts/package.mjs collects the licences.
    legalComments: "none",
    logLevel: "warning",
  });
  const folders = Object.keys(metafile.inputs).map((path) => packageFolder.exec(path)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

/** "node_modules/@scope/name" of a path below it, nested ones too. */
const packageFolder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
