/**
 * Which images a run shows, and how they go through the model: fixed test images with their reconstructions, and
 * samples from fixed latents, so that pictures of two moments or of two runs can be compared.
 */

import type { Dataset, Split } from "../data/dataset.ts";
import type { Session } from "../engine/engine.ts";
import type { ImageStack } from "../image/picture-grid.ts";
import type { Network } from "../model/network.ts";
import { RandomSequence, streams } from "../random.ts";
import type { LatentSpread } from "./checkpoint.ts";

export interface Reconstructions {
  readonly originals: ImageStack;
  readonly reconstructions: ImageStack;
}

/** Test images through the model and back (a VAE's from μ). */
export async function reconstruct(
  session: Session,
  dataset: Dataset,
  indices: readonly number[],
): Promise<Reconstructions> {
  const { width, height } = dataset;
  const pixels = imagesAt(dataset.test, indices, width * height);
  const reconstructed = await session.decode(await session.encode(pixels));
  return { originals: { width, height, pixels }, reconstructions: { width, height, pixels: reconstructed } };
}

/** The same `count` test images every time: one of each class where there are labels, else the first. */
export function shownImages(dataset: Dataset, count: number): number[] {
  const { labels, count: available } = dataset.test;
  const firsts = labels === null ? [] : dataset.labelNames.map((_, label) => labels.indexOf(label));
  const ofEachClass = firsts.filter((index) => index >= 0).slice(0, count);
  const others = Array.from({ length: Math.min(available, 2 * count) }, (_, index) => index);
  return [...new Set([...ofEachClass, ...others])].slice(0, count);
}

/** Images generated from random latents: always the same for a model and a seed, and more of them begin alike. */
export async function sample(
  session: Session,
  network: Network,
  spread: LatentSpread | null,
  options: { readonly seed: number; readonly count: number; readonly width: number; readonly height: number },
): Promise<ImageStack> {
  const { seed, count, width, height } = options;
  return { width, height, pixels: await session.decode(sampledLatents(network, spread, seed, count)) };
}

/** [count, latent]: standard normal, or where a plain autoencoder's latents lie. */
function sampledLatents(
  network: Network,
  spread: LatentSpread | null,
  seed: number,
  count: number,
): Float32Array {
  const latents = new Float32Array(count * network.latent);
  for (let image = 0; image < count; image++) {
    const sequence = new RandomSequence(seed, streams.sampling, image);
    for (let dimension = 0; dimension < network.latent; dimension++) {
      const deviation = spread?.deviation[dimension] ?? 1;
      const mean = spread?.mean[dimension] ?? 0;
      latents[image * network.latent + dimension] = mean + deviation * sequence.normal();
    }
  }
  return latents;
}

/** Enough for means and deviations to a twentieth, few enough to cost little beside an evaluation. */
const imagesForSpread = 500;

/** See LatentSpread; null for a VAE. */
export async function measureSpread(
  session: Session,
  network: Network,
  dataset: Dataset,
): Promise<LatentSpread | null> {
  if (network.variational) return null;
  const count = Math.min(imagesForSpread, dataset.test.count);
  const indices = Array.from({ length: count }, (_, index) => index);
  const latents = await session.encode(imagesAt(dataset.test, indices, network.pixels));
  const mean = new Array<number>(network.latent);
  const deviation = new Array<number>(network.latent);
  for (let dimension = 0; dimension < network.latent; dimension++) {
    const values = Float64Array.from(indices, (image) => latents[image * network.latent + dimension] ?? 0);
    const average = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / count;
    mean[dimension] = average;
    deviation[dimension] = Math.sqrt(variance);
  }
  return { mean, deviation };
}

/** [indices, pixels] in 0..1. */
function imagesAt(split: Split, indices: readonly number[], pixels: number): Float32Array {
  const images = new Float32Array(indices.length * pixels);
  for (const [row, index] of indices.entries())
    for (let pixel = 0; pixel < pixels; pixel++)
      images[row * pixels + pixel] = (split.pixels[index * pixels + pixel] ?? 0) / 255;
  return images;
}
