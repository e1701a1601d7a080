/**
 * Which engine runs an experiment: the one the user named and never another in its place; or, for "auto", the GPU
 * where there is one and it beats the processor at this very experiment.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Failure, lineOf } from "../../contract/failure.ts";
import { cacheFolder } from "../data/cache-folder.ts";
import { DriverTrials } from "./driver-trials.ts";
import type { Device, Engine, EngineOptions, Unavailable } from "./engine.ts";
import { type ChosenEngine, type Racer, race, type Training } from "./race.ts";
import { RaceMemory } from "./race-memory.ts";
import { measureSpeed, wakingSeconds } from "./speed.ts";

interface Entry {
  readonly name: string;
  /** Engines are large; only the one that runs is loaded. */
  readonly load: () => Promise<Engine>;
  /** Where it stands on a driver, asked in this process. */
  readonly driver?: () => DriverTrials;
  /** Bytes of its memory, where the engine does not know but the system tells: too slow for every start. */
  readonly memory?: (device: Device) => Promise<number | null>;
}

const cpu: Entry = {
  name: "cpu",
  load: async () => (await import("./cpu/cpu-engine.ts")).createCpuEngine(),
};
const webgpu = {
  name: "webgpu",
  load: async () => (await import("./webgpu/webgpu-engine.ts")).createWebgpuEngine(),
  driver: () => new DriverTrials(join(cacheFolder(process.env), "webgpu-trials")),
  memory: async ({ description }) => (await import("./webgpu/gpu-memory.ts")).gpuMemory(description),
} as const satisfies Entry;

/** Never taken by "auto": only who names it waits for it to be tried out. */
const tensorflow: Entry = {
  name: "tensorflow",
  load: async () => (await import("./tensorflow/tensorflow-engine.ts")).createTensorflowEngine(),
};

const entries: readonly Entry[] = [webgpu, cpu, tensorflow];

export const engineNames: readonly string[] = entries.map(({ name }) => name);

export interface EngineReport {
  readonly name: string;
  readonly device: Device | Unavailable;
  /** Images a second on the probe; null where it could not be measured. */
  readonly imagesPerSecond: number | null;
}

/**
 * `name`: "auto" or an engine's. For "auto" a training is raced for a moment, GPU against processor, and both must come
 * to the same loss; unless such a race had a clear winner lately. Throws a Failure: engine-unavailable, or usage for
 * threads the machine lacks.
 */
export async function chooseForTraining(
  name: string,
  options: EngineOptions,
  training: Promise<Training>,
): Promise<ChosenEngine> {
  // What is to be trained is still being loaded while the engines are looked at.
  if (name !== "auto") return (await Promise.all([chooseNamed(name, options, training), training]))[0];
  const probed = Promise.all([loaded(cpu, options), loadedUnlessDeadly(webgpu, options)]);
  const [[processor, gpu], trained] = await Promise.all([probed, training]);
  if (!gpu.device.available) return { ...required([processor, gpu]), reason: `webgpu: ${gpu.device.reason}` };
  if (!processor.device.available) return { ...required([gpu]), reason: `cpu: ${processor.device.reason}` };
  // What is raced is a part of the dataset; all of it must find room.
  const lack = await roomFor(gpu.engine, trained);
  const chosen =
    lack === null
      ? await race(
          {
            engine: processor.engine,
            device: processor.device,
            measure: measurer(cpu, processor, options, trained),
          },
          { engine: gpu.engine, device: gpu.device, measure: measurer(webgpu, gpu, options, trained) },
          options,
          trained,
        )
      : { ...required([processor]), reason: `webgpu: ${lack.message}` };
  if (chosen.engine !== gpu.engine) await released(webgpu, gpu.engine);
  await webgpu.driver().answered();
  return chosen;
}

/** A training has come to its end on the engine of this name: what its driver did before counts no more. */
export async function rememberTraining(name: string): Promise<void> {
  await entries
    .find((entry) => entry.name === name)
    ?.driver?.()
    .passed();
}

/** What ended a training: a driver that fell silent then is one that "auto" should know. */
export async function rememberSilence(error: unknown): Promise<void> {
  await webgpu.driver().remember(error);
}

/** For work of a moment, such as encoding an image: "auto" is the processor, which is ready at once. */
export async function chooseForUse(name: string, options: EngineOptions): Promise<ChosenEngine> {
  return chooseNamed(name === "auto" ? cpu.name : name, options);
}

/**
 * To be asked before anything that takes time. Throws a Failure (usage) for an engine that there is
 * not, and for threads the machine lacks.
 */
export function requireChoice(name: string, { threads }: EngineOptions): void {
  checkThreads(threads);
  if (name === "auto" || engineNames.includes(name)) return;
  throw new Failure(
    "usage",
    `there is no engine "${name}"`,
    `Engines: auto, ${engineNames.join(", ")}. What runs here: latent-lab engines`,
  );
}

