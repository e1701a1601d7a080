/**
 * Turns a picture file (PNG, JPEG or WebP) into grey pixels of a wanted size. The decoding itself is sharp's; this
 * says what is accepted and how it is fitted. It does not write pictures, and it knows nothing of datasets.
 */
import type { Sharp } from "sharp";
import { Failure, storageFailure } from "../../contract/failure.ts";
import { readWhole } from "../../system/regular-file.ts";
import type { Sheet } from "./ink.ts";

export const pictureFormats = ["png", "jpeg", "webp"] as const;
export type PictureFormat = (typeof pictureFormats)[number];
/** How their files are called. */
export const pictureName = /\.(png|jpe?g|webp)$/i;

/** The most pixels of a picture: 2²⁷, that is 11,585 × 11,585. More is refused from the header, before decoding. */
export const maximumPicturePixels = 2 ** 27;
/** The longest picture file, in bytes. */
export const maximumPictureBytes = 2 ** 28;

/** A picture in memory; `name` is what errors call it. */
export interface PictureBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface GreySize {
  /** Pixels wanted. */
  readonly width: number;
  readonly height: number;
  /** Swaps dark and light: for dark ink on light paper. */
  readonly invert: boolean;
}

export interface GreyPicture {
  /** [height, width], 0 black to 255 white. */
  readonly pixels: Uint8Array;
  readonly original: PictureInfo;
}

/** What a picture file holds; sizes as people see it, after its EXIF orientation. */
export interface PictureInfo {
  readonly format: PictureFormat;
  readonly width: number;
  readonly height: number;
  /** Length of the file. */
  readonly bytes: number;
}

/**
 * Decodes `picture` (a path, or bytes), turns it upright (EXIF), makes it grey and fits it whole into the wanted size,
 * keeping its proportions. What it does not cover, and what is transparent, is background: black in the result, so
 * a picture to be inverted is laid on white first. A picture that already has the size keeps its pixels exactly.
 * Throws a Failure: image-invalid, storage-*.
 */
export async function decodeGrey(picture: string | PictureBytes, size: GreySize): Promise<GreyPicture> {
  const bytes = typeof picture === "string" ? await readPicture(picture) : picture;
  return decode(bytes, async (input, original) => {
    // sharp swaps dark and light after fitting, margins included.
    const background = size.invert ? "white" : "black";
    const upright = input.autoOrient().flatten({ background }).toColourspace("b-w");
    const shown = size.invert ? upright.negate() : upright;
    const pixels = await shown
      .resize(size.width, size.height, { fit: "contain", background })
      .raw({ depth: "uchar" })
      .toBuffer();
    return { pixels: oneChannel(pixels, size), original };
  });
}

/** Pixels on the longer side of a sheet, at most: enough to tell ink from paper. */
const sheetSide = 64;

/** The picture in small, with nothing laid under it or added around it. Throws a Failure (image-invalid). */
export async function decodeSheet(picture: PictureBytes): Promise<Sheet> {
  return decode(picture, async (input) => {
    const { data, info } = await input
      .autoOrient()
      .ensureAlpha()
      .toColourspace("srgb")
      .resize(sheetSide, sheetSide, { fit: "inside", withoutEnlargement: true })
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 4) throw new Error(`${info.channels} channels instead of colour and opacity`);
    return { width: info.width, height: info.height, pixels: greyAndOpacity(data) };
  });
}

/** Of [pixels, 4]; sharp itself gives no opacity with grey. Weights as ITU-R BT.709 has them. */
function greyAndOpacity(colours: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(colours.length / 2);
  for (let from = 0, to = 0; from < colours.length; from += 4, to += 2) {
    const [red = 0, green = 0, blue = 0, opacity = 0] = colours.subarray(from, from + 4);
    pixels[to] = Math.round(0.2126 * red + 0.7152 * green + 0.0722 * blue);
    pixels[to + 1] = opacity;
  }
  return pixels;
}

/** Refuses what is no sound picture of a sensible size, whatever `use` makes of it. */
async function decode<T>(
  { name, bytes }: PictureBytes,
  use: (input: Sharp, original: PictureInfo) => Promise<T>,
): Promise<T> {
  const format = sniffFormat(name, bytes);
  // Loading sharp takes a tenth of a second: only those who decode pictures wait for it.
  const { default: sharp } = await import("sharp");
  try {
    const input = sharp(bytes, { limitInputPixels: false, failOn: "error", sequentialRead: true });
    const { autoOrient } = await input.metadata();
    const original = { format, ...autoOrient, bytes: bytes.length };
    refuseHuge(name, original);
    return await use(input, original);
  } catch (error) {
    if (error instanceof Failure) throw error;
    // What the library says of it stays out: of pictures decoded at a time it may be about another one.
    throw new Failure(
      "image-invalid",
      `${name}: not a whole ${format} picture`,
      "The file is damaged or cut short: remove it or save it again.",
      { cause: error },
    );
  }
}

/** Throws a Failure: image-invalid, storage-*. */
export async function readPicture(path: string): Promise<PictureBytes> {
  const refuse = (problem: string) =>
    new Failure(
      "image-invalid",
      `${path}: ${problem}`,
      `Name one picture: a PNG, JPEG or WebP of at most ${maximumPictureBytes / 2 ** 20} MiB.`,
    );
  try {
    return { name: path, bytes: await readWhole(path, maximumPictureBytes, refuse) };
  } catch (error) {
    throw storageFailure(error, path, "read");
  }
}

/** By the first bytes, whatever the name says: sharp reads other formats too, SVG among them, and must not. */
function sniffFormat(name: string, bytes: Uint8Array): PictureFormat {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 12)).toString("latin1");
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (start.startsWith("\xff\xd8\xff")) return "jpeg";
  if (start.startsWith("RIFF") && start.endsWith("WEBP") && start.length === 12) return "webp";
  const what =
    bytes.length === 0 ? "the file is empty" : "not a PNG, JPEG or WebP picture, whatever its name says";
  throw new Failure(
    "image-invalid",
    `${name}: byte 0: ${what}`,
    "Save it as PNG, JPEG or WebP, or remove it.",
  );
}

function refuseHuge(name: string, { width, height }: PictureInfo): void {
  if (width * height <= maximumPicturePixels) return;
  throw new Failure(
    "image-invalid",
    `${name}: ${width}×${height} pixels, above the limit of ${maximumPicturePixels} in all`,
    "Save it smaller: it is scaled down for training anyway.",
  );
}

function oneChannel(pixels: Buffer, { width, height }: GreySize): Uint8Array {
  if (pixels.length !== width * height)
    throw new Error(`${pixels.length} bytes instead of ${width}×${height}`);
  return pixels;
}
