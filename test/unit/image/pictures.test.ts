import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import sharp from "sharp";
import { assetPath } from "../../../src/ml/assets.ts";
import { encodePng, enlarge, greyBytes, imageAt } from "../../../src/ml/image/grey-image.ts";
import { lightPalette } from "../../../src/ml/image/palette.ts";
import {
  enlargement,
  imagePng,
  pairPsnr,
  plainGridPng,
  reconstructionsPng,
  reconstructionsSvg,
  samplesPng,
} from "../../../src/ml/image/picture-grid.ts";

async function decoded(png: Buffer) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data };
}

const stack = (count: number, width: number, height: number) => ({
  width,
  height,
  pixels: Uint8Array.from({ length: count * width * height }, (_, i) => (i * 31) % 256),
});

for (const [width, height] of [
  [1, 1],
  [28, 28],
  [1, 256],
  [256, 3],
] as const)
  test(`a PNG of ${width}×${height} grey pixels is read back unchanged by the image library`, async () => {
    const image = stack(1, width, height);
    const png = await sharp(encodePng(image))
      .toColourspace("b-w")
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([png.info.width, png.info.height], [width, height]);
    assert.deepEqual(new Uint8Array(png.data), image.pixels);
  });

test("a picture for a file is marked as ours, in a way that the image library reads and passes over", async () => {
  const image = stack(1, 28, 28);
  const { comments } = await sharp(imagePng(image)).metadata();
  assert.deepEqual(comments, [{ keyword: "Software", text: "Latent Lab" }]);
  const { data } = await sharp(imagePng(image))
    .toColourspace("b-w")
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.deepEqual(new Uint8Array(data), image.pixels);
});

test("floats become the nearest grey level; what lies outside is clamped, NaN is black", () => {
  const pixels = Float32Array.from([0, 1, 0.5, -3, 7, Number.NaN, 100 / 255]);
  assert.deepEqual([...greyBytes({ width: 7, height: 1, pixels })], [0, 255, 128, 0, 255, 0, 100]);
});

test("enlarging repeats every pixel and blends none", () => {
  const image = { width: 2, height: 2, pixels: Uint8Array.from([1, 2, 3, 4]) };
  assert.deepEqual([...enlarge(image, 2).pixels], [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
});

test("a plain grid holds the pixels of its images and black between them", async () => {
  const images = { width: 1, height: 1, pixels: Uint8Array.from([10, 20, 30]) };
  const grid = await sharp(plainGridPng(images, 2, 1, 1))
    .toColourspace("b-w")
    .raw()
    .toBuffer();
  assert.deepEqual([...grid], [10, 0, 20, 0, 0, 0, 30, 0, 0]);
});

test("reconstructions show the exact pixels of every image, in both rows", async () => {
  const originals = stack(10, 28, 28);
  const inverted = { ...originals, pixels: originals.pixels.map((value) => 255 - value) };
  const { width, height, channels, data } = await decoded(
    await reconstructionsPng(originals, inverted, lightPalette),
  );
  const red = Buffer.from(Uint8Array.from({ length: width * height }, (_, i) => data[i * channels] ?? 0));
  for (const row of [originals, inverted]) {
    const tile = greyBytes(enlarge(imageAt(row, 9), 4));
    assert.ok(red.includes(Buffer.from(tile.subarray(50 * 112, 51 * 112))));
  }
});

test("more than ten pairs go on in a row below, which has its names and numbers too", () => {
  const svg = reconstructionsSvg(stack(12, 28, 28), stack(12, 28, 28), lightPalette);
  assert.equal([...svg.matchAll(/>PSNR, dB</g)].length, 2);
  assert.equal([...svg.matchAll(/>∞</g)].length, 12);
  const places = [...svg.matchAll(/<image x="([\d.]+)" y="([\d.]+)"/g)].map(([, x, y]) => [x, Number(y)]);
  const [first, eleventh] = [places[0] ?? [], places[10] ?? []];
  assert.equal(eleventh[0], first[0]);
  assert.ok(Number(eleventh[1]) > Number(places[12]?.[1]) + 112);
});

for (const [width, height] of [
  [1, 1],
  [256, 256],
  [1, 256],
] as const)
  test(`captioned pictures hold images of ${width}×${height}`, async () => {
    const factor = enlargement(width, height);
    const pair = await decoded(
      await reconstructionsPng(stack(2, width, height), stack(2, width, height), lightPalette),
    );
    assert.ok(pair.width > 2 * width * factor && pair.height > 2 * height * factor);
    const samples = await decoded(await samplesPng(stack(16, width, height), lightPalette));
    assert.ok(samples.width > 4 * width * factor && samples.height > 4 * height * factor);
  });

test("pairs of different sizes are not compared", () => {
  assert.throws(() => pairPsnr(stack(2, 4, 4), stack(2, 4, 5)), RangeError);
  assert.throws(() => pairPsnr(stack(2, 4, 4), stack(3, 4, 4)), RangeError);
  assert.deepEqual(pairPsnr(stack(2, 4, 4), stack(2, 4, 4)), [Infinity, Infinity]);
});

test("the build put the fonts where assets are looked for", () => {
  assert.ok(existsSync(assetPath("fonts/Inter_400Regular.ttf")));
  assert.ok(existsSync(assetPath("fonts/Inter_600SemiBold.ttf")));
});