/**
 * How every engine fares on this machine: one after another, for each measures itself, training `probe`. Who asks doubts
 * what was found before: races are run anew afterwards.
 */
export async function surveyEngines(
  options: EngineOptions,
  probe: Training,
  onEngine: (name: string) => void,
): Promise<readonly EngineReport[]> {
  await new RaceMemory().forget();
  const reports: EngineReport[] = [];
  for (const entry of entries) {
    onEngine(entry.name);
    const candidate = await loadedUnlessDeadly(entry, options);
    const { engine, device } = candidate;
    if (!device.available) {
      reports.push({ name: entry.name, device, imagesPerSecond: null });
      continue;
    }
    const speed = await measurer(entry, candidate, options, probe)(wakingSeconds);
    // The next one finds the GPU free.
    await released(entry, engine);
    // It answered, however it fared, or counts as one that did not.
    await entry.driver?.().answered();
    if (speed instanceof Failure) {
      reports.push({ name: entry.name, device: unavailable(speed), imagesPerSecond: null });
      continue;
    }
    const memory = device.memory ?? (await entry.memory?.(device)) ?? null;
    reports.push({
      name: entry.name,
      device: { ...device, memory },
      imagesPerSecond: speed.imagesPerSecond,
    });
  }
  return reports;
}

async function chooseNamed(
  name: string,
  options: EngineOptions,
  training?: Promise<Training>,
): Promise<ChosenEngine> {
  requireChoice(name, options);
  const candidates = await Promise.all(
    entries
      .filter((entry) => entry.name === name)
      .map(async (entry) => {
        const candidate = await loaded(entry, options, training);
        // The user has seen to it: "auto" may try it again.
        await entry.driver?.().passed();
        return candidate;
      }),
  );
  return { ...required(candidates), reason: null };
}

interface Candidate {
  readonly name: string;
  readonly engine: Engine;
  readonly device: Device | Unavailable;
}

/** `training`, where it is known that the engine will be taken for it: it prepares for that while it is tried out. */
async function loaded(
  entry: Entry,
  options: EngineOptions,
  training?: Promise<Training>,
): Promise<Candidate> {
  const engine = await entry.load();
  const found = await failureOf(() =>
    tried(entry, () => {
      training?.then(
        ({ network, dataset }) => engine.anticipate?.(network, dataset, options),
        () => {},
      );
      return engine.probe(options);
    }),
  );
  const device = found instanceof Failure ? unavailable(found) : found;
  return { name: entry.name, engine, device };
}

function unavailable({ message, hint }: Failure): Unavailable {
  return { available: false, reason: message, hint };
}

/** What nobody named must not end the process again and again. */
async function loadedUnlessDeadly(entry: Entry, options: EngineOptions): Promise<Candidate> {
  if (!(await entry.driver?.().endInDeath())) return loaded(entry, options);
  const device = {
    available: false,
    reason: "its driver ended Latent Lab's process, or never answered it, the last two times it was asked",
    hint: `Update the driver; latent-lab train --engine ${entry.name} tries it again.`,
  } as const;
  return { name: entry.name, engine: await entry.load(), device };
}

async function tried<Result>({ driver }: Entry, ask: () => Promise<Result>): Promise<Result> {
  return driver === undefined ? ask() : driver().run(ask);
}

/** The first that is available. */
function required(candidates: readonly Candidate[]): { readonly engine: Engine; readonly device: Device } {
  for (const { engine, device } of candidates) if (device.available) return { engine, device };
  const reasons = candidates.map(({ name, device }) =>
    device.available ? name : `the ${name} engine cannot run here: ${device.reason}`,
  );
  const [first] = candidates;
  const hint = first === undefined || first.device.available ? "" : first.device.hint;
  throw new Failure("engine-unavailable", reasons.join("; "), hint);
}

/** Why there is none, or null. */
async function roomFor(engine: Engine, { network, dataset }: Training): Promise<Failure | null> {
  const found = await failureOf(() => tried(webgpu, async () => engine.requireRoom?.(network, dataset)));
  return found instanceof Failure ? found : null;
}

function measurer(
  entry: Entry,
  { engine }: Candidate,
  options: EngineOptions,
  { network, dataset }: Training,
): Racer["measure"] {
  return (asleep) =>
    failureOf(() => tried(entry, () => measureSpeed(engine, network, dataset, options, asleep)));
}

/** Nothing that an engine throws while it is tried out is the end of the choice. */
async function failureOf<Result>(act: () => Promise<Result>): Promise<Result | Failure> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Failure) return error;
    const hint = "Update the driver where it stands on one, or choose another engine.";
    return new Failure("engine-unavailable", lineOf(error), hint, { cause: error });
  }
}

async function released(entry: Entry, engine: Engine): Promise<void> {
  await failureOf(() => tried(entry, async () => engine.release?.()));
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
