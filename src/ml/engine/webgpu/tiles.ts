/** Which tile a product is made by: its size decides how many workgroups there are and how often each value is read. */
import { type Tile, tileMemory } from "./wgsl/product.ts";

export interface ProductShape {
  readonly kind: "forward" | "inputGradient" | "update";
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  /** Where the batch's rows come from. */
  readonly input: "matrix" | "images";
  /** What reads the result. A chain can add up parts of it; the loss takes them as they are. */
  readonly end: "matrix" | "loss" | "chain";
}

export type Tiles = (shape: ProductShape) => Tile;

/** Of one part: the smaller, the more workgroups; the larger, the fewer reads. */
const commonTiles: readonly Tile[] = [
  tile(16, 16, 64),
  tile(16, 32, 64),
  tile(32, 16, 64),
  tile(32, 32, 32),
  tile(32, 32, 64, 8),
  tile(32, 64, 32),
  tile(64, 32, 32),
  tile(64, 64, 16),
  tile(64, 64, 32, 8),
];

/** They wait less often, and take all of the memory that every GPU has for a workgroup, or more. */
const deepTiles: readonly Tile[] = [tile(16, 16, 128), tile(16, 32, 128), tile(32, 32, 128)];

export const allTiles: readonly Tile[] = [...commonTiles, ...deepTiles];

const parts = [1, 2, 4, 8];
/** Workgroups that parts should make: fewer would be better made by a smaller tile, more are only more to add up. */
const [fewestGroups, mostGroups] = [128, 1600] as const;

/**
 * Workgroups that keep a large GPU busy, and those that a processor has threads for. Parts multiply them; a processor,
 * which takes long to compile large blocks, does without both.
 */
const untuned = {
  hardware: { enough: 192, enoughParts: 600, tiles: commonTiles },
  software: { enough: 4, enoughParts: 0, tiles: commonTiles.filter(({ blockRows }) => blockRows === 4) },
} as const;

/** The largest tile that still makes enough workgroups, else the smallest. */
export function untunedTiles(kind: keyof typeof untuned): Tiles {
  const { enough, enoughParts, tiles } = untuned[kind];
  return (shape) => {
    const found = tiles.toReversed().find((each) => groups(shape, each) >= enough) ?? tiles[0];
    if (found === undefined) throw new RangeError("there are tiles");
    const all = variantsOf(shape, found);
    return all.find((each) => each.parts * groups(shape, each) >= enoughParts) ?? all.at(-1) ?? found;
  };
}

/**
 * The tiles worth measuring for a shape: none that is mostly empty, and as many parts as the GPU may gain by.
 * `workgroupMemory`: bytes that a workgroup can have there.
 */
export function tilesFor(shape: ProductShape, workgroupMemory: number): readonly Tile[] {
  const fitting = allTiles.filter(
    (each) =>
      16 * tileMemory(each) <= workgroupMemory &&
      each.rows < 2 * Math.max(16, shape.rows) &&
      each.columns < 2 * Math.max(16, shape.columns),
  );
  return fitting.flatMap((each) => variantsOf(shape, each));
}

/** A tile in one part and, where a chain adds them up, in more. */
function variantsOf(shape: ProductShape, each: Tile): readonly Tile[] {
  const isWorth = (count: number) => {
    const all = count * groups(shape, each);
    return (
      shape.end === "chain" &&
      count <= Math.ceil(shape.inner / each.depth) &&
      all >= fewestGroups &&
      all <= mostGroups
    );
  };
  return parts.filter((count) => count === 1 || isWorth(count)).map((count) => ({ ...each, parts: count }));
}

/** The tile of a name, as "32×64×32" or "32×32×64 by 8 in 4"; null where there is none such, or no name. */
export function tileIn(name: string | undefined): Tile | null {
  const all = allTiles.flatMap((each) => parts.map((count) => ({ ...each, parts: count })));
  return all.find((each) => tileName(each) === name) ?? null;
}

export function tileName({ rows, columns, depth, blockRows, parts: count }: Tile): string {
  return `${rows}×${columns}×${depth}${blockRows === 4 ? "" : ` by ${blockRows}`}${count === 1 ? "" : ` in ${count}`}`;
}

function tile(rows: number, columns: number, depth: number, blockRows: 4 | 8 = 4): Tile {
  return { rows, columns, depth, blockRows, parts: 1 };
}

function groups({ rows, columns }: ProductShape, each: Tile): number {
  return Math.ceil(rows / each.rows) * Math.ceil(columns / each.columns);
}
