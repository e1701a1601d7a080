/** How long a step of a machine's training takes, found out by taking some. */
import { wakingSeconds } from "../speed.ts";
import type { GpuDevice } from "./gpu-device.ts";
import type { Machine } from "./machine.ts";

const rounds = 4;
/** Of one round: far above what a submission costs. */
const leastSeconds = 0.003;
/** What takes so long takes it every time. */
export const longSeconds = 0.1;

/** `steps` steps of training, the first of them on the first images; beyond it, images and numbers are as they come. */
export function takeSteps(machine: Machine, batch: number, steps: number): Promise<void> {
  const range = { split: null, ordered: false, count: batch, batch, firstStep: 0, globalStep: 0 };
  return machine.run("train", steps, range);
}

/** The best of a few rounds. */
export async function secondsPerStep(device: GpuDevice, machine: Machine, batch: number): Promise<number> {
  const { steps, seconds } = await firstRound(device, machine, batch);
  let best = seconds;
  for (let round = 1; round < rounds && best < longSeconds; round++)
    best = Math.min(best, await timed(device, machine, batch, steps));
  return best / steps;
}

/** The same, after as long as a GPU may take to wake up. */
export async function secondsPerStepAwake(
  device: GpuDevice,
  machine: Machine,
  batch: number,
): Promise<number> {
  const end = performance.now() + wakingSeconds * 1000;
  while (performance.now() < end) await secondsPerStep(device, machine, batch);
  return secondsPerStep(device, machine, batch);
}

/** At once, and not exactly: of a GPU that is not awake, it may be some times as long. */
export async function roughSecondsPerStep(
  device: GpuDevice,
  machine: Machine,
  batch: number,
): Promise<number> {
  // With this one goes all that was written to the machine before.
  await timed(device, machine, batch, 1);
  const { steps, seconds } = await firstRound(device, machine, batch);
  return seconds / steps;
}

/** As many steps as take long enough to be timed. */
async function firstRound(
  device: GpuDevice,
  machine: Machine,
  batch: number,
): Promise<{ readonly steps: number; readonly seconds: number }> {
  for (let steps = 1; ; steps = Math.min(4 * steps, machine.stepsPerCall)) {
    const seconds = await timed(device, machine, batch, steps);
    if (seconds >= leastSeconds || steps === machine.stepsPerCall) return { steps, seconds };
  }
}

async function timed(device: GpuDevice, machine: Machine, batch: number, steps: number): Promise<number> {
  const began = performance.now();
  await takeSteps(machine, batch, steps);
  await device.finish();
  return (performance.now() - began) / 1000;
}
