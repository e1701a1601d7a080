/** Whether a picture is dark ink on light paper is told as people would tell it, for drawings of many kinds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { drawDigits } from "../../../src/ml/data/drawn-digits.ts";
import { decodeSheet } from "../../../src/ml/image/decode.ts";
import { isInkOnPaper } from "../../../src/ml/image/ink.ts";
import { RandomSequence, streams } from "../../../src/ml/random.ts";
import { flat, greyPng } from "../../fixtures/picture-bytes.ts";

const digits = 40;
const side = 28;
const drawn = (await drawDigits({ train: digits, test: 1, seed: 5 })).train.pixels;

/** The `index`-th digit in other brightnesses: 0 becomes `ground`, 255 `ink`. */
function digit(index: number, ground: number, ink: number): Uint8Array {
  const pixels = drawn.subarray(index * side * side, (index + 1) * side * side);
  return pixels.map((pixel) => Math.round(ground + ((ink - ground) * pixel) / 255));
}

async function tell(bytes: Buffer): Promise<boolean> {
  return isInkOnPaper(await decodeSheet({ name: "it.png", bytes }));
}

async function tellAll(ground: number, ink: number): Promise<boolean[]> {
  const told = Array.from({ length: digits }, async (_, index) =>
    tell(await greyPng(digit(index, ground, ink), side, side)),
  );
  return [...new Set(await Promise.all(told))];
}

test("dark on light is ink on paper, light on dark is not, however bright the two are", async () => {
  for (const [dark, light] of [
    [0, 255],
    [0, 60],
    [200, 255],
    [100, 150],
  ] as const) {
    assert.deepEqual(await tellAll(light, dark), [true], `${dark} on ${light}`);
    assert.deepEqual(await tellAll(dark, light), [false], `${light} on ${dark}`);
  }
});

test("a large scan with grain, a shadow and a colour cast is ink on paper", async () => {
  const random = new RandomSequence(3, streams.shuffle);
  const scan = await sharp(digit(7, 225, 40), { raw: { width: side, height: side, channels: 1 } })
    .resize(900, 1200, { fit: "contain", background: { r: 225, g: 225, b: 225 } })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = scan.info;
  const pixels = scan.data.map((level, index) => {
    const shadow = 60 * ((Math.floor(index / channels) % width) / width);
    const grain = random.integer(21) - 10;
    return Math.min(255, Math.max(0, level - shadow + grain));
  });
  const jpeg = await sharp(pixels, { raw: { width, height, channels } }).tint("#ffe8c0").jpeg().toBuffer();
  assert.equal(await tell(jpeg), true);
});

test("on a transparent ground the ink alone decides", async () => {
  const drawing = (level: number) => {
    const rgba = Buffer.alloc(side * side * 4, level);
    digit(3, 0, 255).forEach((alpha, index) => {
      rgba[4 * index + 3] = alpha;
    });
    return sharp(rgba, { raw: { width: side, height: side, channels: 4 } })
      .resize(200, 200)
      .png()
      .toBuffer();
  };
  assert.equal(await tell(await drawing(0)), true);
  assert.equal(await tell(await drawing(90)), true);
  assert.equal(await tell(await drawing(170)), false);
  assert.equal(await tell(await drawing(255)), false);
});

test("a picture that is dark and light everywhere is no ink on paper", async () => {
  const random = new RandomSequence(4, streams.shuffle);
  const noise = Uint8Array.from({ length: 64 * 64 }, () => random.integer(256));
  assert.equal(await tell(await greyPng(noise, 64, 64)), false);
});

test("an empty sheet is paper where it is light; nothing at all is none", async () => {
  assert.equal(await tell(await flat(28, 28, "white").png().toBuffer()), true);
  assert.equal(await tell(await flat(28, 28, "black").png().toBuffer()), false);
  assert.equal(await tell(await flat(1, 1, "white").png().toBuffer()), true);
  assert.equal(await tell(await flat(28, 28, { r: 255, g: 255, b: 255, alpha: 0 }).png().toBuffer()), false);
});
