/**
 * A grey image in memory and its way to a PNG file. Reading files into images is decode.ts.
 * Written here rather than with the image library: it is synchronous, small, and keeps that library out of the
 * start-up of a training run.
 */
import { deflateSync } from "node:zlib";
import { crc32 } from "./crc32.ts";

/** Pixels row by row in 0..1 (float32, as the engines give them) or 0..255 (uint8, as datasets hold them); black is 0. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array | Uint8Array;
}

/** The image as bytes: floats are clamped to 0..1 and rounded to the nearest of 256 levels; NaN becomes black. */
export function greyBytes(image: GreyImage): Uint8Array {
  checkSize(image);
  if (image.pixels instanceof Uint8Array) return image.pixels;
  return Uint8Array.from(image.pixels, (value) => Math.round(Math.min(1, Math.max(0, value || 0)) * 255));
}

/** The image as floats in 0..1. */
export function greyFloats(image: GreyImage): Float32Array {
  checkSize(image);
  if (image.pixels instanceof Float32Array) return image.pixels;
  return Float32Array.from(image.pixels, (value) => value / 255);
}

/** The `index`-th image of a stack of images of one size, without copying. */
export function imageAt(stack: GreyImage, index: number): GreyImage {
  const { width, height, pixels } = stack;
  return { width, height, pixels: pixels.subarray(index * width * height, (index + 1) * width * height) };
}

/** "black", "white" or "one grey" where all pixels are alike, else null. */
export function greyOfAll(pixels: Uint8Array): string | null {
  const [first] = pixels;
  if (first === undefined || !pixels.every((pixel) => pixel === first)) return null;
  return first === 0 ? "black" : first === 255 ? "white" : "one grey";
}

/** Every pixel becomes a square of `factor × factor`: no pixel is blended with its neighbour. */
export function enlarge(image: GreyImage, factor: number): GreyImage {
  const source = greyBytes(image);
  const width = image.width * factor;
  const height = image.height * factor;
  const pixels = new Uint8Array(width * height);
  for (let row = 0; row < image.height; row++) {
    const line = pixels.subarray(row * factor * width, (row * factor + 1) * width);
    for (let col = 0; col < image.width; col++)
      line.fill(source[row * image.width + col] as number, col * factor, (col + 1) * factor);
    for (let copy = 1; copy < factor; copy++) pixels.set(line, (row * factor + copy) * width);
  }
  return { width, height, pixels };
}

export const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const headerBytes = 13;
/** Where the chunk of a PNG's header ends, which is its first and always as long. */
export const pngHeaderEnd = pngSignature.length + headerBytes + 12;

/** An 8-bit greyscale PNG (ISO/IEC 15948), rows unfiltered: digits on black compress best so. */
export function encodePng(image: GreyImage): Buffer {
  const { width, height } = image;
  const pixels = greyBytes(image);
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(8, 8); // bits per sample; the rest is zero: grey, deflate, no interlacing
  const filtered = new Uint8Array((width + 1) * height);
  for (let row = 0; row < height; row++)
    filtered.set(pixels.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
  return Buffer.concat([
    pngSignature,
    pngChunk("IHDR", header),
    pngChunk("IDAT", deflateSync(filtered, { level: 9 })),
    pngChunk("IEND", new Uint8Array(0)),
  ]);
}

/** The PNG as an address that a page or an SVG can embed. */
export function pngDataUrl(image: GreyImage): string {
  return `data:image/png;base64,${encodePng(image).toString("base64")}`;
}

/** Length, type, data and checksum. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8);
  return bytes;
}

function checkSize({ width, height, pixels }: GreyImage): void {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1)
    throw new RangeError(`an image of ${width}×${height} pixels`);
  if (pixels.length !== width * height)
    throw new RangeError(`${pixels.length} pixels for an image of ${width}×${height}`);
}
