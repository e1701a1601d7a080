/**
 * TensorFlow.js as a module: loading a package's folder into this process, and what of it the engine uses. All its
 * packages (tfjs-node-gpu, tfjs-node, tfjs) share one API, so one engine serves them; none is a dependency of ours.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as tfjs from "@tensorflow/tfjs-core";

export type Tensorflow = typeof tfjs;

/** Throws what the package throws, and an Error where it is no TensorFlow.js. */
export async function loadTensorflow(folder: string): Promise<Tensorflow> {
  const require = createRequire(join(folder, "package.json"));
  giveBackOldHelpers(require("node:util"));
  // TensorFlow tells its life on stderr: in a training process, errors only.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  // From Ampere on, TensorFlow would multiply with ten-bit mantissas (TF32) of its own accord; ours is float32.
  process.env.NVIDIA_TF32_OVERRIDE ??= "0";
  const loaded: unknown = require(folder);
  if (!isTensorflow(loaded)) throw new Error(`${folder} is no TensorFlow.js`);
  // Leaves out checks for NaN and a notice that praises another backend.
  loaded.enableProdMode();
  await loaded.ready();
  return loaded;
}

/** tfjs-node 4.22 calls two functions that Node had deprecated for years, and removed in version 23. */
function giveBackOldHelpers(util: object): void {
  Object.assign(util, {
    isArray: Array.isArray,
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  });
}

/** Not everything that is used is looked for: enough to tell the library from something else. */
function isTensorflow(loaded: unknown): loaded is Tensorflow {
  if (typeof loaded !== "object" || loaded === null) return false;
  const names = ["ready", "enableProdMode", "backend", "tidy", "variableGrads", "matMul", "customGrad"];
  return names.every((name) => typeof Reflect.get(loaded, name) === "function");
}

/** Whether the backend in use computes on a GPU: only tfjs-node-gpu can say so, and only where CUDA works. */
export function usesGpu(tf: Tensorflow): boolean {
  return Reflect.get(tf.backend(), "isUsingGpuDevice") === true;
}
