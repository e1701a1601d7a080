/**
 * How fast an engine trains a network here, found out by training it for a moment; and what its first step's losses
 * were, which two engines must agree on.
 */
import type { Dataset } from "../data/dataset.ts";
import type { Network } from "../model/network.ts";
import type { Engine, EngineOptions } from "./engine.ts";

export interface Speed {
  readonly imagesPerSecond: number;
  /** Summed over the first step's images, in the experiment's unit. */
  readonly firstLoss: number;
}

/** Enough to tell engines apart, too little to wait for. */
const measuredSeconds = 0.15;
/**
 * Images that a measurement trains on, at most: opening a session copies them. So many that a GPU seldom comes to the end
 * of an epoch, where it waits for the host.
 */
const mostImages = 16_384;
/** A call of training lasts about so long (see ../train/step-pace.ts): shorter ones cost a GPU more. */
const secondsOfCall = 0.045;

/**
 * A GPU that had nothing to do, while kernels were compiled or others were measured, has slowed its clocks down, to a fifth
 * of their speed on large ones, and takes its time to raise them again.
 */
export const wakingSeconds = 0.25;

/**
 * `asleep`: for how many seconds it trains before that counts. Throws what opening or training throws: engine-unavailable,
 * engine-failed, out-of-memory.
 */
export async function measureSpeed(
  engine: Engine,
  network: Network,
  dataset: Dataset,
  options: EngineOptions,
  asleep = 0,
): Promise<Speed> {
  const images = firstImages(dataset, imagesMeasured(network, dataset));
  const session = await engine.open(network, images, options);
  try {
    const { reconstruction, kl } = await session.train(1);
    const firstLoss = (reconstruction[0] ?? Number.NaN) + network.loss.beta * (kl[0] ?? Number.NaN);
    let trained = 0;
    let seconds = 0;
    let awake = 0;
    for (let steps = 1; seconds < measuredSeconds; ) {
      const began = performance.now();
      const losses = await session.train(steps);
      const took = (performance.now() - began) / 1000;
      // What is still warming up counts only where it is all there is.
      if (awake > asleep || took >= Math.max(measuredSeconds, asleep)) {
        trained += losses.images;
        seconds += took;
      }
      awake += took;
      if (took < secondsOfCall) steps *= 2;
    }
    return { imagesPerSecond: trained / seconds, firstLoss };
  } finally {
    await session.close();
  }
}

/** On how many images of the dataset its speed is measured. */
export function imagesMeasured({ batch }: Network, { train }: Dataset): number {
  return Math.min(train.count, Math.max(mostImages, batch));
}

function firstImages(dataset: Dataset, count: number): Dataset {
  const { train } = dataset;
  const pixels = train.pixels.subarray(0, count * dataset.width * dataset.height);
  return {
    ...dataset,
    train: { ...train, count, pixels },
    test: { ...train, count: 1, pixels: pixels.subarray(0, dataset.width * dataset.height) },
  };
}
