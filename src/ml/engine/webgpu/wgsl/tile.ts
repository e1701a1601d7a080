/** Tiles: what a workgroup makes of a product, and how its invocations share that out. */
import { lanes } from "./prelude.ts";

export interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Of the block that an invocation holds; its columns are four. */
  readonly blockRows: 4 | 8;
  /** Into so many the inner dimension is split, each for workgroups of its own, where what comes after adds them up. */
  readonly parts: number;
}

/** How many invocations share an element's inner dimension. */
export function slicesOf({ rows, columns, blockRows }: Tile): number {
  return (lanes * 4 * blockRows) / (rows * columns);
}

/** Workgroups that make one part. */
export function tileGroups(
  { rows, columns }: { readonly rows: number; readonly columns: number },
  tile: Tile,
): number {
  return Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
}

/** vec4f of workgroup memory: for both factors, and then for the sums of four rows that slices exchange. */
export function tileMemory(tile: Tile): number {
  const { rows, columns, depth } = tile;
  return Math.max((depth / 4) * (rows + columns), slicesOf(tile) === 1 ? 0 : 4 * lanes);
}

/** The rows of a block, by their numbers. */
export function rowsOfBlock({ blockRows }: Tile): readonly number[] {
  return Array.from({ length: blockRows }, (_, row) => row);
}
