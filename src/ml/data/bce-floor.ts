/**
 * The binary cross-entropy of a perfect reconstruction, which is not zero: a grey pixel p has the entropy
 * H(p) = −p·ln p − (1−p)·ln(1−p), and no output scores lower. What a model's BCE lies above it is what it got wrong.
 */

/** H of each of the 256 grey levels, in nats; 0 for black and white. */
const entropies = Float64Array.from({ length: 256 }, (_, level) => {
  const p = level / 255;
  return level === 0 || level === 255 ? 0 : -p * Math.log(p) - (1 - p) * Math.log(1 - p);
});

/** Nats per pixel, averaged over all of `pixels`; times the pixels of an image, nats per image. Not empty. */
export function bceFloorPerPixel(pixels: Uint8Array): number {
  const counts = new Float64Array(256);
  for (let index = 0; index < pixels.length; index++) {
    const level = pixels[index] as number;
    counts[level] = (counts[level] as number) + 1;
  }
  return counts.reduce((sum, count, level) => sum + count * (entropies[level] as number), 0) / pixels.length;
}
