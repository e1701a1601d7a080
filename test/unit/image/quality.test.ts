import assert from "node:assert/strict";
import { test } from "node:test";
import { meanSquaredError, peakSignalToNoise, structuralSimilarity } from "../../../src/ml/image/quality.ts";

const pattern = (pixels: number) => Float32Array.from({ length: pixels }, (_, i) => ((i * 37) % 101) / 100);
const disturbed = (pixels: number) =>
  Float32Array.from(
    { length: pixels },
    (_, i) => (0.7 * ((i * 37) % 101)) / 100 + (0.3 * ((i * 53 + 7) % 97)) / 96,
  );

test("equal images have no error, infinite PSNR and a similarity of 1", () => {
  const image = pattern(784);
  assert.equal(meanSquaredError(image, image), 0);
  assert.equal(peakSignalToNoise(image, image), Infinity);
  assert.ok(Math.abs(structuralSimilarity(image, image, 28, 28) - 1) < 1e-12);
});

test("an error of 0.1 at every pixel is 20 dB", () => {
  const image = new Float32Array(6).fill(0.5);
  assert.ok(Math.abs(peakSignalToNoise(image, new Float32Array(6).fill(0.6)) - 20) < 1e-5);
});

// scikit-image 0.26, structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
// data_range=1) and peak_signal_noise_ratio, in float64 on the same float32 pixels.
const references = [
  { width: 28, height: 28, similarity: 0.8926034369675058, decibels: 18.357959071164935 },
  { width: 40, height: 17, similarity: 0.8913790634961348, decibels: 18.354049528570133 },
  { width: 11, height: 11, similarity: 0.9077020675024965, decibels: 18.666391782097918 },
];
for (const { width, height, similarity, decibels } of references)
  test(`PSNR and SSIM of ${width}×${height} pixels agree with scikit-image`, () => {
    const a = pattern(width * height);
    const b = disturbed(width * height);
    // Both sides compute in float64; only the order of summation differs.
    assert.ok(Math.abs(structuralSimilarity(a, b, width, height) - similarity) < 1e-9);
    assert.ok(Math.abs(peakSignalToNoise(a, b) - decibels) < 1e-6);
  });

/** SSIM under one window that covers the whole image, in two dimensions as the paper writes it. */
function similarityUnderOneWindow(a: Float32Array, b: Float32Array, width: number, height: number): number {
  const weight = (col: number, row: number) =>
    Math.exp(-((col - (width - 1) / 2) ** 2 + (row - (height - 1) / 2) ** 2) / (2 * 1.5 ** 2));
  const weights = Array.from(a, (_, i) => weight(i % width, Math.floor(i / width)));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const mean = (f: (x: number, y: number) => number) =>
    weights.reduce((sum, w, i) => sum + (w / total) * f(a[i] ?? 0, b[i] ?? 0), 0);
  const muA = mean((x) => x);
  const muB = mean((_, y) => y);
  const varianceA = mean((x) => (x - muA) ** 2);
  const varianceB = mean((_, y) => (y - muB) ** 2);
  const covariance = mean((x, y) => (x - muA) * (y - muB));
  return (
    ((2 * muA * muB + 1e-4) * (2 * covariance + 9e-4)) /
    ((muA ** 2 + muB ** 2 + 1e-4) * (varianceA + varianceB + 9e-4))
  );
}

for (const [width, height] of [
  [1, 1],
  [3, 7],
  [10, 4],
] as const)
  test(`an image of ${width}×${height}, smaller than the window, is compared under one cut window`, () => {
    const a = pattern(width * height);
    const b = disturbed(width * height);
    const expected = similarityUnderOneWindow(a, b, width, height);
    assert.ok(Math.abs(structuralSimilarity(a, b, width, height) - expected) < 1e-9);
  });

test("images of different sizes are not compared", () => {
  assert.throws(() => meanSquaredError(new Float32Array(4), new Float32Array(5)), RangeError);
  assert.throws(() => structuralSimilarity(new Float32Array(4), new Float32Array(4), 3, 3), RangeError);
});
