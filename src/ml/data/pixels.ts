/**
 * The memory that a dataset's pixels live in: one block for both splits, so that they are hashed and copied in one
 * go, and never held twice.
 */
import { createHash, webcrypto } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { Failure } from "../../contract/failure.ts";

/** The most pixel bytes of a dataset, both splits together: 4 GiB. */
export const maximumPixelBytes = 2 ** 32;

export interface PixelBlock {
  /** [train count, height, width] directly followed by [test count, height, width]. */
  readonly all: Uint8Array<ArrayBuffer>;
  readonly train: Uint8Array<ArrayBuffer>;
  readonly test: Uint8Array<ArrayBuffer>;
}

/** Room for both splits. `what` names the dataset in errors. Throws a Failure: dataset-invalid, out-of-memory. */
export function allocatePixels(
  what: string,
  imageBytes: number,
  trainCount: number,
  testCount: number,
): PixelBlock {
  const trainBytes = trainCount * imageBytes;
  const bytes = trainBytes + testCount * imageBytes;
  if (bytes > maximumPixelBytes)
    throw new Failure(
      "dataset-invalid",
      `${what}: ${trainCount + testCount} images of ${imageBytes} pixels are more than ${maximumPixelBytes} bytes`,
      "Use fewer or smaller images.",
    );
  const all = allocate(what, bytes);
  return { all, train: all.subarray(0, trainBytes), test: all.subarray(trainBytes) };
}

function allocate(what: string, bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Failure(
      "out-of-memory",
      `${what}: its ${bytes} bytes of pixels do not fit in memory`,
      "Close other programs, or use fewer or smaller images.",
      { cause: error },
    );
  }
}

/** Web Crypto hashes off the main thread, but copies what it is given; above this the copy would cost too much. */
const copiedBytes = 2 ** 28;
const pieceBytes = 2 ** 24;

/** SHA-256 of all pixels, training split first, lower-case hex. */
export async function hashPixels({ all }: PixelBlock): Promise<string> {
  if (all.length <= copiedBytes)
    return Buffer.from(await webcrypto.subtle.digest("SHA-256", all)).toString("hex");
  const hash = createHash("sha256");
  for (let start = 0; start < all.length; start += pieceBytes) {
    hash.update(all.subarray(start, start + pieceBytes));
    await setImmediate();
  }
  return hash.digest("hex");
}
