/**
 * Threads for TensorFlow.js's wasm backend in Node. The package (4.22) switches them off there: its Emscripten code
 * hands its workers over as blob URLs, which Node's Worker does not take. Here the same worker code comes from a file
 * instead. Nothing else of the package is changed, and nothing of its arithmetic.
 */
import { writeFileSync } from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import os from "node:os";
import { dirname, join } from "node:path";
import * as wasm from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";

const require = createRequire(import.meta.url);

export const tfjsWasmFolder = join(
  dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")),
  "wasm-out/",
);

/**
 * Starts the backend with `threads` threads; `folder` takes the worker's file. Returns how many it really has.
 * Throws what the backend throws.
 */
export async function startThreadedBackend(threads: number, folder: string): Promise<number> {
  const worker = join(folder, "tfjs-worker.cjs");
  writeFileSync(worker, workerSource());
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", true);
  wasm.setThreadsCount(threads);
  const restore = [replaceBlobUrls(worker), pretendCores(2 * threads)];
  try {
    await tf.setBackend("wasm");
  } finally {
    for (const undo of restore) undo();
  }
  return wasm.getThreadsCount();
}

/** The package's own worker, which then finds the module it needs in a file. */
function workerSource(): string {
  const name = "tfjs-backend-wasm-threaded-simd";
  const { wasmWorkerContents }: { wasmWorkerContents: string } = require(
    join(tfjsWasmFolder, `${name}.worker.js`),
  );
  const module = JSON.stringify(join(tfjsWasmFolder, `${name}.js`));
  // As the package does it: the line breaks inside its strings were unescaped by being in a template literal.
  const source = wasmWorkerContents.replace(/\n/g, "\\n");
  return `${source}\nglobal.importScripts = () => { global.WasmBackendModuleThreadedSimd = require(${module}); };\n`;
}

function replaceBlobUrls(path: string): () => void {
  const original = URL.createObjectURL;
  URL.createObjectURL = () => path;
  return () => {
    URL.createObjectURL = original;
  };
}

/** The backend uses no more threads than half the cores that os.cpus() names. */
function pretendCores(count: number): () => void {
  const original = os.cpus;
  const [core] = original();
  os.cpus = () => (core === undefined ? [] : Array.from({ length: count }, () => core));
  syncBuiltinESMExports();
  return () => {
    os.cpus = original;
    syncBuiltinESMExports();
  };
}
