/**
 * The `.latent` format: one image as the quantised latents of one model. Writer beside reader; turning pixels into
 * latents and back is an engine's work. All numbers little-endian:
 *
 * | byte | size | what                                                                         |
 * | ---- | ---- | ---------------------------------------------------------------------------- |
 * | 0    | 4    | magic: 89 4C 41 54 (the first byte is not ASCII, so no text file begins so)    |
 * | 4    | 1    | version: 1                                                                   |
 * | 5    | 1    | coding of the latents: 1 = int8, linear                                      |
 * | 6    | 2    | image width in pixels, 1…256                                                 |
 * | 8    | 2    | image height in pixels, 1…256                                                |
 * | 10   | 4    | n, the number of latents, 1…65536                                            |
 * | 14   | 32   | SHA-256 of the model's weights                                               |
 * | 46   | 4    | scale, float32: latent = scale × byte                                        |
 * | 50   | n    | the latents, int8, −127…127                                                  |
 * | 50+n | 4    | CRC-32 of everything before                                                  |
 *
 * Whatever a later version changes, its files begin with magic, version and coding and end with the CRC-32: so a damaged
 * file is told from a newer one.
 *
 * The scale is the largest magnitude over 127, rounded up until the last seven bits of its float32 are zero: then
 * scale × byte needs no rounding, so every machine reads the same latents bit for bit, and encoding what was decoded
 * gives the same file again. The error of a latent is at most half a scale.
 */
import { maximumImageSide } from "../../contract/experiment.ts";
import { Failure } from "../../contract/failure.ts";
import { crc32 } from "./crc32.ts";

/** One image as the latents of the model that `modelHash` names (SHA-256 in lower-case hex). */
export interface LatentImage {
  readonly width: number;
  readonly height: number;
  readonly modelHash: string;
  readonly latents: Float32Array;
}

/** How every `.latent` file begins. */
export const latentMagic = [0x89, 0x4c, 0x41, 0x54] as const;
const version = 1;
const codingInt8 = 1;
const headerBytes = 50;
const checksumBytes = 4;
const maximumLatents = 65_536;
const largestLevel = 127;

/** No `.latent` file is longer: look at a file's size before reading it. */
export const maximumLatentFileBytes = headerBytes + maximumLatents + checksumBytes;

