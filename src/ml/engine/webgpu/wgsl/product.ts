/**
 * Matrix products, tile by tile: a workgroup makes `rows × columns` of the result, in workgroup memory `depth` of the
 * inner dimension at a time, of which the next is loaded into registers meanwhile. Every invocation holds a block of
 * 4 × 4 or 8 × 4; where a tile is too small to keep all busy so, slices of them share out the inner dimension and their
 * sums are added in a fixed order: the same bits every time.
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
  /** Of the block that an invocation holds; its columns are four. */
  readonly blockRows: 4 | 8;
  /** Into so many the inner dimension is split, each for workgroups of its own, where what comes after adds them up. */
  readonly parts: number;
}

/** One factor: rows of vec4f somewhere in memory. */
export interface Factor {
  /**
   * "inner": such a row is one row (or column) of the result, and goes along the inner dimension.
   * "outer": it is one place of the inner dimension, and goes along the result's rows (or columns).
   */
  readonly along: "inner" | "outer";
  /** WGSL, a u32: where row `row` begins. */
  readonly place: (row: string) => string;
  /** WGSL: what memory holds of four values at `quad` of the row at `place`; zero beyond the inner dimension. */
  readonly at: (place: string, quad: string) => string;
  /** Its type, whose zero stands for four zeros. */
  readonly raw: "vec4f" | "u32";
  /** WGSL: the four values in it. By then it has come: nobody waits for it as soon as it is asked for. */
  readonly values: (raw: string, quad: string) => string;
}

export interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  readonly left: Factor;
  readonly right: Factor;
  /** WGSL, a u32: where the inner dimension ends in this step, at most `inner`. Left out: there. */
  readonly until?: string;
  /** WGSL statements before the product; may use group, lane, step. */
  readonly before?: string;
  /** What `after` reads, by its name in there: WGSL of a vec4f at `row` and `quad`, loaded before the product. */
  readonly given?: Readonly<Record<string, string>>;
  /**
   * WGSL statements that use up `value`, four columns from 4·quad on of a row; `row` and `quad` are inside the result.
   * Where the inner dimension is split, `part` says which part of it this is.
   */
  readonly after: string;
  /** WGSL statements at the very end, in uniform control flow; may use the workgroup memory. */
  readonly finally?: string;
}

/** vec4f that may wait in registers for the end of a product. */
const mostGiven = 12;

/** How many invocations share an element's inner dimension. */
export function slicesOf({ rows, columns, blockRows }: Tile): number {
  return (lanes * 4 * blockRows) / (rows * columns);
}

/** Workgroups that make one part. */
export function tileGroups({ rows, columns }: Pick<Product, "rows" | "columns">, tile: Tile): number {
  return Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
}

