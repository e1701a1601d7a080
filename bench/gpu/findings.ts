/** What the benchmark has found so far, and what a reader is told of it. Every part may be missing. */
import type { RaceResult, Times } from "../race.ts";
import { namesOfGroup, ourName, type PytorchGroup } from "./contestants.ts";
import type { Launches } from "./launches.ts";
import { curveLine, type GpuLine, ratioGoals, ratioLine, secondsGoals, secondsLine } from "./lines.ts";
import type { PartName } from "./schedule.ts";

export interface Findings {
  /** By part, the curve's among them. */
  readonly races: Partial<Record<PartName, RaceResult>>;
  readonly launches: Launches | null;
  /** Parts that were left out, or failed: why, in one line. */
  readonly leftOut: Partial<Record<PartName, string>>;
}

export interface Circumstances {
  /** Goals are named and not judged. */
  readonly trial: boolean;
  /** Whether the images are the whole of MNIST, whose losses are known. */
  readonly real: boolean;
}

const pytorchLines: readonly (readonly [PytorchGroup, string])[] = [
  ["eager", "PyTorch, eager"],
  ["cudaGraph", "PyTorch, a step as a CUDA graph"],
  ["compiled", "PyTorch, torch.compile, reduce-overhead"],
];

export function linesOf({ races, launches }: Findings, { trial, real }: Circumstances): readonly GpuLine[] {
  const { curve, ...epochs } = races;
  const results = Object.values(epochs);
  const own = results.flatMap((result) => ownTimes(result)?.seconds ?? []);
  const losses = curve?.times[0]?.losses;
  return [
    ...pytorchLines.flatMap(([group, line]) => {
      const pair = fastest(results, namesOfGroup(group));
      return pair === null ? [] : [ratioLine(line, pair.ours, pair.peer, ratioGoals[group], trial)];
    }),
    ...(own.length === 0 ? [] : [secondsLine("one epoch", own, secondsGoals.epoch, trial)]),
    ...(launches === null ? [] : launchLines(launches, trial)),
    ...(losses === undefined ? [] : [curveLine(losses, real)]),
    ...(epochs.cpu?.times ?? [])
      .filter(({ name }) => name !== ourName)
      .map(({ name, seconds }) => secondsLine(`one epoch, ${name}`, seconds, null, trial)),
  ];
}

export function notesOn({ races, launches, leftOut }: Findings): readonly string[] {
  return [
    ...Object.entries(races).flatMap(([part, result]) => notesOnRace(part, result)),
    ...(launches?.cutShort ? [`launches: cut short: ${launches.cutShort}.`] : []),
    ...Object.entries(leftOut).map(([part, reason]) => `${part}: ${reason}.`),
  ];
}

function notesOnRace(part: string, { times, missing, cutShort }: RaceResult): readonly string[] {
  return [
    ...times.map(
      ({ name, description, median, epochs, losses }) =>
        `${part}: ${name}: ${(median * 1e3).toFixed(2)} ms an epoch, ${epochs.at(-1)} measured in its last of ${epochs.length} turns, mean loss then ${losses.at(-1)?.toFixed(2)}; ${description}.`,
    ),
    ...times.flatMap(({ name, seconds, ended }) =>
      ended === null ? [] : [`${part}: ${name} took ${seconds.length} turns, and then no more: ${ended}.`],
    ),
    ...missing.map(({ name, reason }) => `${part}: ${name} took no part: ${reason}.`),
    ...(cutShort === null ? [] : [`${part}: cut short: ${cutShort}.`]),
  ];
}

function launchLines({ first, withoutShaders, withShaders }: Launches, trial: boolean): readonly GpuLine[] {
  const line = (name: string, seconds: readonly number[], goal: typeof secondsGoals.firstStep | null) =>
    seconds.length === 0 ? [] : [secondsLine(`command to first step, ${name}`, seconds, goal, trial)];
  return [
    ...line("compiled before", withShaders, secondsGoals.firstStep),
    ...line("no shaders kept", withoutShaders, null),
    ...line("the very first", first, null),
  ];
}

interface Pair {
  readonly ours: Times | null;
  readonly peer: Times;
}

/** Of the peers of these names the one that is fastest beside our own engine in the same race. */
function fastest(results: readonly RaceResult[], names: readonly string[]): Pair | null {
  const pairs = results.flatMap((result) =>
    result.times
      .filter(({ name }) => names.includes(name))
      .map((peer): Pair => ({ ours: ownTimes(result), peer })),
  );
  const beside = pairs.filter(({ ours }) => ours !== null);
  const time = ({ ours, peer }: Pair): number => peer.median / (ours?.median ?? 1);
  return (beside.length > 0 ? beside : pairs).toSorted((a, b) => time(a) - time(b))[0] ?? null;
}

function ownTimes({ times }: RaceResult): Times | null {
  return times.find(({ name }) => name === ourName) ?? null;
}