/** The bytes of the file. The latents lose precision (see above). Throws a Failure (latent-invalid) for NaN or infinity. */
export function encodeLatentFile(image: LatentImage): Uint8Array {
  const { width, height, latents, modelHash } = image;
  checkWritable(image);
  const scale = quantisationScale(latents);
  const bytes = new Uint8Array(headerBytes + latents.length + checksumBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(latentMagic, 0);
  view.setUint8(4, version);
  view.setUint8(5, codingInt8);
  view.setUint16(6, width, true);
  view.setUint16(8, height, true);
  view.setUint32(10, latents.length, true);
  bytes.set(Buffer.from(modelHash, "hex"), 14);
  view.setFloat32(46, scale, true);
  latents.forEach((latent, index) => {
    view.setInt8(headerBytes + index, quantise(latent, scale));
  });
  const body = bytes.subarray(0, headerBytes + latents.length);
  view.setUint32(body.length, crc32(body), true);
  return bytes;
}

/** Whether a file that begins so is meant to be a `.latent` file. */
export function isLatentFile(start: Uint8Array): boolean {
  return latentMagic.every((byte, index) => start[index] === byte);
}

/** Reads the bytes of `file` (the name is for messages). Throws a Failure (latent-invalid) unless they are exactly one file. */
export function decodeLatentFile(bytes: Uint8Array, file: string): LatentImage {
  if (!isLatentFile(bytes)) throw invalid(file, "is not a .latent file", "Make one by encoding a picture.");
  if (bytes.length < headerBytes + checksumBytes)
    throw invalid(file, `is cut short at byte ${bytes.length}, inside its header`, copyAgain);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkVersion(view, file);
  const width = view.getUint16(6, true);
  const height = view.getUint16(8, true);
  const count = view.getUint32(10, true);
  checkSizes(width, height, count, file);
  checkLength(bytes.length, count, file);
  const body = bytes.subarray(0, headerBytes + count);
  if (view.getUint32(body.length, true) !== crc32(body))
    throw invalid(file, `is damaged: the checksum at byte ${body.length} does not match`, copyAgain);
  return {
    width,
    height,
    modelHash: Buffer.from(bytes.subarray(14, 46)).toString("hex"),
    latents: readLatents(view, count, file),
  };
}

/** Throws a Failure (latent-foreign) unless `image`, read from `file`, was made by the model with this hash. */
export function requireModel(image: LatentImage, file: string, modelHash: string): void {
  if (image.modelHash === modelHash) return;
  throw new Failure(
    "latent-foreign",
    `${file}: was made by another model (${shortHash(image.modelHash)}, not ${shortHash(modelHash)})`,
    "Name the run that encoded it; training on changes a model.",
  );
}

const copyAgain = "Copy it again, or encode the image again.";

/** Larger ones would make the largest latent infinite: the greatest float32 over 127, rounded down as described above. */
const largestScale = withBits((2 - 2 ** -23) * 2 ** 127 * (1 / largestLevel), (bits) => bits & ~0x7f);

function quantisationScale(latents: Float32Array): number {
  let largest = 0;
  for (const latent of latents) largest = Math.max(largest, Math.abs(latent));
  return Math.min(
    largestScale,
    withBits(largest / largestLevel, (bits) => (bits + 0x7f) & ~0x7f),
  );
}

/** `value` as a float32 whose bits were changed. Of a positive float, more is the next larger float. */
function withBits(value: number, change: (bits: number) => number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  view.setUint32(0, change(view.getUint32(0)));
  return view.getFloat32(0);
}

/** Rounds half away from zero, so that −z is coded as the negative of z; the largest latents of all may ask for a hair over 127. */
function quantise(latent: number, scale: number): number {
  if (scale === 0) return 0;
  const level = Math.min(largestLevel, Math.floor(Math.abs(latent) / scale + 0.5));
  return latent < 0 ? -level : level;
}

function readLatents(view: DataView, count: number, file: string): Float32Array {
  const scale = view.getFloat32(46, true);
  if (!(scale >= 0 && scale <= largestScale))
    throw invalid(file, `has the scale ${scale} at byte 46`, "Encode the image again.");
  return Float32Array.from({ length: count }, (_, index) => {
    const level = view.getInt8(headerBytes + index);
    if (level < -largestLevel)
      throw invalid(file, `has ${level} at byte ${headerBytes + index}, which no program wrote`, copyAgain);
    return scale * level;
  });
}

function checkWritable({ width, height, latents, modelHash }: LatentImage): void {
  const sidesFit = [width, height].every((side) => side >= 1 && side <= maximumImageSide);
  if (!sidesFit || latents.length < 1 || latents.length > maximumLatents)
    throw new RangeError(`${latents.length} latents of an image of ${width}×${height}`);
  if (!/^[0-9a-f]{64}$/.test(modelHash)) throw new RangeError(`"${modelHash}" is not a SHA-256`);
  const wrong = latents.findIndex((latent) => !Number.isFinite(latent));
  if (wrong >= 0)
    throw new Failure(
      "latent-invalid",
      `latent ${wrong} of the image is ${latents[wrong]}`,
      "The model has diverged: train it again with a smaller learning rate.",
    );
}

function checkVersion(view: DataView, file: string): void {
  const found = view.getUint8(4);
  const coding = view.getUint8(5);
  if (found === version && coding === codingInt8) return;
  // Of every version the last bytes are the checksum.
  if (!isChecked(view))
    throw invalid(
      file,
      `is damaged: it states version ${found}, coding ${coding} at byte 4, and its checksum does not match`,
      copyAgain,
    );
  if (found > version || (found === version && coding > codingInt8))
    throw invalid(
      file,
      `is of version ${found}, coding ${coding}; this program reads version ${version}, coding ${codingInt8}`,
      "Use a newer Latent Lab.",
    );
  throw invalid(
    file,
    `has version ${found} and coding ${coding} at byte 4, which no program wrote`,
    copyAgain,
  );
}

function isChecked(view: DataView): boolean {
  const end = view.byteLength - checksumBytes;
  return view.getUint32(end, true) === crc32(new Uint8Array(view.buffer, view.byteOffset, end));
}

function checkSizes(width: number, height: number, count: number, file: string): void {
  if (width < 1 || width > maximumImageSide || height < 1 || height > maximumImageSide)
    throw invalid(
      file,
      `states an image of ${width}×${height} at byte 6; 1×1 to ${maximumImageSide}×${maximumImageSide} is possible`,
      copyAgain,
    );
  if (count < 1 || count > maximumLatents)
    throw invalid(file, `states ${count} latents at byte 10; 1 to ${maximumLatents} are possible`, copyAgain);
}

function checkLength(length: number, count: number, file: string): void {
  const expected = headerBytes + count + checksumBytes;
  if (length < expected) throw invalid(file, `is cut short at byte ${length} of ${expected}`, copyAgain);
  if (length > expected)
    throw invalid(
      file,
      `goes on for ${length - expected} bytes after its end at byte ${expected}`,
      copyAgain,
    );
}

function shortHash(hash: string): string {
  return hash.slice(0, 12);
}

function invalid(file: string, problem: string, hint: string): Failure {
  return new Failure("latent-invalid", `${file}: ${problem}`, hint);
}
