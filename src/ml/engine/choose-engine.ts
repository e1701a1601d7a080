/**
 * Which engine runs an experiment: the fastest that proves itself on this machine, or the one the user named, and
 * never another one in its place.
 */
import { availableParallelism } from "node:os";
import { Failure } from "../../contract/failure.ts";
import type { Device, Engine, EngineOptions, Unavailable } from "./engine.ts";

interface Entry {
  readonly name: string;
  /** Engines are large; only the one that runs is loaded. */
  readonly load: () => Promise<Engine>;
  /** Never taken by `auto`: only who names it waits for it to be tried out. */
  readonly onlyByName?: true;
}

/** Fastest first: the order in which `auto` tries them. */
const entries: readonly Entry[] = [
  { name: "cpu", load: async () => (await import("./cpu/cpu-engine.ts")).createCpuEngine() },
  {
    name: "tensorflow",
    load: async () => (await import("./tensorflow/tensorflow-engine.ts")).createTensorflowEngine(),
    onlyByName: true,
  },
];

export const engineNames: readonly string[] = entries.map(({ name }) => name);

export interface ChosenEngine {
  readonly engine: Engine;
  readonly device: Device;
}

export interface EngineReport {
  readonly name: string;
  readonly device: Device | Unavailable;
}

/** `name`: "auto" or an engine's. Throws a Failure: engine-unavailable, or usage for threads the machine lacks. */
export async function chooseEngine(name: string, options: EngineOptions): Promise<ChosenEngine> {
  checkThreads(options.threads);
  const candidates =
    name === "auto"
      ? entries.filter(({ onlyByName }) => !onlyByName)
      : entries.filter((entry) => entry.name === name);
  if (candidates.length === 0) {
    throw new Failure(
      "engine-unavailable",
      `there is no engine "${name}"`,
      `Engines: auto, ${engineNames.join(", ")}. What runs here: latent-lab engines`,
    );
  }
  const unavailable: EngineReport[] = [];
  for (const candidate of candidates) {
    const engine = await candidate.load();
    const device = await engine.probe(options);
    if (device.available) return { engine, device };
    unavailable.push({ name: candidate.name, device });
  }
  throw noneAvailable(unavailable);
}

/** How every engine fares on this machine. */
export async function surveyEngines(options: EngineOptions): Promise<readonly EngineReport[]> {
  const reports: EngineReport[] = [];
  // One after another: each measures itself.
  for (const { name, load } of entries) {
    const engine = await load();
    reports.push({ name, device: await engine.probe(options) });
  }
  return reports;
}

/** More threads than processors would wait for each other in turns and be many times slower. */
function checkThreads(threads: number): void {
  const processors = availableParallelism();
  if (threads <= processors) return;
  throw new Failure(
    "usage",
    `${threads} threads are more than this machine's ${processors} processors`,
    `Use --threads ${processors} or fewer, or leave it out.`,
  );
}

function noneAvailable(reports: readonly EngineReport[]): Failure {
  const reasons = reports.map(({ name, device }) => (device.available ? name : `${name}: ${device.reason}`));
  const [first] = reports;
  const hint = first === undefined || first.device.available ? "" : first.device.hint;
  return new Failure("engine-unavailable", `no engine can run here (${reasons.join("; ")})`, hint);
}
