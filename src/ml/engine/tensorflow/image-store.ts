/**
 * One split's images where TensorFlow.js computes: resident as one tensor where that is sensible, else as bytes on
 * this side, of which each batch becomes a tensor.
 */
import type { Tensor2D } from "@tensorflow/tfjs-core";
import type { Split } from "../../data/dataset.ts";
import type { Tensorflow } from "./library.ts";

/** Pixels kept as a tensor at most: as float32, the smallest type that backends share, 1 GiB. */
const residentPixels = 2 ** 28;

const brightness = Float32Array.from({ length: 256 }, (_, level) => level / 255);

export class ImageStore {
  readonly count: number;
  readonly #tf: Tensorflow;
  readonly #columns: number;
  /** A tensor [count, pixels] in 0..1, or a copy of the bytes. */
  readonly #images: Tensor2D | Uint8Array;

  /** `columns`: the pixels of an image. `limit` is for tests. */
  constructor(tf: Tensorflow, { count, pixels }: Split, columns: number, limit = residentPixels) {
    this.count = count;
    this.#tf = tf;
    this.#columns = columns;
    this.#images =
      pixels.length <= limit ? tf.tensor2d(brightnessOf(pixels), [count, columns]) : pixels.slice();
  }

  /** The images at `indices`: [indices, pixels] in 0..1. The caller disposes of it. */
  batch(indices: Uint32Array): Tensor2D {
    const tf = this.#tf;
    const images = this.#images;
    if (!(images instanceof Uint8Array))
      return tf.tidy(() => tf.gather(images, tf.tensor1d(Int32Array.from(indices), "int32")));
    const values = new Float32Array(indices.length * this.#columns);
    indices.forEach((index, row) => {
      const bytes = images.subarray(index * this.#columns, (index + 1) * this.#columns);
      values.set(brightnessOf(bytes), row * this.#columns);
    });
    return tf.tensor2d(values, [indices.length, this.#columns]);
  }

  /** Images `first` … `first + rows`, as `batch`. */
  range(first: number, rows: number): Tensor2D {
    const images = this.#images;
    if (!(images instanceof Uint8Array)) return this.#tf.slice2d(images, [first, 0], [rows, this.#columns]);
    const bytes = images.subarray(first * this.#columns, (first + rows) * this.#columns);
    return this.#tf.tensor2d(brightnessOf(bytes), [rows, this.#columns]);
  }

  dispose(): void {
    if (!(this.#images instanceof Uint8Array)) this.#images.dispose();
  }
}

function brightnessOf(bytes: Uint8Array): Float32Array {
  const values = new Float32Array(bytes.length);
  for (let index = 0; index < bytes.length; index++)
    values[index] = brightness[bytes[index] as number] as number;
  return values;
}
