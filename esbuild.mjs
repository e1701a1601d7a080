// What is bundled, and how: one function per product of the build. Called by scripts/build.mjs.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

/** Bundled CommonJS packages call `require` for Node's own modules; an ES module has none unless it makes one. */
const requireForBundle =
  'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);';

/**
 * The command line and the engine's worker, as ES modules that load what a command needs only when it needs it.
 * `root` is the repository, `outputFolder` where the files go.
 */
export async function bundleCommandLine(root, outputFolder) {
  const worker = join(root, "src/ml/engine/cpu/worker.ts");
  await build({
    absWorkingDir: root,
    entryPoints: {
      "latent-lab": join(root, "src/ml/cli.ts"),
      ...(existsSync(worker) ? { "cpu-worker": worker } : {}),
    },
    outdir: outputFolder,
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.18",
    // Native code cannot be bundled.
    external: ["sharp"],
    banner: { js: requireForBundle },
    legalComments: "none",
    logLevel: "warning",
  });
}

/** What runs inside the panels: a script and a style sheet each, without any file beside them. */
export async function bundlePanels(root, outputFolder) {
  const panels = ["dashboard", "encode"];
  const source = (file) => join(root, "webview-ui", file);
  await build({
    absWorkingDir: root,
    entryPoints: panels.flatMap((panel) => [source(`${panel}.ts`), source(`${panel}.css`)]),
    outdir: join(outputFolder, "webview"),
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    // The browser of VS Code 1.100.
    target: "chrome134",
    legalComments: "none",
    logLevel: "warning",
  });
}

/** What runs in the extension host: one CommonJS file, small, because every window that wakes it reads it. */
export async function bundleExtension(root, outputFolder) {
  await build({
    absWorkingDir: root,
    entryPoints: { extension: join(root, "src/extension/extension.ts") },
    // Some packages' "main" loads its parts in a way that no bundler can follow.
    mainFields: ["module", "main"],
    outdir: outputFolder,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    minify: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    external: ["vscode"],
    legalComments: "none",
    logLevel: "warning",
  });
}
