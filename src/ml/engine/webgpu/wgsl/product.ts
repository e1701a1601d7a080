/**
 * Matrix products, tile by tile: a workgroup makes `rows × columns` of the result, in workgroup memory `depth` of the
 * inner dimension at a time. Every invocation holds a block of 4 × 4; where a tile is too small to keep all busy so,
 * slices of them share out the inner dimension and their sums are added in a fixed order: the same bits every time.
 *
 * What may hold anything (columns that fill up a vec4f, rows beyond the batch) is left out wherever it would meet the
 * inner dimension, and nowhere else.
 */
import type { Job } from "./job.ts";
import { lanes } from "./prelude.ts";

export interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/** One factor, four values at a time. */
export interface Factor {
  /**
   * "inner": four neighbours along the inner dimension, of one row (or column) of the result.
   * "outer": four neighbouring rows (or columns), at one place of the inner dimension.
   */
  readonly along: "inner" | "outer";
  /** WGSL: the four values at (outer or quad of outer, quad of inner or inner); zero beyond the inner dimension. */
  readonly at: (outer: string, inner: string) => string;
}

export interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  readonly left: Factor;
  readonly right: Factor;
  /** WGSL statements before the product; may use group, lane, step. */
  readonly before?: string;
  /** WGSL statements that use up `value`, four columns from 4·quad on of a row; `row` and `quad` are inside the result. */
  readonly after: string;
  /** WGSL statements at the very end, in uniform control flow; may use the workgroup memory. */
  readonly finally?: string;
}

const blocksPerLane = 16;
const padding = 1;

/** How many invocations share an element's inner dimension. */
export function slicesOf({ rows, columns }: Tile): number {
  return (lanes * blocksPerLane) / (rows * columns);
}

export function tileGroups({ rows, columns }: Pick<Product, "rows" | "columns">, tile: Tile): number {
  return Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
}

export function productJob(product: Product, tile: Tile): Job {
  const { rows, columns, inner } = product;
  const slices = slicesOf(tile);
  const [rowQuads, columnQuads] = [tile.rows / 4, tile.columns / 4];
  const leftStride = rowQuads + padding;
  const rightStride = columnQuads + padding;
  const rightAt = tile.depth * leftStride;
  const blocks = rowQuads * columnQuads;
  const tilesAcross = Math.ceil(columns / tile.columns);
  const outputs = (tile.rows * tile.columns) / 4;
  const guarded = (statements: string) =>
    `if (row < ${rows}u && quad < ${Math.ceil(columns / 4)}u) { ${statements} }`;
  const source = (name: string) => `
fn ${name}(group: u32, lane: u32, step: u32) {
  let rowStart = (group / ${tilesAcross}u) * ${tile.rows}u;
  let quadStart = (group % ${tilesAcross}u) * ${columnQuads}u;
  let slice = lane / ${blocks}u;
  let block = lane % ${blocks}u;
  let blockRow = block / ${columnQuads}u;
  let blockColumn = block % ${columnQuads}u;
  ${product.before ?? ""}
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var start = 0u; start < ${inner}u; start += ${tile.depth}u) {
    ${loads(product.left, { stride: leftStride, at: 0, quads: rowQuads, outerStart: "rowStart", outer: rows, tile, inner })}
    ${loads(product.right, { stride: rightStride, at: rightAt, quads: columnQuads, outerStart: "(4u * quadStart)", outer: columns, tile, inner })}
    workgroupBarrier();
    for (var k = slice; k < ${tile.depth}u; k += ${slices}u) {
      let a = tile[k * ${leftStride}u + blockRow];
      let b = tile[${rightAt}u + k * ${rightStride}u + blockColumn];
      sum0 = fma(vec4f(a.x), b, sum0);
      sum1 = fma(vec4f(a.y), b, sum1);
      sum2 = fma(vec4f(a.z), b, sum2);
      sum3 = fma(vec4f(a.w), b, sum3);
    }
    workgroupBarrier();
  }
  ${slices === 1 ? direct() : exchanged()}
  ${product.finally ?? ""}
}`;

  function direct(): string {
    const each = [0, 1, 2, 3].map(
      (index) =>
        `{ let row = rowStart + 4u * blockRow + ${index}u; let value = sum${index}; ${guarded(product.after)} }`,
    );
    return `let quad = quadStart + blockColumn;\n  ${each.join("\n  ")}`;
  }

  /** Slice by slice and row by row into workgroup memory; then every invocation adds up some of the results. */
  function exchanged(): string {
    const keep = [0, 1, 2, 3].map(
      (index) =>
        `tile[slice * ${outputs}u + (4u * blockRow + ${index}u) * ${columnQuads}u + blockColumn] = sum${index};`,
    );
    return `${keep.join("\n  ")}
  workgroupBarrier();
  for (var output = lane; output < ${outputs}u; output += ${lanes}u) {
    let row = rowStart + output / ${columnQuads}u;
    let quad = quadStart + output % ${columnQuads}u;
    var value = tile[output];
    for (var other = 1u; other < ${slices}u; other++) { value += tile[other * ${outputs}u + output]; }
    ${guarded(product.after)}
  }
  workgroupBarrier();`;
  }

  const shared = Math.max(
    tile.depth * (leftStride + rightStride),
    slices === 1 ? 0 : slices * outputs,
    product.finally === undefined ? 0 : lanes,
  );
  return { groups: tileGroups(product, tile), shared, source };
}

interface Load {
  readonly stride: number;
  readonly at: number;
  readonly quads: number;
  readonly outerStart: string;
  readonly outer: number;
  readonly tile: Tile;
  readonly inner: number;
}

/** Fills one factor's part of the workgroup memory: [depth, stride] vec4f, four rows (or columns) in each. */
function loads(factor: Factor, { stride, at, quads, outerStart, outer, tile, inner }: Load): string {
  if (factor.along === "outer")
    return `for (var i = lane; i < ${tile.depth * quads}u; i += ${lanes}u) {
      let k = start + i / ${quads}u;
      let quad = ${outerStart} / 4u + i % ${quads}u;
      var loaded = vec4f();
      if (k < ${inner}u && quad < ${Math.ceil(outer / 4)}u) { loaded = ${factor.at("quad", "k")}; }
      tile[${at}u + (i / ${quads}u) * ${stride}u + i % ${quads}u] = loaded;
    }`;
  const innerQuads = tile.depth / 4;
  const load = (index: number) =>
    `var v${index} = vec4f();
      if (k4 < ${Math.ceil(inner / 4)}u && first + ${index}u < ${outer}u) { v${index} = ${factor.at(`(first + ${index}u)`, "k4")}; }`;
  return `for (var i = lane; i < ${innerQuads * quads}u; i += ${lanes}u) {
      let inside = i % ${innerQuads}u;
      let across = i / ${innerQuads}u;
      let k4 = start / 4u + inside;
      let first = ${outerStart} + 4u * across;
      ${[0, 1, 2, 3].map(load).join("\n      ")}
      let to = ${at}u + 4u * inside * ${stride}u + across;
      tile[to] = vec4f(v0.x, v1.x, v2.x, v3.x);
      tile[to + ${stride}u] = vec4f(v0.y, v1.y, v2.y, v3.y);
      tile[to + ${2 * stride}u] = vec4f(v0.z, v1.z, v2.z, v3.z);
      tile[to + ${3 * stride}u] = vec4f(v0.w, v1.w, v2.w, v3.w);
    }`;
}
