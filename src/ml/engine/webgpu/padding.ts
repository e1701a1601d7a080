/** Rows as kernels read them, four numbers or four pixels at a time, from rows without gaps and back. */
import type { Split } from "../../data/dataset.ts";
import { quadsOf } from "./wgsl/matrix.ts";

export interface PaddedRows {
  readonly columns: number;
  /** Of four columns each. */
  readonly quads: number;
}

export function padded(
  values: Float32Array,
  { columns, quads }: PaddedRows,
  rows: number,
): Float32Array<ArrayBuffer> {
  const wide = new Float32Array(rows * quads * 4);
  for (let row = 0; row < rows; row++)
    wide.set(values.subarray(row * columns, (row + 1) * columns), row * quads * 4);
  return wide;
}

export function unpadded(wide: Float32Array, { columns, quads }: PaddedRows, rows: number): Float32Array {
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    values.set(wide.subarray(row * quads * 4, row * quads * 4 + columns), row * columns);
  return values;
}

/** Bytes from one image to the next. */
export function pixelStride(pixels: number): number {
  return quadsOf(pixels) * 4;
}

/** Images `from` to `until` of a split, every one on a word of its own: a view of the split's own where they lie so. */
export function packedPixels(
  { pixels: bytes }: Split,
  pixels: number,
  from: number,
  until: number,
): Uint8Array<ArrayBuffer> {
  const stride = pixelStride(pixels);
  if (stride === pixels && bytes.buffer instanceof ArrayBuffer)
    return new Uint8Array(bytes.buffer, bytes.byteOffset + from * stride, (until - from) * stride);
  const packed = new Uint8Array((until - from) * stride);
  for (let image = from; image < until; image++)
    packed.set(bytes.subarray(image * pixels, (image + 1) * pixels), (image - from) * stride);
  return packed;
}
