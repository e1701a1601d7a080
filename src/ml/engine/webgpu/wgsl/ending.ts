/** The end of a product: slices' sums are added up, and every value is used up. */
import { slicesOf, type Tile } from "./tile.ts";

/** What the end knows of a product. */
export interface Ended {
  readonly rows: number;
  readonly columns: number;
  /** What `after` reads, by its name in there: WGSL of a vec4f at `row` and `quad`, loaded before the product. */
  readonly given?: Readonly<Record<string, string>>;
  /**
   * WGSL statements that use up `value`, four columns from 4·quad on of a row; `row` and `quad` are inside the result.
   * Where the inner dimension is split, `part` says which part of it this is.
   */
  readonly after: string;
}

/** vec4f that may wait in registers for the end of a product. */
const mostGiven = 12;

/**
 * What becomes of the sums. Every invocation ends up to four rows of each half of its block's, those that its slice
 * stands for: of one slice all, of four or more one.
 */
export class Ending {
  readonly #product: Ended;
  readonly #tile: Tile;
  readonly #halves: number;
  readonly #rowsEach: number;
  readonly #slices: number;

  constructor(product: Ended, tile: Tile) {
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
