/**
 * Measures the benchmark's parts one after the other, each within its share of the time. A part that fails, or no
 * longer fits, is a note; the others are measured none the less.
 */
import { defaultThreads } from "../../src/ml/engine/cpu/kernels.ts";
import type { BenchData } from "../bench-data.ts";
import type { PythonWithTorch } from "../pythons.ts";
import { type Contestant, race } from "../race.ts";
import { cpuContestant, curveContestant, gpuContestant, pytorchContestants } from "./contestants.ts";
import type { Findings } from "./findings.ts";
import { measureLaunches } from "./launches.ts";
import { acceptanceBand } from "./lines.ts";
import { type PartName, parts, secondsFor } from "./schedule.ts";
import { TimeLimit } from "./time-limit.ts";

export interface PartsOptions {
  /** Null: without PyTorch. */
  readonly python: PythonWithTorch | null;
  readonly device: "cuda" | "cpu";
  readonly rounds: number;
  /** Whether our GPU is one in software, on which little is waited for. */
  readonly software: boolean;
  readonly time: TimeLimit;
  /** Progress. */
  say(line: string): void;
  /** Told after every round and every part; `finished`: what the part that has just ended found, else null. */
  keep(soFar: Findings, finished: Findings | null): Promise<void>;
}

/** torch.compile takes minutes at worst; an epoch a second, but for the first one after a change. */
const patience = { start: 300, epoch: 120 };
/** Of a part's time: who is ready by then still races. */
const shareForSetUp = 0.6;

const nothing: Findings = { races: {}, launches: null, leftOut: {} };

export async function measureParts(data: BenchData, options: PartsOptions): Promise<Findings> {
  const { say, time, keep } = options;
  let findings = nothing;
  for (const [index, part] of parts.entries()) {
    const contestants = contestantsOf(part.name, data, options);
    if (contestants?.length === 0) continue;
    const seconds = secondsFor(parts, index, time.left);
    if (time.signal.aborted || seconds === null) {
      const reason = time.signal.aborted ? String(time.signal.reason) : "too little time was left";
      say(`${part.name}: left out: ${reason}`);
      findings = merged(findings, { leftOut: { [part.name]: `left out: ${reason}` } });
      await keep(findings, null);
      continue;
    }
    say(`${part.name}: ${part.title}`);
    const limit = new TimeLimit(seconds, time.signal);
    const soFar = findings;
    const found = await (contestants === null
      ? runLaunches(data, limit.signal, options)
      : runRace(part.name, contestants, limit, options, (result) => keep(merged(soFar, result), null))
    ).catch((error: unknown): Partial<Findings> => {
      const reason = error instanceof Error ? error.message : String(error);
      say(`${part.name}: failed: ${reason}`);
      return { leftOut: { [part.name]: `failed: ${reason}` } };
    });
    limit.release();
    findings = merged(findings, found);
    await keep(findings, merged(nothing, found));
  }
  return findings;
}

async function runRace(
  part: PartName,
  contestants: readonly Contestant[],
  { left, signal }: TimeLimit,
  { rounds, say }: PartsOptions,
  keep: (soFar: Pick<Findings, "races">) => Promise<void>,
): Promise<Pick<Findings, "races">> {
  const result = await race(contestants, {
    rounds: part === "curve" ? acceptanceBand.length : rounds,
    say,
    patience: { ...patience, allStarts: shareForSetUp * left },
    signal,
    onRound: (soFar) => keep({ races: { [part]: soFar } }),
  });
  return { races: { [part]: result } };
}

async function runLaunches(
  data: BenchData,
  signal: AbortSignal,
  { software, say }: PartsOptions,
): Promise<Pick<Findings, "launches">> {
  const counts = software ? { withoutShaders: 1, withShaders: 1 } : { withoutShaders: 3, withShaders: 7 };
  return { launches: await measureLaunches(data, { ...counts, say, signal }) };
}

function merged(all: Findings, found: Partial<Findings>): Findings {
  return {
    races: { ...all.races, ...found.races },
    launches: found.launches ?? all.launches,
    leftOut: { ...all.leftOut, ...found.leftOut },
  };
}

/** Null: the part is no race. None: there is nobody to race against. */
function contestantsOf(
  part: PartName,
  data: BenchData,
  { python, device, software }: PartsOptions,
): readonly Contestant[] | null {
  const ours = gpuContestant(data, software);
  switch (part) {
    case "curve":
      return [curveContestant(data)];
    case "eager":
      return python === null ? [ours] : [ours, ...pytorchContestants(part, data, python, device)];
    case "cuda-graph":
    case "compiled":
      return python === null ? [] : [ours, ...pytorchContestants(part, data, python, device)];
    case "launches":
      return null;
    case "cpu":
      return [ours, cpuContestant(data, defaultThreads())];
    default:
      return part satisfies never;
  }
}
