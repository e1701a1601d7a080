/** Factors of a product: where they are read, and how they lie in the workgroup memory. */
import { lanes } from "./prelude.ts";
import type { Tile } from "./tile.ts";

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
  /** WGSL: the four values in it. Used when the loads of both factors are on their way. */
  readonly values: (raw: string, quad: string) => string;
}

/**
 * One factor's part of the workgroup memory, as it lies in memory. "inner": [rows, depth / 4], each row turned by its
 * block's number, so that invocations which read neighbouring blocks meet in no bank. "outer": [depth, rows / 4].
 */
export class FactorTile {
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

  /** WGSL: from memory into registers, from place `start` of the inner dimension on; `until`: where that ends. */
  load(until: string): string {
    const { along, place, at, raw } = this.#factor;
    const name = this.#name;
    return this.#each((index) => {
      const register = `${name}${index}`;
      const from = `${name}Place${index}`;
      if (along === "inner") {
        const k4 = `(start / 4u + ${name}Quad)`;
        return `${register} = ${raw}(); if (4u * ${k4} < ${until}) { ${register} = ${at(from, k4)}; }`;
      }
      // Where the next row begins may have to be read as well: that is then a chunk ahead of the row.
      const k = `start + ${this.#row(index)}`;
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

  /**
   * WGSL: reads what a block needs at four places of the inner dimension from 4·k4 on, as far as a vec4f holds values of
   * all four. Where one holds values of a single place, it is read by readAt(k), shortly before it is used: not every
   * compiler moves reads, and each that is made early takes registers until then.
   */
  read(): string {
    const name = this.#name;
    if (this.#factor.along === "outer")
      return `let ${name}At = ${this.#at}u + k4 * ${4 * this.#quads}u + ${this.#block} * ${this.#perBlock / 4}u;`;
    const rows = Array.from(
      { length: this.#perBlock },
      (_, row) => `let ${name}Row${row} = tile[${name}At + ${row * this.#quads}u];`,
    );
    return [
      `let ${name}At = ${this.#at}u + ${this.#block} * ${this.#perBlock * this.#quads}u + ((k4 + ${this.#block}) % ${this.#quads}u);`,
      ...rows,
    ].join("\n      ");
  }

  /** WGSL: what `read` has left for the `k`-th place. */
  readAt(k: number): string {
    if (this.#factor.along === "inner") return "";
    const name = this.#name;
    const rows = Array.from(
      { length: this.#perBlock / 4 },
      (_, quad) => `let ${name}Row${quad} = tile[${name}At + ${k * this.#quads + quad}u];`,
    );
    return rows.join(" ");
  }

  /** WGSL: of what was read, row (or column) `row` of the block at the `k`-th place, where readAt(k) is in scope. */
  value(row: number, k: number): string {
    return this.#factor.along === "inner"
      ? `${this.#name}Row${row}.${"xyzw".charAt(k)}`
      : `${this.#name}Row${Math.floor(row / 4)}.${"xyzw".charAt(row % 4)}`;
  }

  /** WGSL: a vec4f of the block's first four. */
  values(k: number): string {
    if (this.#factor.along === "outer") return `${this.#name}Row0`;
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
