/**
 * Small datasets for numeric tests: real MNIST where the shared folder is there, and random blobs of any size.
 * A plain second reading of the IDX format, on purpose independent of the product's own.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Dataset, Split } from "../../src/ml/data/dataset.ts";
import { RandomSequence, streams } from "../../src/ml/random.ts";
import { realMnist } from "../fixtures/real-mnist.ts";
import { Matrix } from "./matrix.ts";

/** The first `train` and `test` images of real MNIST. */
export function mnistDataset(train: number, test: number): Dataset {
  const split = (file: string, count: number): Split => {
    const bytes = gunzipSync(readFileSync(`${realMnist}${file}`));
    return { count, pixels: new Uint8Array(bytes.subarray(16, 16 + count * 784)), labels: null };
  };
  return dataset(
    "mnist",
    28,
    28,
    split("train-images-idx3-ubyte.gz", train),
    split("t10k-images-idx3-ubyte.gz", test),
  );
}

/** Images of a random patch of grey noise on black: about half the pixels are exactly zero, much as in MNIST. */
export function patchDataset(
  width: number,
  height: number,
  train: number,
  test: number,
  seed: number,
): Dataset {
  const random = new RandomSequence(seed, streams.drawing);
  const split = (count: number): Split => {
    const pixels = new Uint8Array(count * width * height);
    for (let image = 0; image < count; image++) {
      const centre = random.uniform() * width * height;
      for (let pixel = 0; pixel < width * height; pixel++) {
        const inside = Math.abs(pixel - centre) < (width * height) / 3;
        const grey = random.integer(256);
        pixels[image * width * height + pixel] = inside ? grey : 0;
      }
    }
    return { count, pixels, labels: null };
  };
  return dataset("patches", width, height, split(train), split(test));
}

/** The chosen images as numbers in 0..1: [indices, pixels]. */
export function imagesAt(split: Split, indices: ArrayLike<number>): Matrix {
  const pixels = split.pixels.length / split.count;
  return new Matrix(indices.length, pixels).map(
    (_, row, col) => (split.pixels[(indices[row] as number) * pixels + col] as number) / 255,
  );
}

function dataset(name: string, width: number, height: number, train: Split, test: Split): Dataset {
  const sha256 = createHash("sha256").update(train.pixels).update(test.pixels).digest("hex");
  return { name, source: "made for a test", width, height, labelNames: [], train, test, sha256 };
}
