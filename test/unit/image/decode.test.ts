/** Pictures of every accepted kind become the right grey pixels; all others are refused by name. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { decodeGrey, type GreySize, maximumPicturePixels } from "../../../src/ml/image/decode.ts";
import { failsWith } from "../../fixtures/failures.ts";
import { flat, greyPng, promisingPng } from "../../fixtures/picture-bytes.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const asIs: GreySize = { width: 28, height: 28, invert: false };
const inverted: GreySize = { ...asIs, invert: true };
const ramp = Uint8Array.from({ length: 784 }, (_, index) => (index * 37) % 256);

const decode = async (bytes: Uint8Array, size: GreySize = asIs): Promise<Uint8Array> =>
  (await decodeGrey({ name: "it.png", bytes }, size)).pixels;

/** The one grey level that all pixels have. */
function levelOf(pixels: Uint8Array): number {
  const [level] = pixels;
  assert.ok(level !== undefined && pixels.every((pixel) => pixel === level), "all pixels are alike");
  return level;
}

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}

test("a grey picture of the wanted size keeps its pixels exactly", async () => {
  assert.deepEqual(new Uint8Array(await decode(await greyPng(ramp, 28, 28))), ramp);
});

test("inverting swaps dark and light exactly", async () => {
  const expected = ramp.map((pixel) => 255 - pixel);
  assert.deepEqual(new Uint8Array(await decode(await greyPng(ramp, 28, 28), inverted)), expected);
});

test("16-bit grey keeps the upper 8 bits", async () => {
  const raw = { width: 28, height: 28, channels: 1 } as const;
  const deep = Uint16Array.from(ramp, (pixel) => pixel * 257);
  const png = await sharp(deep, { raw }).toColourspace("grey16").png().toBuffer();
  assert.equal((await sharp(png).metadata()).depth, "ushort");
  assert.deepEqual(new Uint8Array(await decode(png)), ramp);
});

test("PNG, JPEG and WebP, colour, palette, 16-bit colour and CMYK become the same grey", async () => {
  const grey = { r: 200, g: 200, b: 200 };
  const pictures = {
    png: flat(28, 28, grey).png(),
    jpeg: flat(28, 28, grey).jpeg(),
    webp: flat(28, 28, grey).webp({ lossless: true }),
    palette: flat(28, 28, grey).png({ palette: true }),
    deep: flat(28, 28, grey).toColourspace("rgb16").png(),
  };
  // JPEG and the conversions of colour round by a level or two.
  for (const picture of Object.values(pictures))
    assertNear(levelOf(await decode(await picture.toBuffer())), 200, 2);
  // CMYK passes through a printer's profile, which has no exact grey.
  const cmyk = await flat(28, 28, grey).toColourspace("cmyk").jpeg().toBuffer();
  assert.equal((await sharp(cmyk).metadata()).space, "cmyk");
  assertNear(levelOf(await decode(cmyk)), 200, 20);
});

test("what is transparent becomes background: black, inverted or not", async () => {
  const clear = await flat(28, 28, { r: 255, g: 255, b: 255, alpha: 0 }).png().toBuffer();
  assert.equal(levelOf(await decode(clear)), 0);
  const clearBlack = await flat(28, 28, { r: 0, g: 0, b: 0, alpha: 0 }).webp({ lossless: true }).toBuffer();
  assert.equal(levelOf(await decode(clearBlack, inverted)), 0);
  const half = await flat(28, 28, { r: 255, g: 255, b: 255, alpha: 0.5 })
    .toColourspace("rgb16")
    .png()
    .toBuffer();
  assertNear(levelOf(await decode(half)), 128, 1);
});

test("proportions are kept, and the margins are black, inverted or not", async () => {
  for (const [ink, size] of [
    ["white", asIs],
    ["black", inverted],
  ] as const) {
    const pixels = await decode(await flat(56, 28, ink).png().toBuffer(), size);
    const rows = Array.from({ length: 28 }, (_, row) => levelOf(pixels.subarray(row * 28, (row + 1) * 28)));
    assert.deepEqual(rows, [...Array(7).fill(0), ...Array(14).fill(255), ...Array(7).fill(0)]);
  }
});

test("a photograph is turned upright by its EXIF orientation", async () => {
  const upper = new Uint8Array(28 * 28).fill(255, 0, 28 * 14);
  const turned = await sharp(upper, { raw: { width: 28, height: 28, channels: 1 } })
    .withMetadata({ orientation: 6 })
    .png()
    .toBuffer();
  const pixels = await decode(turned);
  assert.equal(pixels[0], 0, "the upper half has become the right half");
  assert.equal(pixels[27], 255);
  const wide = await flat(40, 20, "white").withMetadata({ orientation: 6 }).jpeg().toBuffer();
  const { original } = await decodeGrey({ name: "wide.jpg", bytes: wide }, asIs);
  assert.deepEqual(original, { format: "jpeg", width: 20, height: 40, bytes: wide.length });
});

