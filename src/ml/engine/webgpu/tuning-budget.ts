/**
 * How long finding the fastest tiles may take for a training: about a twentieth of its time, and no more than some
 * seconds. On an H200 tiles by rule are as fast for the MNIST models; and what there is no time for, the next long
 * training goes on with.
 */
import type { GpuDevice } from "./gpu-device.ts";
import type { Machine } from "./machine.ts";
import { longSeconds, roughSecondsPerStep, secondsPerStepAwake } from "./timing.ts";

const part = 0.05;
const mostSeconds = 5;
/** Compiling the first few tiles of one product, and waking the GPU for them, takes about so long. */
const leastSeconds = 1;
/** To try two of them, as is done here, is then a hundredth of the training. */
const fewestSteps = 200;

/**
 * Seconds; 0 where it would not be worth it. `steps`: of the training, on `machine`, whose layers hold anything
 * afterwards. Throws a Failure (engine-failed).
 */
export async function tuningBudget(
  device: GpuDevice,
  machine: Machine,
  batch: number,
  steps: number,
): Promise<number> {
  if (steps < fewestSteps) return 0;
  const began = performance.now();
  const budgetFor = (secondsPerStep: number) => Math.min(part * steps * secondsPerStep, mostSeconds);
  const rough = await roughSecondsPerStep(device, machine, batch);
  let budget = budgetFor(rough);
  // A GPU whose steps take long is awake by then.
  if (budget >= leastSeconds && rough < longSeconds)
    budget = budgetFor(await secondsPerStepAwake(device, machine, batch));
  if (budget < leastSeconds) return 0;
  return Math.max(0, budget - (performance.now() - began) / 1000);
}
