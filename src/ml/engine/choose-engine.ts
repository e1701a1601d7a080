/**
 * Which engine runs an experiment: the one the user named and never another in its place; or, for "auto", the GPU
 * where there is one and it beats the processor at this very experiment.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Failure, lineOf } from "../../contract/failure.ts";
import { cacheFolder } from "../data/cache-folder.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Network } from "../model/network.ts";
import { DriverTrials } from "./driver-trials.ts";
import type { Device, Engine, EngineOptions, Unavailable } from "./engine.ts";
import { RaceMemory, type RaceSpeeds } from "./race-memory.ts";
import { measureSpeed, type Speed, wakingSeconds } from "./speed.ts";

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

export interface ChosenEngine {
  readonly engine: Engine;
  readonly device: Device;
  /** One line: why "auto" took it and not the other; null where the user named it. */
  readonly reason: string | null;
}

/** What is to be trained. */
export interface Training {
  readonly network: Network;
  readonly dataset: Dataset;
}

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
  const chosen = await race(
    { engine: processor.engine, device: processor.device },
    { engine: gpu.engine, device: gpu.device },
    options,
    trained,
  );
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
    const { engine, device } = await loadedUnlessDeadly(entry, options);
    if (!device.available) {
      reports.push({ name: entry.name, device, imagesPerSecond: null });
      continue;
    }
    const speed = await measured(entry, engine, options, probe, wakingSeconds);
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

interface Racer {
  readonly engine: Engine;
  readonly device: Device;
}

/** The losses of one step agree to rounding, or one of the two is wrong: then it must be the GPU's driver. */
const agreement = 1e-3;

async function race(
  processor: Racer,
  gpu: Racer,
  options: EngineOptions,
  training: Training,
): Promise<ChosenEngine> {
  // What is raced is a part of the dataset; all of it must find room.
  const lack = await roomFor(gpu.engine, training);
  if (lack !== null) return { ...processor, reason: `webgpu: ${lack.message}` };
  const memory = new RaceMemory();
  const rivals = { ...training, processor: processor.device, gpu: gpu.device };
  const before = await memory.recall(rivals);
  if (before !== null && "failed" in before)
    return {
      ...processor,
      reason: `webgpu: ${before.failed}, when it was tried before; latent-lab engines has it tried again`,
    };
  if (before !== null) {
    const known = winner(processor, gpu, before, ", as measured before");
    known.engine.anticipate?.(training.network, training.dataset, options);
    return known;
  }
  // The processor first: what a GPU's driver compiles on the side would slow it down.
  const slow = await measured(cpu, processor.engine, options, training);
  const first = await measured(webgpu, gpu.engine, options, training);
  const fast = mayHaveSlept(first, slow)
    ? await measured(webgpu, gpu.engine, options, training, wakingSeconds)
    : first;
  if (fast instanceof Failure) {
    if (fast.code === "engine-failed") await memory.remember(rivals, { failed: fast.message });
    return { ...processor, reason: `webgpu: ${fast.message}` };
  }
  if (slow instanceof Failure) return { ...gpu, reason: `cpu: ${slow.message}` };
  const difference = Math.abs(fast.firstLoss - slow.firstLoss);
  if (!(difference <= agreement * Math.abs(slow.firstLoss)))
    return {
      ...processor,
      reason: `webgpu: computes wrongly here (a loss of ${fast.firstLoss} where the processor finds ${slow.firstLoss}); update the driver of ${gpu.device.description}`,
    };
  const speeds = { gpu: fast.imagesPerSecond, processor: slow.imagesPerSecond };
  await memory.remember(rivals, speeds);
  return winner(processor, gpu, speeds);
}

/** So many times slower a GPU may be that has waited for the processor's turn to end. */
const slowedDown = 6;

/** Whether it has lost, and would not if it had only been slow to wake. */
function mayHaveSlept(gpu: Speed | Failure, processor: Speed | Failure): boolean {
  if (gpu instanceof Failure || processor instanceof Failure) return false;
  const lead = processor.imagesPerSecond / gpu.imagesPerSecond;
  return lead > 1 && lead < slowedDown;
}

function winner(processor: Racer, gpu: Racer, speeds: RaceSpeeds, when = ""): ChosenEngine {
  const said = (first: number, second: number) =>
    `${inWords(first)} against ${inWords(second)} images a second${when}`;
  return speeds.gpu > speeds.processor
    ? { ...gpu, reason: `faster here than the processor: ${said(speeds.gpu, speeds.processor)}` }
    : {
        ...processor,
        reason: `faster at this model than ${gpu.device.description}: ${said(speeds.processor, speeds.gpu)}`,
      };
}

/** Why there is none, or null. */
async function roomFor(engine: Engine, { network, dataset }: Training): Promise<Failure | null> {
  const found = await failureOf(() => tried(webgpu, async () => engine.requireRoom?.(network, dataset)));
  return found instanceof Failure ? found : null;
}

function measured(
  entry: Entry,
  engine: Engine,
  options: EngineOptions,
  { network, dataset }: Training,
  asleep = 0,
): Promise<Speed | Failure> {
  return failureOf(() => tried(entry, () => measureSpeed(engine, network, dataset, options, asleep)));
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

/** Three digits: a race says no more. */
function inWords(imagesPerSecond: number): string {
  return Number(imagesPerSecond.toPrecision(3)).toLocaleString("en");
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
