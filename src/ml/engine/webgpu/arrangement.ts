/**
 * Which tile makes which product, as a text that is kept with a run: a tile's slices share out the terms of a sum, so
 * the same tiles make the same bits, whatever is found to be the fastest later.
 */
import * as z from "zod/mini";
import { tileIn, tileName } from "./tiles.ts";
import type { Tile } from "./wgsl/tile.ts";

const schema = z.object({
  /** Another GPU sums otherwise in any case, and has other fastest tiles. */
  gpu: z.string(),
  /** Names of tiles by product. */
  tiles: z.record(z.string(), z.string()),
});

/** The tiles that an earlier session had on this GPU; none where the text is another engine's or GPU's. */
export function arrangedTiles(text: string | null, gpu: string): ReadonlyMap<string, Tile> {
  const { success, data } = schema.safeParse(jsonOf(text));
  const tiles = new Map<string, Tile>();
  if (!success || data.gpu !== gpu) return tiles;
  for (const [product, name] of Object.entries(data.tiles)) {
    const tile = tileIn(name);
    if (tile !== null) tiles.set(product, tile);
  }
  return tiles;
}

/** The text for these tiles, by product. */
export function arrangementOf(gpu: string, tiles: ReadonlyMap<string, Tile>): string {
  const names = [...tiles].map(([product, tile]) => [product, tileName(tile)]);
  return JSON.stringify({ gpu, tiles: Object.fromEntries(names) } satisfies z.infer<typeof schema>);
}

function jsonOf(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
