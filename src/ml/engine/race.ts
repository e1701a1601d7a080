/**
 * The GPU against the processor, for a moment, at the very training that one of them is to do; the GPU with the tiles
 * that are known, though others may be measured for the training itself.
 */
import { Failure } from "../../contract/failure.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Network } from "../model/network.ts";
import type { Device, Engine, EngineOptions } from "./engine.ts";
import { RaceMemory, type RaceSpeeds } from "./race-memory.ts";
import { type Speed, wakingSeconds } from "./speed.ts";

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

export interface Racer {
  readonly engine: Engine;
  readonly device: Device;
  /** How fast it trains, or why it does not; after so many seconds, if any, that do not count (see measureSpeed). */
  readonly measure: (asleep?: number) => Promise<Speed | Failure>;
}

/** The losses of one step agree to rounding, or one of the two is wrong: then it must be the GPU's driver. */
const agreement = 1e-3;
/** So many times slower a GPU may be that has waited for the processor's turn to end. */
const slowedDown = 6;

/** The winner of this race, or of the last one that was clear. */
export async function race(
  processor: Racer,
  gpu: Racer,
  options: EngineOptions,
  training: Training,
): Promise<ChosenEngine> {
  const memory = new RaceMemory();
  const rivals = { ...training, processor: processor.device, gpu: gpu.device };
  const before = await memory.recall(rivals);
  if (before !== null && "failed" in before)
    return taken(
      processor,
      `webgpu: ${before.failed}, when it was tried before; latent-lab engines has it tried again`,
    );
  if (before !== null) {
    const known = winner(processor, gpu, before, ", as measured before");
    known.engine.anticipate?.(training.network, training.dataset, options);
    return known;
  }
  // The processor first: what a GPU's driver compiles on the side would slow it down.
  const slow = await processor.measure();
  const first = await gpu.measure();
  const fast = mayHaveSlept(first, slow) ? await gpu.measure(wakingSeconds) : first;
  if (fast instanceof Failure) {
    if (fast.code === "engine-failed") await memory.remember(rivals, { failed: fast.message });
    return taken(processor, `webgpu: ${fast.message}`);
  }
  if (slow instanceof Failure) return taken(gpu, `cpu: ${slow.message}`);
  const difference = Math.abs(fast.firstLoss - slow.firstLoss);
  if (!(difference <= agreement * Math.abs(slow.firstLoss)))
    return taken(
      processor,
      `webgpu: computes wrongly here (a loss of ${fast.firstLoss} where the processor finds ${slow.firstLoss}); update the driver of ${gpu.device.description}`,
    );
  const speeds = { gpu: fast.imagesPerSecond, processor: slow.imagesPerSecond };
  await memory.remember(rivals, speeds);
  return winner(processor, gpu, speeds);
}

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
    ? taken(gpu, `faster here than the processor: ${said(speeds.gpu, speeds.processor)}`)
    : taken(
        processor,
        `faster at this model than ${gpu.device.description}: ${said(speeds.processor, speeds.gpu)}`,
      );
}

function taken({ engine, device }: Racer, reason: string): ChosenEngine {
  return { engine, device, reason };
}

/** Three digits: a race says no more. */
function inWords(imagesPerSecond: number): string {
  return Number(imagesPerSecond.toPrecision(3)).toLocaleString("en");
}
