/**
 * The latent noise ε of a VAE as every engine must produce it: standard normals that are a function of
 * (seed, stream, step, row, dimension). The words are the same bits everywhere; the normals agree to about the
 * precision of the engine's arithmetic. Engines write it in languages of their own; this is what they are held to.
 */
import { type Stream, threefry2x32 } from "../random.ts";

/** Dimensions come in pairs: one block of the generator makes two normals. */
export function noisePairs(latent: number): number {
  return Math.ceil(latent / 2);
}

/**
 * ε of latent dimension `dimension` (of `latent`) for `row`. In training, `row` is the row of the batch and `step`
 * the steps taken before, over all epochs; in evaluation, `row` is the image's index in the split and `step` 0.
 */
export function latentNoise(
  seed: number,
  stream: Stream,
  latent: number,
  step: number,
  row: number,
  dimension: number,
): number {
  const pair = row * noisePairs(latent) + (dimension >> 1);
  const [first, second] = threefry2x32(seed, stream, pair, step);
  // Box and Muller's transform of two uniforms of 24 bits, the first in (0, 1], the second in [0, 1).
  const radius = Math.sqrt(-2 * Math.log(((first >>> 8) + 1) * 2 ** -24));
  const angle = 2 * Math.PI * (second >>> 8) * 2 ** -24;
  return dimension % 2 === 0 ? radius * Math.cos(angle) : radius * Math.sin(angle);
}
