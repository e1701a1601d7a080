/**
 * The lines of the GPU's table, and whether each reached its target and its stretch goal. The goals are for a GPU of
 * the H200's class and the VAE 784-400-20-400-784 with batches of 128.
 */
import { duration } from "../duration.ts";
import type { Times } from "../race.ts";
import { median } from "../statistics.ts";

export interface Goal {
  readonly target: number;
  readonly stretch: number;
}

/** How many times as fast as PyTorch. */
export const ratioGoals = {
  eager: { target: 10, stretch: 15 },
  compiled: { target: 1.5, stretch: 2.5 },
  cudaGraph: { target: 1, stretch: 1.5 },
} as const satisfies Record<string, Goal>;

/** Seconds. */
export const secondsGoals = {
  epoch: { target: 0.03, stretch: 0.02 },
  firstStep: { target: 1.5, stretch: 0.7 },
} as const satisfies Record<string, Goal>;

/**
 * Mean training loss of epochs 1 to 5 on the real MNIST: where a right implementation lies, whatever its seed.
 * From runs of the exercise's script, of PyTorch 1.13 and a published one.
 */
export const acceptanceBand = [
  { loss: 164.9, within: 1.2 },
  { loss: 121.9, within: 0.8 },
  { loss: 114.8, within: 0.8 },
  { loss: 111.8, within: 0.8 },
  { loss: 110.0, within: 0.8 },
] as const;

export interface GpuLine {
  readonly line: string;
  readonly ours: string;
  readonly peer: string;
  readonly ratio: string;
  readonly target: Judged;
  readonly stretch: Judged;
}

export interface Judged {
  /** Empty: there is none. */
  readonly goal: string;
  /** "too few": there are not enough turns for a median, or epochs for a curve. */
  readonly verdict: "yes" | "no" | "trial" | "too few" | "not measured" | "";
}

const noGoal: Judged = { goal: "", verdict: "" };

/** Medians of fewer say little. */
const turnsForMedians = 5;

function judge(reached: boolean, turns: number, trial: boolean): Judged["verdict"] {
  if (trial) return "trial";
  if (turns < turnsForMedians) return "too few";
  return reached ? "yes" : "no";
}

/** `ours` null: our own engine was not measured. `trial`: goals are named and not judged. */
export function ratioLine(
  line: string,
  ours: Times | null,
  peer: Times,
  goal: Goal,
  trial: boolean,
): GpuLine {
  const ratio = ours === null ? null : peer.median / ours.median;
  const turns = Math.min(peer.seconds.length, ours?.seconds.length ?? 0);
  const judged = (least: number): Judged => ({
    goal: `${least}×`,
    verdict: ratio === null ? "not measured" : judge(ratio >= least, turns, trial),
  });
  return {
    line,
    ours: ours === null ? "" : duration(ours.median),
    peer: `${duration(peer.median)} (${peer.name})`,
    ratio: ratio === null ? "" : `${ratio.toFixed(2)}×`,
    target: judged(goal.target),
    stretch: judged(goal.stretch),
  };
}

/** `goal` null: the line has none. */
export function secondsLine(
  line: string,
  seconds: readonly number[],
  goal: Goal | null,
  trial: boolean,
): GpuLine {
  const middle = median(seconds);
  const judged = (most: number): Judged => ({
    goal: duration(most),
    verdict: judge(middle <= most, seconds.length, trial),
  });
  return {
    line,
    ours: duration(middle),
    peer: seconds.length > 1 ? `best ${duration(Math.min(...seconds))} of ${seconds.length}` : "",
    ratio: "",
    target: goal === null ? noGoal : judged(goal.target),
    stretch: goal === null ? noGoal : judged(goal.stretch),
  };
}

/** `real`: these are losses of the whole, original MNIST, which alone has a band. */
export function curveLine(losses: readonly number[], real: boolean): GpuLine {
  const inside = acceptanceBand.every(
    ({ loss, within }, epoch) => Math.abs((losses[epoch] ?? Number.NaN) - loss) <= within,
  );
  const verdict = losses.length < acceptanceBand.length ? "too few" : inside ? "yes" : "no";
  return {
    line: `loss, epochs 1 to ${losses.length}`,
    ours: losses.map((loss) => loss.toFixed(2)).join(" "),
    peer: real ? acceptanceBand.map(({ loss, within }) => `${loss}±${within}`).join(" ") : "",
    ratio: "",
    target: real ? { goal: "in the band", verdict } : noGoal,
    stretch: noGoal,
  };
}

export const gpuTitles = ["line", "ours", "peer", "ratio", "target", "reached", "stretch", "reached"];

export function cellsOf({ line, ours, peer, ratio, target, stretch }: GpuLine): readonly string[] {
  return [line, ours, peer, ratio, target.goal, target.verdict, stretch.goal, stretch.verdict];
}
