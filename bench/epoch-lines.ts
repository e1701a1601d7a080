/**
 * The lines of the table that compare epochs of the VAE. All that are asked for share one race, in which our engine
 * runs once a round for all of them.
 */
import { ourContestant, pytorchContestants, seedScriptContestant, tfjsContestants } from "./contestants.ts";
import type { BenchContext, Measurement, Outcome, Row } from "./measurement.ts";
import type { PythonWithTorch } from "./pythons.ts";
import type { Contestant, RaceResult, Times } from "./race.ts";

export interface EpochLine extends Measurement {
  /** Beside our engine on all cores, which always takes part. */
  contestants(context: BenchContext, pythons: readonly PythonWithTorch[]): readonly Contestant[];
  rows(ours: Times, peers: readonly Times[], context: BenchContext): readonly Row[];
}

export const epochLines: readonly EpochLine[] = [
  {
    name: "vae",
    title: "our VAE epoch, all cores; target 1.5 s on the 2-core reference machine",
    contestants: () => [],
    rows: (ours) => [
      {
        line: "VAE epoch",
        ours: seconds(ours),
        peer: "",
        ratio: "",
        target: "1.5 s (2-core reference machine)",
        reached: ours.median <= 1.5,
      },
    ],
  },
  {
    name: "threads",
    title: "our VAE epoch on one thread and on all cores",
    contestants: (context) => [ourContestant(context, { threads: 1 })],
    rows: (ours, [single], { threads }) =>
      single === undefined ? [] : [compare(`${threads} threads against 1`, ours, single, null)],
  },
  {
    name: "tfjs-wasm",
    title: "the same on TensorFlow.js's wasm backend; target 40×",
    contestants: tfjsContestants,
    rows: (ours, peers) => fastest(peers).map((peer) => compare("tfjs wasm backend", ours, peer, 40)),
  },
  {
    name: "pytorch",
    title: "the same on PyTorch, data in a tensor, best variant; targets: faster than 2.x, 6× Debian's 1.13",
    contestants: (context, pythons) => pythons.flatMap((python) => pytorchContestants(context, python)),
    rows: (ours, peers) =>
      versionsOf(peers).flatMap((version) => {
        const best = fastest(peers.filter((peer) => versionOf(peer) === version));
        return best.map((peer) =>
          compare(`PyTorch ${version}, best variant`, ours, peer, version.startsWith("1.") ? 6 : 1),
        );
      }),
  },
  {
    name: "seed-script",
    title: "the exercise's script as written, with its DataLoader; target 10×",
    contestants: (context, pythons) =>
      pythons
        .filter(({ torchvision }) => torchvision !== null)
        .map((python) => seedScriptContestant(context, python)),
    rows: (ours, peers) =>
      peers.map((peer) => compare(`seed script, PyTorch ${versionOf(peer)}`, ours, peer, 10)),
  },
];

/** What the race says about the lines asked for. */
export function judge(
  lines: readonly EpochLine[],
  result: RaceResult,
  context: BenchContext,
  pythons: readonly PythonWithTorch[],
): Outcome {
  const ours = result.times.find(({ name }) => name === ourContestant(context).name);
  if (ours === undefined) throw new Error("our own engine did not finish the race");
  const rows = lines.flatMap((line) => {
    const names = line.contestants(context, pythons).map(({ name }) => name);
    return line.rows(
      ours,
      result.times.filter(({ name }) => names.includes(name)),
      context,
    );
  });
  return { rows, notes: notesOn(lines, result, pythons), raw: result };
}

function notesOn(
  lines: readonly EpochLine[],
  { times, missing }: RaceResult,
  pythons: readonly PythonWithTorch[],
): string[] {
  const names = lines.map(({ name }) => name);
  const asked = (name: string): boolean => names.includes(name);
  const noTorch = pythons.length === 0 && (asked("pytorch") || asked("seed-script"));
  const noVision = asked("seed-script") && pythons.every(({ torchvision }) => torchvision === null);
  return [
    ...(noTorch ? ["No Python here has PyTorch (python3 -c 'import torch'): it was not measured."] : []),
    ...(!noTorch && noVision ? ["No Python here has torchvision: the seed script was not measured."] : []),
    ...times.map(({ name, description }) => `${name}: ${description}.`),
    ...missing.map(({ name, reason }) => `${name} took no part: ${reason}`),
    ...times.flatMap(({ name, seconds, ended }) =>
      ended === null ? [] : [`${name} took ${seconds.length} turns, and then no more: ${ended}`],
    ),
    ...times.flatMap(({ name, stepsPerTurn }) =>
      stepsPerTurn === null
        ? []
        : [`${name} took ${stepsPerTurn} steps a turn; its times are scaled to a whole epoch.`],
    ),
  ];
}

/** `target` times as fast as the peer; null: no target. */
function compare(line: string, ours: Times, peer: Times, target: number | null): Row {
  const ratio = peer.median / ours.median;
  const goal = target === 1 ? "faster" : `${target}×`;
  return {
    line,
    ours: seconds(ours),
    peer: `${seconds(peer)} (${peer.name})`,
    ratio: `${ratio.toFixed(2)}×`,
    target: target === null ? "" : goal,
    reached: target === null ? null : target === 1 ? ratio > 1 : ratio >= target,
  };
}

function seconds({ median }: Times): string {
  return `${median.toFixed(median < 10 ? 3 : 1)} s`;
}

/** None of none, else the one with the least median. */
function fastest(times: readonly Times[]): readonly Times[] {
  return times.toSorted((a, b) => a.median - b.median).slice(0, 1);
}

/** Names are "<peer> <version of PyTorch> …"; see contestants.ts. */
function versionOf({ name }: Times): string {
  return name.split(" ")[1] ?? "";
}

function versionsOf(times: readonly Times[]): readonly string[] {
  return [...new Set(times.map(versionOf))];
}
