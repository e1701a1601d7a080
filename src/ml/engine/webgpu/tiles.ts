/** Which tile a product is made by: its size decides how many workgroups there are and how often each value is read. */
import { type Tile, tileMemory } from "./wgsl/tile.ts";

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

/** Of one part: the smaller, the more workgroups; the larger, the fewer reads. Every GPU has the memory for these. */
const commonTiles: readonly Tile[] = [
  tile(16, 16, 64),
  tile(16, 16, 128),
  tile(16, 32, 64),
  tile(32, 16, 64),
  tile(32, 32, 64),
  tile(32, 32, 32),
  tile(64, 32, 32),
  tile(64, 32, 32, 8),
  tile(64, 64, 16),
  tile(64, 64, 32, 8),
];

/** They wait less often, for more memory. */
const deepTiles: readonly Tile[] = [tile(16, 32, 128), tile(32, 16, 128)];

export const allTiles: readonly Tile[] = [...commonTiles, ...deepTiles];

const mostParts = 8;
/** Workgroups that parts should make: one or two for each of a large GPU's processors. */
const groupsOfParts = [128, 256] as const;

/**
 * Workgroups that a GPU should have, without parts and with. Large GPUs hold three of these on each of more than a hundred
 * processors. What cannot make so many, shares its dispatch with others best in a few. A
 * processor has fewer threads, takes long to compile large blocks, and gains nothing by parts.
 */
const untuned = {
  hardware: { enough: 300, enoughInParts: 256, parts: mostParts, few: tile(32, 32, 32), tiles: commonTiles },
  software: {
    enough: 4,
    enoughInParts: 4,
    parts: 1,
    few: tile(16, 16, 64),
    tiles: commonTiles.filter(({ blockRows }) => blockRows === 4),
  },
} as const;

/** The largest tile that still makes enough workgroups. */
export function untunedTiles(kind: keyof typeof untuned): Tiles {
  const { enough, enoughInParts, parts, few, tiles } = untuned[kind];
  return (shape) => {
    const least = shape.end === "chain" ? enoughInParts : enough;
    const variants = tiles.toReversed().map((each) => inParts(shape, each, enoughInParts, parts));
    return variants.find((each) => each.parts * groups(shape, each) >= least) ?? few;
  };
}

/**
 * The tiles worth measuring for a shape: none that is mostly empty, in one part and, where a chain adds them up, in as
 * many as the GPU may gain by. `workgroupMemory`: bytes that a workgroup can have there.
 */
export function tilesFor(shape: ProductShape, workgroupMemory: number): readonly Tile[] {
  const fitting = allTiles.filter(
    (each) =>
      16 * tileMemory(each) <= workgroupMemory &&
      each.rows < 2 * Math.max(16, shape.rows) &&
      each.columns < 2 * Math.max(16, shape.columns),
  );
  return fitting.flatMap((each) => {
    const counts = [1, ...groupsOfParts].map((wanted) => inParts(shape, each, wanted));
    return counts.filter(({ parts }, index) => counts.findIndex((other) => other.parts === parts) === index);
  });
}

/** A tile in as many parts as make about so many workgroups, where a chain adds them up; none of them empty. */
function inParts(shape: ProductShape, each: Tile, wanted: number, most = mostParts): Tile {
  if (shape.end !== "chain") return each;
  const chunks = Math.ceil(shape.inner / each.depth);
  const count = Math.min(chunks, most, Math.max(1, Math.round(wanted / groups(shape, each))));
  return { ...each, parts: Math.ceil(chunks / Math.ceil(chunks / count)) };
}

/** The tile of a name, as "32×32×64" or "64×32×32 by 8 in 5"; null where there is none such, or no name. */
export function tileIn(name: string | undefined): Tile | null {
  const counts = Array.from({ length: mostParts }, (_, index) => index + 1);
  const all = allTiles.flatMap((each) => counts.map((parts) => ({ ...each, parts })));
  return all.find((each) => tileName(each) === name) ?? null;
}

export function tileName({ rows, columns, depth, blockRows, parts }: Tile): string {
  return `${rows}×${columns}×${depth}${blockRows === 4 ? "" : ` by ${blockRows}`}${parts === 1 ? "" : ` in ${parts}`}`;
}

function tile(rows: number, columns: number, depth: number, blockRows: 4 | 8 = 4): Tile {
  return { rows, columns, depth, blockRows, parts: 1 };
}

function groups({ rows, columns }: ProductShape, each: Tile): number {
  return Math.ceil(rows / each.rows) * Math.ceil(columns / each.columns);
}
