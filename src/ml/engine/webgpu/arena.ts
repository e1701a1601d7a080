/**
 * Placing regions in an arena, one large GPU buffer: each on a boundary that memory is fetched by, and never right
 * beside another, so that what is written beyond a region's end can be seen (test/engine) and harms nobody.
 */
import type { ArenaName } from "./wgsl/prelude.ts";

/** vec4f in 128 bytes. */
const boundary = 8;

export interface Region {
  readonly arena: ArenaName;
  readonly name: string;
  /** In vec4f. */
  readonly at: number;
  readonly length: number;
}

export class Arena {
  readonly name: ArenaName;
  readonly regions: Region[] = [];
  #end = 1;

  constructor(name: ArenaName) {
    this.name = name;
  }

  /** Room for `length` vec4f; where it begins. */
  reserve(name: string, length: number): number {
    const at = Math.ceil(this.#end / boundary) * boundary;
    this.regions.push({ arena: this.name, name, at, length });
    this.#end = at + length + 1;
    return at;
  }

  /** In vec4f, with a gap after the last region. */
  get length(): number {
    return this.#end;
  }
}
