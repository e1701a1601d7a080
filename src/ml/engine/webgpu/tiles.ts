/** Which tile a product is made by: its size decides how many workgroups there are and how often each value is read. */
import type { Tile } from "./wgsl/product.ts";

export type ProductKind = "forward" | "inputGradient" | "update";

export interface ProductShape {
  readonly kind: ProductKind;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

export type Tiles = (shape: ProductShape) => Tile;

/** All that are tried: the smaller, the more workgroups; the larger, the fewer reads. */
export const allTiles: readonly Tile[] = [
  { rows: 16, columns: 16, depth: 64 },
  { rows: 16, columns: 32, depth: 64 },
  { rows: 32, columns: 16, depth: 64 },
  { rows: 32, columns: 32, depth: 32 },
  { rows: 32, columns: 64, depth: 32 },
  { rows: 64, columns: 32, depth: 32 },
  { rows: 64, columns: 64, depth: 16 },
];

/** Workgroups that keep a large GPU busy, and those that a processor has threads for. */
const enoughGroups = { hardware: 192, software: 4 } as const;

/** The largest tile that still makes enough workgroups, else the smallest. */
export function untunedTiles(kind: keyof typeof enoughGroups): Tiles {
  return ({ rows, columns }) => {
    const groups = (tile: Tile) => Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
    const found = allTiles.toReversed().find((tile) => groups(tile) >= enoughGroups[kind]) ?? allTiles[0];
    if (found === undefined) throw new RangeError("there are tiles");
    return found;
  };
}

/** The tile of a name, as "32×64×32"; null where there is none such, or no name. */
export function tileIn(name: string | undefined): Tile | null {
  return allTiles.find((tile) => tileName(tile) === name) ?? null;
}

export function tileName({ rows, columns, depth }: Tile): string {
  return `${rows}×${columns}×${depth}`;
}
