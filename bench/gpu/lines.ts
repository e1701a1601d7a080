/**
 * The lines of the GPU's table, and whether each reached its target and its stretch goal. The goals are for a GPU of
 * the H200's class and the VAE 784-400-20-400-784 with batches of 128.
 */
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
  readonly goal: string;
  /** null: there is no goal, or this was a trial. */
  readonly reached: boolean | null;
}

const noGoal: Judged = { goal: "", reached: null };

/** `trial`: goals are named and not judged. */
export function ratioLine(line: string, ours: Times, peer: Times, goal: Goal, trial: boolean): GpuLine {
  const ratio = peer.median / ours.median;
  const judged = (least: number): Judged => ({ goal: `${least}×`, reached: trial ? null : ratio >= least });
  return {
    line,
    ours: duration(ours.median),
    peer: `${duration(peer.median)} (${peer.name})`,
    ratio: `${ratio.toFixed(2)}×`,
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
    reached: trial ? null : middle <= most,
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
  const inside = acceptanceBand.every(({ loss, within }, epoch) => {
    const ours = losses[epoch];
    return ours !== undefined && Math.abs(ours - loss) <= within;
  });
  return {
    line: `loss, epochs 1 to ${losses.length}`,
    ours: losses.map((loss) => loss.toFixed(2)).join(" "),
    peer: real ? acceptanceBand.map(({ loss, within }) => `${loss}±${within}`).join(" ") : "",
    ratio: "",
    target: real ? { goal: "in the band", reached: inside } : noGoal,
    stretch: noGoal,
  };
}

export const gpuTitles = ["line", "ours", "peer", "ratio", "target", "reached", "stretch", "reached"];

export function cellsOf({ line, ours, peer, ratio, target, stretch }: GpuLine): readonly string[] {
  return [line, ours, peer, ratio, ...judgement(target), ...judgement(stretch)];
}

function judgement({ goal, reached }: Judged): readonly [string, string] {
  if (reached === null) return [goal, goal === "" ? "" : "trial"];
  return [goal, reached ? "yes" : "no"];
}

/** "27.4 ms", "1.24 s". */
export function duration(seconds: number): string {
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  return seconds >= 0.001 ? `${(seconds * 1e3).toFixed(1)} ms` : `${(seconds * 1e6).toFixed(2)} µs`;
}
