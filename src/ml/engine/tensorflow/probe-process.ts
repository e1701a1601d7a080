/**
 * The probe's process: loads the package in the folder it is given, lets it compute something small, and prints what
 * came of it. It may hang or die of what it loads, which is why it is a process of its own (see probe-package.ts).
 */
import { loadTensorflow, type Tensorflow, usesGpu } from "./library.ts";
import type { ProbeReport } from "./probe-report.ts";

/** Of x = [[1, 2], [3, 4]] and w = [[1, −3], [½, 1]]: Σ relu(x·w), and its gradient by w. */
const expected = [7, 4, 0, 6, 0];

const [, , folder = ""] = process.argv;
const line = JSON.stringify(await probe());
// Not left to happen by itself: TensorFlow's threads, or a package's timers, could keep the process alive.
process.stdout.write(`\n${line}\n`, () => process.exit(0));

async function probe(): Promise<ProbeReport> {
  let tf: Tensorflow;
  try {
    tf = await loadTensorflow(folder);
  } catch (error) {
    return { outcome: "unloadable", message: messageOf(error) };
  }
  try {
    const found = await productAndGradient(tf);
    if (found.join() === expected.join())
      return { outcome: "right", backend: tf.getBackend(), gpu: usesGpu(tf) };
    return { outcome: "wrong", message: `${found.join(" ")} where ${expected.join(" ")} is right` };
  } catch (error) {
    return { outcome: "wrong", message: messageOf(error) };
  }
}

async function productAndGradient(tf: Tensorflow): Promise<number[]> {
  const w = tf.variable(tf.tensor2d([1, -3, 0.5, 1], [2, 2]));
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const { value, grads } = tf.variableGrads(() => tf.sum(tf.relu(tf.matMul(x, w))), [w]);
  const gradient = grads[w.name];
  return [...(await value.data()), ...((await gradient?.data()) ?? [])];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
