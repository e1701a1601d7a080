/**
 * What lowering one operation has in common with lowering another: where matrices and layers lie, where rows come from,
 * which tile a product is made by, and what is to be added up at the step's end.
 */
import type { Network } from "../../model/network.ts";
import type { BatchMatrix, LayerParameters, Program } from "../../model/program.ts";
import type { MemoryMap } from "./memory-map.ts";
import type { ProductShape, Tiles } from "./tiles.ts";
import type { Job } from "./wgsl/job.ts";
import type { LayerProduct } from "./wgsl/layer-products.ts";
import { type PlacedLayer, type PlacedMatrix, type RowSource, rowQuad } from "./wgsl/matrix.ts";
import type { Partials } from "./wgsl/reduction.ts";
import type { PartialRows } from "./wgsl/rows.ts";
import type { Tile } from "./wgsl/tile.ts";

export interface LoweredJob {
  readonly name: string;
  readonly job: Job;
  readonly reads: readonly object[];
  readonly writes: readonly object[];
}

export interface LoweringOptions {
  /** "plain" runs one operation after the other: what fusion is tested against. */
  readonly program: "fused" | "plain";
  /** Rows that the program computes, at most those of the map: a training batch, or what is evaluated at a time. */
  readonly rows: number;
  /** Words in a step's result slot. */
  readonly slot: number;
  readonly tiles: Tiles;
}

/** A product that workgroups made in parts, for the chain that reads it first. */
export interface Unfinished {
  readonly rows: PartialRows;
  readonly reads: readonly object[];
}

export class Lowering {
  readonly network: Network;
  readonly options: LoweringOptions;
  /** Products in parts, by their result. */
  readonly unfinished = new Map<BatchMatrix, Unfinished>();
  /** What losses and divergences leave to be added up, as something to wait for. */
  readonly partialSums = { name: "partial sums" };
  readonly partials: Partials[] = [];
  readonly #map: MemoryMap;
  /** What `gather` fills, where kernels read the dataset themselves instead. */
  readonly #gathered: BatchMatrix | null;

  constructor(program: Program, network: Network, map: MemoryMap, options: LoweringOptions) {
    this.network = network;
    this.options = options;
    this.#map = map;
    const gather = program.operations.find((operation) => operation.kind === "gather");
    this.#gathered = options.program === "fused" && gather !== undefined ? gather.out : null;
  }

  get isFused(): boolean {
    return this.options.program === "fused";
  }

  layer(layer: LayerParameters): PlacedLayer {
    return this.#map.layer(layer);
  }

  matrix(matrix: BatchMatrix): PlacedMatrix {
    return this.#map.matrix(matrix);
  }

  /** Room for `length` vec4f that are part of no matrix; where it begins. */
  reserve(name: string, length: number): number {
    return this.#map.reserve(name, length);
  }

  source(matrix: BatchMatrix): RowSource {
    return matrix === this.#gathered
      ? { kind: "images", columns: this.network.pixels }
      : { kind: "matrix", matrix: this.#map.matrix(matrix) };
  }

  /** WGSL: what a loss compares `row` and `quad` with. */
  wanted(target: BatchMatrix): string {
    return rowQuad(this.source(target), "row", "quad");
  }

  /** What is waited for; the dataset never changes. */
  read(...things: readonly object[]): readonly object[] {
    return things.filter((thing) => thing !== this.#gathered);
  }

  /** Room for `count` partial sums of what ends up in `word` of the step's result slot. */
  countPartials(name: string, count: number, word: number): number {
    const at = this.reserve(name, count);
    this.partials.push({ at, count, word });
    return at;
  }

  /** `end`: what reads the result. */
  tile(
    kind: ProductShape["kind"],
    { rows, columns, inner }: LayerProduct,
    input: BatchMatrix,
    end: ProductShape["end"] = "matrix",
  ): Tile {
    const from = input === this.#gathered ? "images" : "matrix";
    const tile = this.options.tiles({ kind, rows, columns, inner, input: from, end });
    return end === "chain" ? tile : { ...tile, parts: 1 };
  }
}
