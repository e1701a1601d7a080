/**
 * How races between the GPU and the processor ended, in the cache folder. Who trains the same model again within some hours
 * need not wait for another race, if the last one was clear: a machine may be busier or cooler by then, and a driver new.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import * as z from "zod/mini";
import { CacheFile } from "../data/cache-file.ts";
import { cacheFolder } from "../data/cache-folder.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Network } from "../model/network.ts";
import type { Device } from "./engine.ts";
import { imagesMeasured } from "./speed.ts";

/** To be counted up when engines have become faster or slower than what is remembered of them, or are measured otherwise. */
const enginesVersion = 2;
/** So many times faster a clear winner is at least: busy as one side may have been, it would have lost all the same. */
const clear = 2;
const validMilliseconds = 12 * 60 * 60 * 1000;

/** Images a second. */
const speeds = z.object({ gpu: z.number(), processor: z.number() });
export type RaceSpeeds = z.infer<typeof speeds>;
/** Why the GPU did not come to the end of it, in a line. */
const failure = z.object({ failed: z.string() });
export type RaceOutcome = RaceSpeeds | z.infer<typeof failure>;
const at = { at: z.number() };
/** By what was raced. */
const remembered = z.record(z.string(), z.union([z.extend(speeds, at), z.extend(failure, at)]));

/** Who raced, and at what. */
export interface Race {
  readonly gpu: Device;
  readonly processor: Device;
  readonly network: Network;
  readonly dataset: Dataset;
}

export class RaceMemory {
  readonly #file: CacheFile<z.infer<typeof remembered>>;

  constructor(path = join(cacheFolder(process.env), "engine-races.json")) {
    this.#file = new CacheFile(path, remembered);
  }

  /** How this race ended, if that still counts. */
  async recall(race: Race): Promise<RaceOutcome | null> {
    const found = (await this.#file.read())[nameOf(race)];
    return found !== undefined && isValid(found.at) ? found : null;
  }

  async forget(): Promise<void> {
    await this.#file.change(() => ({}));
  }

  /** Where it was clear; and forgets what counts no more. */
  async remember(race: Race, outcome: RaceOutcome): Promise<void> {
    if (!isClear(outcome)) return;
    await this.#file.change((all) => {
      const valid = Object.entries(all).filter(([, found]) => found !== undefined && isValid(found.at));
      return { ...Object.fromEntries(valid), [nameOf(race)]: { ...outcome, at: Date.now() } };
    });
  }
}

/** To bring a GPU to its end is a blow to all that it draws, and a second time no wiser. */
function isClear(outcome: RaceOutcome): boolean {
  if ("failed" in outcome) return true;
  const { gpu, processor } = outcome;
  return Math.max(gpu, processor) >= clear * Math.min(gpu, processor);
}

/** Neither old nor from a clock that was set back. */
function isValid(at: number): boolean {
  const age = Date.now() - at;
  return age >= 0 && age < validMilliseconds;
}

/** The seed and the optimizer's settings make nothing faster. */
function nameOf({ gpu, processor, network, dataset }: Race): string {
  const { pixels, variational, encoder, latentHeads, decoder, loss, batch } = network;
  const model = { pixels, variational, encoder, latentHeads, decoder, loss, batch };
  const images = imagesMeasured(network, dataset);
  const devices = [gpu.description, gpu.driver, processor.description];
  return createHash("sha256")
    .update(JSON.stringify([enginesVersion, devices, model, images]))
    .digest("hex");
}
