/**
 * How the CPU engine stores a matrix: in panels of sixteen columns side by side, row after row, panel after panel.
 * A panel's row is one cache line. Columns beyond the last, and between blocks, are padding: there parameters and
 * gradients stay zero, which products with the transposed weight rely on; activations may hold anything finite.
 */
import { PANEL } from "./layout.ts";

export function panelCount(columns: number): number {
  return Math.ceil(columns / PANEL);
}

/** Float32 values a matrix of [rows, columns] takes. */
export function panelLength(rows: number, columns: number): number {
  return panelCount(columns) * rows * PANEL;
}

/** Index of (row, column) in a matrix whose panels are `rows` rows long. */
export function panelIndex(rows: number, row: number, column: number): number {
  return ((column >>> 4) * rows + row) * PANEL + (column & 15);
}

/** Column where each block begins: blocks start at multiples of four, so that SIMD lanes line up. */
export function blockColumns(blocks: readonly number[]): readonly number[] {
  const starts: number[] = [];
  let next = 0;
  for (const width of blocks) {
    next = Math.ceil(next / 4) * 4;
    starts.push(next);
    next += width;
  }
  return starts;
}

/** Columns of all blocks with the gaps between them. */
export function storedColumns(blocks: readonly number[]): number {
  return (blockColumns(blocks).at(-1) ?? 0) + (blocks.at(-1) ?? 0);
}

/** Writes `count` row-major rows of `columns` values into a panel matrix, beginning at its row 0. */
export function packRows(
  source: Float32Array,
  count: number,
  columns: number,
  target: Float32Array,
  rows: number,
): void {
  for (let row = 0; row < count; row++)
    for (let column = 0; column < columns; column += PANEL) {
      const from = row * columns + column;
      const width = Math.min(PANEL, columns - column);
      target.set(source.subarray(from, from + width), panelIndex(rows, row, column));
    }
}

/** The first `count` rows of a panel matrix, row-major. */
export function unpackRows(
  source: Float32Array,
  rows: number,
  count: number,
  columns: number,
  target: Float32Array,
): void {
  for (let row = 0; row < count; row++)
    for (let column = 0; column < columns; column += PANEL) {
      const width = Math.min(PANEL, columns - column);
      const from = panelIndex(rows, row, column);
      target.set(source.subarray(from, from + width), row * columns + column);
    }
}
