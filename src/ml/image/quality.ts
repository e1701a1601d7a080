/**
 * How close a reconstruction comes to its original: mean squared error, PSNR and SSIM of grey images in 0..1.
 * Measures for people; what is trained on is the loss, which the engines compute.
 */

/** Σ(a−b)² / n. Images hold the same number of pixels in 0..1. */
export function meanSquaredError(a: Float32Array, b: Float32Array): number {
  checkSameLength(a, b);
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += ((a[index] as number) - (b[index] as number)) ** 2;
  return sum / a.length;
}

/** Peak signal-to-noise ratio in dB of a mean squared error, the peak being 1: −10·log₁₀(mse). Infinite for 0. */
export function psnrOfError(meanSquared: number): number {
  return -10 * Math.log10(meanSquared);
}

/** Peak signal-to-noise ratio of two images in dB; infinite for equal images. */
export function peakSignalToNoise(a: Float32Array, b: Float32Array): number {
  return psnrOfError(meanSquaredError(a, b));
}

const windowSide = 11;
const windowSigma = 1.5;
const stabiliser1 = 0.01 ** 2;
const stabiliser2 = 0.03 ** 2;

/**
 * Mean structural similarity, 1 for equal images (Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment:
 * From Error Visibility to Structural Similarity", IEEE TIP 13(4), 2004, equations 13 to 16): an 11×11 Gaussian
 * window with σ = 1.5, K₁ = 0.01, K₂ = 0.03, dynamic range 1, averaged over the positions at which the whole window
 * lies inside the image, without the paper's optional downsampling.
 *
 * A side shorter than 11 pixels gets a window of that length, the Gaussian cut off and normalised again: down to
 * 1×1, where no structure is left to compare and the means alone decide.
 */
export function structuralSimilarity(
  a: Float32Array,
  b: Float32Array,
  width: number,
  height: number,
): number {
  checkSameLength(a, b);
  if (a.length !== width * height)
    throw new RangeError(`${a.length} pixels for an image of ${width}×${height}`);
  const smooth = (values: Float64Array) => smoothed(values, width, height);
  const meanA = smooth(product(a, null));
  const meanB = smooth(product(b, null));
  const squareA = smooth(product(a, a));
  const squareB = smooth(product(b, b));
  const cross = smooth(product(a, b));
  let sum = 0;
  for (let index = 0; index < meanA.length; index++) {
    const muA = meanA[index] as number;
    const muB = meanB[index] as number;
    const varianceA = (squareA[index] as number) - muA * muA;
    const varianceB = (squareB[index] as number) - muB * muB;
    const covariance = (cross[index] as number) - muA * muB;
    const luminance = (2 * muA * muB + stabiliser1) / (muA * muA + muB * muB + stabiliser1);
    const structure = (2 * covariance + stabiliser2) / (varianceA + varianceB + stabiliser2);
    sum += luminance * structure;
  }
  return sum / meanA.length;
}

/** Element by element in float64; null stands for ones. */
function product(a: Float32Array, b: Float32Array | null): Float64Array {
  return Float64Array.from(a, (value, index) => value * (b === null ? 1 : (b[index] as number)));
}

/** The Gaussian-weighted means under every window that fits; the window is separable, so rows first, then columns. */
function smoothed(values: Float64Array, width: number, height: number): Float64Array {
  const across = gaussianWindow(width);
  const down = gaussianWindow(height);
  const cols = width - across.length + 1;
  const rows = height - down.length + 1;
  const weighted = (from: Float64Array, start: number, stride: number, weights: Float64Array) => {
    let sum = 0;
    for (let tap = 0; tap < weights.length; tap++)
      sum += (weights[tap] as number) * (from[start + tap * stride] as number);
    return sum;
  };
  const horizontal = new Float64Array(cols * height);
  for (let row = 0; row < height; row++)
    for (let col = 0; col < cols; col++)
      horizontal[row * cols + col] = weighted(values, row * width + col, 1, across);
  const result = new Float64Array(cols * rows);
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++)
      result[row * cols + col] = weighted(horizontal, row * cols + col, cols, down);
  return result;
}

/** Weights of a Gaussian over min(11, side) pixels, centred, summing to 1. */
function gaussianWindow(side: number): Float64Array {
  const length = Math.min(windowSide, side);
  const centre = (length - 1) / 2;
  const weights = Float64Array.from({ length }, (_, index) =>
    Math.exp(-((index - centre) ** 2) / (2 * windowSigma ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function checkSameLength(a: Float32Array, b: Float32Array): void {
  if (a.length === 0 || a.length !== b.length)
    throw new RangeError(`cannot compare images of ${a.length} and ${b.length} pixels`);
}
