/**
 * Matrix products, tile by tile: a workgroup makes `rows × columns` of the result, in workgroup memory `depth` of the
 * inner dimension at a time. Every invocation holds a block of 4 × 4 or 8 × 4; where a tile is too small to keep all
 * busy so, slices of them share out the inner dimension and their sums are added in a fixed order: the same bits every
 * time.
 *
 * Nothing is loaded while something else is multiplied: other workgroups compute meanwhile, and the registers that it
 * takes to load ahead leave room for fewer of those. An H200 lost a twentieth of its time by it.
 *
 * What may hold anything (columns that fill up a vec4f, rows beyond the batch) is left out wherever it would meet the
 * inner dimension, and nowhere else.
 */
import { type Ended, Ending } from "./ending.ts";
import { type Factor, FactorTile } from "./factor-tile.ts";
import type { Job } from "./job.ts";
import { lanes } from "./prelude.ts";
import { rowsOfBlock, slicesOf, type Tile, tileGroups, tileMemory } from "./tile.ts";

export interface Product extends Ended {
  readonly inner: number;
  readonly left: Factor;
  readonly right: Factor;
  /** WGSL, a u32: where the inner dimension ends in this step, at most `inner`. Left out: there. */
  readonly until?: string;
  /** WGSL statements before the product; may use group, lane, step. */
  readonly before?: string;
  /** WGSL statements at the very end, in uniform control flow; may use the workgroup memory. */
  readonly finally?: string;
}

export function productJob(product: Product, tile: Tile): Job {
  const { columns, inner } = product;
  const slices = slicesOf(tile);
  const columnQuads = tile.columns / 4;
  const blocks = (tile.rows * tile.columns) / (4 * tile.blockRows);
  const tilesAcross = Math.ceil(columns / tile.columns);
  const groups = tileGroups(product, tile);
  const span = Math.ceil(Math.ceil(inner / tile.depth) / tile.parts) * tile.depth;
  const left = new FactorTile(product.left, "left", tile, 0, "rowStart", product.rows);
  const right = new FactorTile(product.right, "right", tile, left.length, "4u * quadStart", columns);
  const ending = new Ending(product, tile);
  const until = product.until ?? `${inner}u`;
  const load = [left, right].map((factor) => factor.load(until)).join("\n    ");
  const source = (name: string) => `
fn ${name}(group: u32, lane: u32, step: u32) {
  let part = group / ${groups}u;
  let rowStart = (group % ${groups}u / ${tilesAcross}u) * ${tile.rows}u;
  let quadStart = (group % ${groups}u % ${tilesAcross}u) * ${columnQuads}u;
  let slice = lane / ${blocks}u;
  let blockRow = lane % ${blocks}u / ${columnQuads}u;
  let blockColumn = lane % ${columnQuads}u;
  ${product.before ?? ""}
  var start = part * ${span}u;
  let end = min(start + ${span}u, ${inner}u);
  ${left.begin()}
  ${right.begin()}
  ${load}
  ${ending.begin()}
  ${rowsOfBlock(tile)
    .map((row) => `var sum${row} = vec4f();`)
    .join(" ")}
  loop {
    ${left.store()}
    ${right.store()}
    workgroupBarrier();
    ${multiplied(left, right, tile)}
    start += ${tile.depth}u;
    if (start >= end) { break; }
    ${load}
    workgroupBarrier();
  }
  ${slices === 1 ? ending.direct() : ending.exchanged(slices, blocks)}
  ${product.finally ?? ""}
}`;
  const shared = Math.max(tileMemory(tile), product.finally === undefined ? 0 : lanes);
  return { groups: groups * tile.parts, shared, source };
}

/** Four places of the inner dimension at a time, every slice its own. */
function multiplied(left: FactorTile, right: FactorTile, tile: Tile): string {
  const slices = slicesOf(tile);
  const turns = tile.depth / 4 / slices;
  const steps = [0, 1, 2, 3].map((k) => {
    const sums = rowsOfBlock(tile).map(
      (row) => `sum${row} = fma(vec4f(${left.value(row, k)}), b, sum${row});`,
    );
    return `{ ${left.readAt(k)} ${right.readAt(k)} let b = ${right.values(k)}; ${sums.join(" ")} }`;
  });
  const body = `${left.read()}
      ${right.read()}
      ${steps.join("\n      ")}`;
  return turns === 1
    ? `{ let k4 = slice;
      ${body}
    }`
    : `for (var turn = 0u; turn < ${turns}u; turn++) {
      let k4 = turn * ${slices}u + slice;
      ${body}
    }`;
}