test("a picture of one pixel fills a square, and any size may be asked for", async () => {
  const dot = await flat(1, 1, "white").png().toBuffer();
  assert.equal(levelOf(await decode(dot)), 255);
  const { pixels, original } = await decodeGrey(
    { name: "dot.png", bytes: dot },
    { width: 1, height: 1, invert: false },
  );
  assert.deepEqual([...pixels], [255]);
  assert.deepEqual(original, { format: "png", width: 1, height: 1, bytes: dot.length });
  assert.equal(
    (await decode(await flat(300, 7, "white").png().toBuffer(), { ...asIs, width: 256 })).length,
    256 * 28,
  );
});

test("the first picture of an animation is taken", async () => {
  const frames = new Uint8Array(28 * 56).fill(255, 0, 28 * 28);
  const raw = { width: 28, height: 56, channels: 1, pageHeight: 28 } as const;
  const webp = await sharp(frames, { raw }).webp({ lossless: true, loop: 0 }).toBuffer();
  assert.equal(levelOf(await decode(webp)), 255);
});

test("a picture of 20,000 × 20,000 is refused from its header", async () => {
  const fails = () => decode(promisingPng(20_000, 20_000));
  await failsWith(fails, "image-invalid", "it.png", "20000×20000", String(maximumPicturePixels));
});

test("files that are not what their name says are refused, SVG above all", async () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
  const gif = await flat(9, 9, "white").gif().toBuffer();
  for (const bytes of [Buffer.from(svg), gif, Buffer.from("RIFF....AVI ............")])
    await failsWith(() => decode(bytes), "image-invalid", "it.png", "not a PNG, JPEG or WebP");
  await failsWith(() => decode(Buffer.alloc(0)), "image-invalid", "it.png", "empty");
});

test("damaged pictures of each format are refused by name", async () => {
  const noise = Uint8Array.from({ length: 90_000 }, (_, index) => (index * index * 31) % 251);
  const picture = () => sharp(noise, { raw: { width: 300, height: 300, channels: 1 } });
  for (const made of [picture().png(), picture().jpeg(), picture().webp()]) {
    const whole = await made.toBuffer();
    await failsWith(
      () => decode(whole.subarray(0, whole.length / 2)),
      "image-invalid",
      "it.png",
      "not a whole",
    );
    await failsWith(() => decode(whole.subarray(0, 20)), "image-invalid", "it.png");
  }
  const flipped = await picture().png().toBuffer();
  flipped.fill(0x55, 200, 260);
  await failsWith(() => decode(flipped), "image-invalid", "it.png");
  await failsWith(() => decode(promisingPng(300, 300)), "image-invalid", "it.png");
});

test("of pictures decoded at a time, each is told as what is wrong with it and nothing else", async () => {
  const picture = flat(300, 300, "red");
  const formats = ["png", "jpeg", "webp"] as const;
  const wholes = await Promise.all(
    formats.map((format) => picture.toFormat(format, { progressive: true }).toBuffer()),
  );
  const cut = wholes.flatMap((whole, index) =>
    [0.3, 0.5, 0.7].map((share) => ({
      format: formats[index],
      bytes: whole.subarray(0, whole.length * share),
    })),
  );
  await Promise.all(
    cut.map(({ format, bytes }) =>
      assert.rejects(decodeGrey({ name: `cut.${format}`, bytes }, { width: 28, height: 28, invert: false }), {
        message: `cut.${format}: not a whole ${format} picture`,
      }),
    ),
  );
});

test("a picture can be read from its path, and a bad path is named", async (context) => {
  const folder = temporaryFolder(context);
  const path = join(folder, "ramp.png");
  await writeFile(path, await greyPng(ramp, 28, 28));
  assert.deepEqual(new Uint8Array((await decodeGrey(path, asIs)).pixels), ramp);
  const missing = join(folder, "missing.png");
  await failsWith(() => decodeGrey(missing, asIs), "storage-failed", missing, "no such file");
  await mkdir(missing);
  const { hint } = await failsWith(() => decodeGrey(missing, asIs), "image-invalid", missing, "is a folder");
  assert.equal(hint, "Name one picture: a PNG, JPEG or WebP of at most 256 MiB.");
});