/** vec4f of workgroup memory that both factors take. */
export function tileMemory({ rows, columns, depth }: Tile): number {
  return (depth / 4) * (rows + columns);
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
  const load = (start: string) =>
    [left, right].map((factor) => factor.load(start, product.until ?? `${inner}u`)).join("\n    ");
  const store = `${left.store()}
    ${right.store()}`;
  const multiply = multiplied(left, right, tile);
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
  ${left.begin()}
  ${right.begin()}
  ${load("start")}
  ${ending.begin()}
  ${rowsOfBlock(tile)
    .map((row) => `var sum${row} = vec4f();`)
    .join(" ")}
  ${store}
  ${
    span === tile.depth
      ? `workgroupBarrier();
  ${multiply}`
      : `let end = min(start + ${span}u, ${inner}u);
  loop {
    workgroupBarrier();
    start += ${tile.depth}u;
    if (start < end) { ${load("start")} }
    ${multiply}
    if (start >= end) { break; }
    workgroupBarrier();
    ${store}
  }`
  }
  ${slices === 1 ? ending.direct() : ending.exchanged(slices, blocks)}
  ${product.finally ?? ""}
}`;
  const shared = Math.max(
    left.length + right.length,
    slices === 1 ? 0 : 4 * blocks * slices,
    product.finally === undefined ? 0 : lanes,
  );
  return { groups: groups * tile.parts, shared, source };
}

/**
 * One factor's part of the workgroup memory, as it lies in memory. "inner": [rows, depth / 4], each row turned by its
 * block's number, so that invocations which read neighbouring blocks meet in no bank. "outer": [depth, rows / 4].
 */
class FactorTile {
  readonly length: number;
  readonly #factor: Factor;
  readonly #name: string;
  readonly #at: number;
  readonly #outerStart: string;
  readonly #outer: number;
  readonly #depth: number;
  /** vec4f in a row of it. */
  readonly #quads: number;
  /** Rows (or columns) of the result that a block has. */
  readonly #perBlock: number;
  readonly #block: string;

  constructor(
    factor: Factor,
    name: "left" | "right",
    tile: Tile,
    at: number,
    outerStart: string,
    outer: number,
  ) {
    const size = name === "left" ? tile.rows : tile.columns;
    this.length = (size * tile.depth) / 4;
    if (this.length % lanes !== 0) throw new RangeError("every invocation loads as much as any other");
    this.#factor = factor;
    this.#name = name;
    this.#at = at;
    this.#outerStart = outerStart;
    this.#outer = outer;
    this.#depth = tile.depth;
    this.#quads = (factor.along === "inner" ? tile.depth : size) / 4;
    this.#perBlock = name === "left" ? tile.blockRows : 4;
    this.#block = name === "left" ? "blockRow" : "blockColumn";
  }

  /** WGSL: what does not change from load to load. */
  begin(): string {
    const name = this.#name;
    const quad = `lane % ${this.#quads}u`;
    if (this.#factor.along === "outer")
      return `let ${name}Quad = min((${this.#outerStart}) / 4u + ${quad}, ${Math.ceil(this.#outer / 4) - 1}u);
  ${this.#each((index) => `var ${name}${index} = ${this.#factor.raw}(); var ${name}Place${index} = ${this.#factor.place(`(start + ${this.#row(index)})`)};`)}`;
    return `let ${name}Quad = ${quad};
  ${this.#each(
    (index) => `var ${name}${index} = ${this.#factor.raw}();
  let ${name}Place${index} = ${this.#factor.place(`min(${this.#outerStart} + ${this.#row(index)}, ${this.#outer - 1}u)`)};`,
  )}`;
  }

  /** WGSL: from memory into registers, from place `start` of the inner dimension on. */
  load(start: string, until: string): string {
    const { along, place, at, raw } = this.#factor;
    const name = this.#name;
    return this.#each((index) => {
      const register = `${name}${index}`;
      const from = `${name}Place${index}`;
      if (along === "inner") {
        const k4 = `(${start} / 4u + ${name}Quad)`;
        return `${register} = ${raw}(); if (4u * ${k4} < ${until}) { ${register} = ${at(from, k4)}; }`;
      }
      // Where the next row begins may have to be read as well: that is then a chunk ahead of the row.
      const k = `${start} + ${this.#row(index)}`;
      return `${register} = ${raw}(); if (${k} < ${until}) { ${register} = ${at(from, `${name}Quad`)}; }
    ${from} = ${place(`(${k} + ${this.#depth}u)`)};`;
    });
  }

  /** WGSL: from registers into the workgroup memory. */
  store(): string {
    return this.#each((index) => {
      const values = this.#factor.values(`${this.#name}${index}`, `${this.#name}Quad`);
      if (this.#factor.along === "outer") return `tile[${this.#at + index * lanes}u + lane] = ${values};`;
      const row = this.#row(index);
      return `tile[${this.#at}u + (${row}) * ${this.#quads}u + ((lane + (${row}) / ${this.#perBlock}u) % ${this.#quads}u)] = ${values};`;
    });
  }

  /** WGSL: reads what a block needs at four places of the inner dimension from 4·k4 on. */
  read(): string {
    const values: string[] = [];
    if (this.#factor.along === "inner") {
      values.push(
        `let ${this.#name}At = ${this.#at}u + ${this.#block} * ${this.#perBlock * this.#quads}u + ((k4 + ${this.#block}) % ${this.#quads}u);`,
      );
      for (let row = 0; row < this.#perBlock; row++)
        values.push(`let ${this.#name}Row${row} = tile[${this.#name}At + ${row * this.#quads}u];`);
    } else {
      const perBlock = this.#perBlock / 4;
      values.push(
        `let ${this.#name}At = ${this.#at}u + k4 * ${4 * this.#quads}u + ${this.#block} * ${perBlock}u;`,
      );
      for (let k = 0; k < 4; k++)
        for (let quad = 0; quad < perBlock; quad++)
          values.push(
            `let ${this.#name}Row${k * perBlock + quad} = tile[${this.#name}At + ${k * this.#quads + quad}u];`,
          );
    }
    return values.join("\n      ");
  }

  /** WGSL: of what was read, row (or column) `row` of the block at the `k`-th place. */
  value(row: number, k: number): string {
    return this.#factor.along === "inner"
      ? `${this.#name}Row${row}.${"xyzw".charAt(k)}`
      : `${this.#name}Row${(k * this.#perBlock) / 4 + Math.floor(row / 4)}.${"xyzw".charAt(row % 4)}`;
  }

  /** WGSL: a vec4f of the block's first four. */
  values(k: number): string {
    if (this.#factor.along === "outer") return `${this.#name}Row${(k * this.#perBlock) / 4}`;
    return `vec4f(${[0, 1, 2, 3].map((row) => this.value(row, k)).join(", ")})`;
  }

  /** WGSL: the row that an invocation loads as its index-th. */
  #row(index: number): string {
    return `(lane / ${this.#quads}u + ${(index * lanes) / this.#quads}u)`;
  }

  #each(statement: (index: number) => string): string {
    return Array.from({ length: this.length / lanes }, (_, index) => statement(index)).join("\n    ");
  }
}

/** Four places of the inner dimension at a time, every slice its own. */
function multiplied(left: FactorTile, right: FactorTile, tile: Tile): string {
  const slices = slicesOf(tile);
  const turns = tile.depth / 4 / slices;
  const steps = [0, 1, 2, 3].map((k) => {
    const sums = rowsOfBlock(tile).map(
      (row) => `sum${row} = fma(vec4f(${left.value(row, k)}), b, sum${row});`,
    );
    return `{ let b = ${right.values(k)}; ${sums.join(" ")} }`;
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

/**
 * What becomes of the sums. Every invocation ends up to four rows of each half of its block's, those that its slice
 * stands for: of one slice all, of four or more one.
 */
class Ending {
  readonly #product: Product;
  readonly #tile: Tile;
  readonly #halves: number;
  readonly #rowsEach: number;
  readonly #slices: number;

  constructor(product: Product, tile: Tile) {
    this.#product = product;
    this.#tile = tile;
    this.#halves = tile.blockRows / 4;
    this.#slices = slicesOf(tile);
    this.#rowsEach = Math.max(1, 4 / this.#slices);
  }

  get #given(): readonly (readonly [string, string])[] {
    return Object.entries(this.#product.given ?? {});
  }

  /** Loads are on their way while the product is made, as long as there are registers for them. */
  get #isEarly(): boolean {
    return this.#given.length * this.#halves * this.#rowsEach <= mostGiven;
  }

  begin(): string {
    const { rows, columns } = this.#product;
    const quads = Math.ceil(columns / 4);
    const places = this.#eachPlace((half, index) => {
      const name = `${half}${index}`;
      const ends = this.#slices > 4 ? "slice < 4u && " : "";
      return `let row${name} = rowStart + blockRow * ${this.#tile.blockRows}u + ${4 * half}u + ${this.#rowIn(index)};
  let ends${name} = ${ends}row${name} < ${rows}u && quad < ${quads}u;
  ${this.#isEarly ? this.#loads(name) : ""}`;
    });
    return `let quad = quadStart + blockColumn;
  ${places}`;
  }

  direct(): string {
    return this.#eachPlace((half, index) => this.#end(half, index, `let value = sum${4 * half + index};`));
  }

  /** Half by half into the workgroup memory: [slice, row, block]. */
  exchanged(slices: number, blocks: number): string {
    const halves = Array.from({ length: this.#halves }, (_, half) => {
      const keep = [0, 1, 2, 3].map(
        (row) => `tile[(slice * 4u + ${row}u) * ${blocks}u + lane % ${blocks}u] = sum${4 * half + row};`,
      );
      const ends = Array.from({ length: this.#rowsEach }, (_, index) => {
        const value = `let output = ${this.#rowIn(index)} * ${blocks}u + lane % ${blocks}u;
      var value = tile[output];
      for (var other = 1u; other < ${slices}u; other++) { value += tile[output + other * ${4 * blocks}u]; }`;
        return this.#end(half, index, value);
      });
      return `${keep.join("\n  ")}
  workgroupBarrier();
  ${ends.join("\n  ")}`;
    });
    return `workgroupBarrier();
  ${halves.join("\n  workgroupBarrier();\n  ")}`;
  }

  #end(half: number, index: number, value: string): string {
    const name = `${half}${index}`;
    const given = this.#isEarly
      ? this.#given.map(([what]) => `let ${what} = ${what}${name};`)
      : this.#given.map(([what, from]) => `let ${what} = ${from};`);
    return `if (ends${name}) { let row = row${name}; ${given.join(" ")} ${value} ${this.#product.after} }`;
  }

  #loads(name: string): string {
    if (this.#given.length === 0) return "";
    const registers = this.#given.map(([what]) => `var ${what}${name} = vec4f();`);
    const loads = this.#given.map(([what, from]) => `${what}${name} = ${from};`);
    return `${registers.join(" ")}
  if (ends${name}) { let row = row${name}; ${loads.join(" ")} }`;
  }

  /** WGSL: which of four rows is the invocation's index-th. */
  #rowIn(index: number): string {
    return this.#slices === 1 ? `${index}u` : `(slice + ${index * this.#slices}u)`;
  }

  #eachPlace(statements: (half: number, index: number) => string): string {
    const places = Array.from({ length: this.#halves * this.#rowsEach }, (_, place) =>
      statements(Math.floor(place / this.#rowsEach), place % this.#rowsEach),
    );
    return places.join("\n  ");
  }
}

function rowsOfBlock({ blockRows }: Tile): readonly number[] {
  return Array.from({ length: blockRows }, (_, row) => row);
}
