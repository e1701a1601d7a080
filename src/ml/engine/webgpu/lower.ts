/**
 * Lowering: a Program's operations become jobs, kernels of WGSL made for their shapes, each with what it reads and
 * writes, from which module.ts finds out what may run side by side.
 */
import type { Network } from "../../model/network.ts";
import type { BatchMatrix, LayerParameters, Operation, Program } from "../../model/program.ts";
import { type ChainOperation, chainFrom, inputOf, isChainInput } from "./chains.ts";
import { KL, RECONSTRUCTION, SQUARES } from "./control-words.ts";
import type { MemoryMap } from "./memory-map.ts";
import type { ProductShape, Tiles } from "./tiles.ts";
import { activated, throughActivation } from "./wgsl/activations.ts";
import { eachLoss, eachQuad, groupsFor, storePartial } from "./wgsl/elementwise.ts";
import type { Job } from "./wgsl/job.ts";
import {
  columnsIn,
  latentStatisticsJob,
  meanQuad,
  noiseQuad,
  sampleGradientQuad,
  sampleQuad,
} from "./wgsl/latent.ts";
import { backwardProduct, forwardProduct, type LayerProduct, updateProduct } from "./wgsl/layer-products.ts";
import { lossVariables, pixelError, reconstructionLoss } from "./wgsl/losses.ts";
import { layerQuad, matrixQuad, type PlacedLayer, type RowSource, rowQuad } from "./wgsl/matrix.ts";
import { productJob, type Tile, tileGroups } from "./wgsl/product.ts";
import { type Partials, sumOverGroup, totalsJob } from "./wgsl/reduction.ts";
import { chainJob, type PartialRows, type Stage } from "./wgsl/rows.ts";
import { adamOperands, adamStep } from "./wgsl/update.ts";

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

/** What is made of a product, element by element. */
interface Finish {
  /** What it reads, by its name. */
  readonly given: Readonly<Record<string, string>>;
  /** WGSL statements before, and the finished value. */
  readonly before?: string;
  readonly value: string;
  readonly reads: readonly object[];
}

interface Unfinished {
  readonly rows: PartialRows;
  readonly reads: readonly object[];
}

export function lower(
  program: Program,
  network: Network,
  map: MemoryMap,
  options: LoweringOptions,
): readonly LoweredJob[] {
  return new Lowering(program, network, map, options).jobs();
}

class Lowering {
  readonly #program: Program;
  readonly #network: Network;
  readonly #map: MemoryMap;
  readonly #options: LoweringOptions;
  /** What `gather` fills, where kernels read the dataset themselves instead. */
  readonly #gathered: BatchMatrix | null;
  readonly #partials: Partials[] = [];
  /** Products that workgroups make in parts, by their result, which the chain that reads it first finishes. */
  readonly #parts = new Map<BatchMatrix, Unfinished>();
  /** What losses and divergences leave to be added up, as something to wait for. */
  readonly #partialSums = { name: "partial sums" };

  constructor(program: Program, network: Network, map: MemoryMap, options: LoweringOptions) {
    this.#program = program;
    this.#network = network;
    this.#map = map;
    this.#options = options;
    const gather = program.operations.find((operation) => operation.kind === "gather");
    this.#gathered = options.program === "fused" && gather !== undefined ? gather.out : null;
  }

  jobs(): readonly LoweredJob[] {
    const { operations } = this.#program;
    const jobs: LoweredJob[] = [];
    for (let next = 0; next < operations.length; ) {
      const operation = operations[next];
      if (operation === undefined) break;
      const chain = this.#options.program === "fused" ? chainFrom(operations, next) : [];
      if (chain.length > 0) jobs.push(this.#chain(chain));
      else if (this.#options.program === "fused" && isChainInput(operations, next))
        jobs.push(this.#operation(operation, "chain"));
      else if (operation.kind !== "gather" || this.#gathered === null) jobs.push(this.#operation(operation));
      next += Math.max(1, chain.length);
    }
    if (this.#partials.length > 0)
      jobs.push({
        name: "totals",
        job: totalsJob(this.#partials, this.#options.slot),
        reads: [this.#partialSums],
        writes: [],
      });
    return jobs;
  }

  /** `end`: what reads the result of a product. */
  #operation(operation: Operation, end: "matrix" | "chain" = "matrix"): LoweredJob {
    const network = this.#network;
    const { rows } = this.#options;
    const name = operation.kind;
    switch (operation.kind) {
      case "gather": {
        const out = this.#map.matrix(operation.out);
        const images: RowSource = { kind: "images", columns: out.columns };
        const body = `${matrixQuad(out, "row", "quad")} = ${rowQuad(images, "row", "quad")};`;
        return { name, job: eachQuad(rows, out.quads, body), reads: [], writes: [operation.out] };
      }
      case "product": {
        const out = this.#map.matrix(operation.out);
        const product = this.#forward(operation.input, operation.layer);
        const job = productJob(
          { ...product, after: `${matrixQuad(out, "row", "quad")} = value;` },
          this.#tile("forward", product, operation.input),
        );
        return { name, job, reads: this.#read(operation.input, operation.layer), writes: [operation.out] };
      }
      case "dense":
        return this.#dense(operation, end);
      case "inputGradient": {
        const out = this.#map.matrix(operation.out);
        const product = this.#backward(operation.gradient, operation.layer);
        const job = productJob(
          { ...product, after: `${matrixQuad(out, "row", "quad")} = value;` },
          this.#tile("inputGradient", product, operation.gradient),
        );
        return { name, job, reads: [operation.gradient, operation.layer], writes: [operation.out] };
      }
      case "denseInputGradient": {
        const product = this.#backward(operation.gradient, operation.layer);
        const tile = this.#tile("inputGradient", product, operation.gradient, end);
        const { job, writes } = this.#finished(product, tile, operation.out, {
          given: { y: matrixQuad(this.#map.matrix(operation.output), "row", "quad") },
          value: throughActivation(operation.activation, "value", "y"),
          reads: [operation.output],
        });
        return { name, job, reads: [operation.gradient, operation.layer, operation.output], writes };
      }
      case "weightGradient": {
        const layer = this.#map.layer(operation.layer);
        const product = this.#update(operation.input, operation.gradient, layer, false);
        const job = productJob(
          { ...product, after: `${layerQuad(layer, "gradient", "row")} = value;` },
          this.#tile("update", product, operation.input),
        );
        const reads = this.#read(operation.input, operation.gradient);
        return { name, job, reads, writes: [operation.layer] };
      }
      case "biasGradient": {
        const layer = this.#map.layer(operation.layer);
        const gradient = matrixQuad(this.#map.matrix(operation.gradient), "b", "quad");
        const body = `var sum = vec4f(); let rows = rowsOf(step);
    for (var b = 0u; b < rows; b++) { sum += ${gradient}; }
    ${layerQuad(layer, "gradient", `${layer.inputs}u`)} = sum;`;
        return {
          name,
          job: eachQuad(1, layer.quads, body),
          reads: [operation.gradient],
          writes: [operation.layer],
        };
      }
      case "adam": {
        const layer = this.#map.layer(operation.layer);
        const operands = Object.entries(adamOperands(layer)).map(([what, from]) => `let ${what} = ${from};`);
        const body = `let value = ${layerQuad(layer, "gradient", "row")}; ${operands.join(" ")} ${adamStep(network, layer)}`;
        return {
          name,
          job: eachQuad(layer.inputs + 1, layer.quads, body),
          reads: [],
          writes: [operation.layer],
        };
      }
      case "denseUpdate": {
        const layer = this.#map.layer(operation.layer);
        const product = this.#update(operation.input, operation.gradient, layer, true);
        const job = productJob(
          { ...product, given: adamOperands(layer), after: adamStep(network, layer) },
          this.#tile("update", product, operation.input),
        );
        const reads = this.#read(operation.input, operation.gradient);
        return { name, job, reads, writes: [operation.layer] };
      }
      case "addBias": {
        const out = this.#map.matrix(operation.out);
        const layer = this.#map.layer(operation.layer);
        const body = `${matrixQuad(out, "row", "quad")} += ${biasQuad(layer)};`;
        return {
          name,
          job: eachQuad(rows, out.quads, body),
          reads: [operation.layer],
          writes: [operation.out],
        };
      }
      case "activate": {
        const out = this.#map.matrix(operation.out);
        const place = matrixQuad(out, "row", "quad");
        const body = `let x = ${place}; ${place} = ${activated(operation.activation, "x")};`;
        return { name, job: eachQuad(rows, out.quads, body), reads: [], writes: [operation.out] };
      }
      case "activateGradient": {
        const gradient = this.#map.matrix(operation.gradient);
        const place = matrixQuad(gradient, "row", "quad");
        const y = matrixQuad(this.#map.matrix(operation.output), "row", "quad");
        const body = `let g = ${place}; let y = ${y}; ${place} = ${throughActivation(operation.activation, "g", "y")};`;
        return {
          name,
          job: eachQuad(rows, gradient.quads, body),
          reads: [operation.output],
          writes: [operation.gradient],
        };
      }
      case "reconstructionLoss": {
        const logits = this.#map.matrix(operation.logits);
        const partials = this.#countPartials(name, groupsFor(rows, logits.quads), RECONSTRUCTION);
        const keep =
          operation.gradient === null
            ? ""
            : `${matrixQuad(this.#map.matrix(operation.gradient), "row", "quad")} = slope;`;
        const body = `let value = ${matrixQuad(logits, "row", "quad")};
    ${reconstructionLoss(network, this.#wanted(operation.target))} ${keep}`;
        return {
          name,
          job: eachLoss(rows, logits.quads, partials, body),
          reads: this.#read(operation.logits, operation.target),
          writes: [this.#partialSums, ...(operation.gradient === null ? [] : [operation.gradient])],
        };
      }
      case "pixelError": {
        const logits = this.#map.matrix(operation.logits);
        const partials = this.#countPartials(name, groupsFor(rows, logits.quads), SQUARES);
        const body = `let value = ${matrixQuad(logits, "row", "quad")};
    ${pixelError(network, this.#wanted(operation.target))}`;
        return {
          name,
          job: eachLoss(rows, logits.quads, partials, body),
          reads: this.#read(operation.logits, operation.target),
          writes: [this.#partialSums],
        };
      }
      case "latentStatistics": {
        const statistics = this.#map.matrix(operation.statistics);
        const job = latentStatisticsJob(network, statistics, this.#options.slot);
        return { name, job, reads: [operation.statistics], writes: [] };
      }
      case "sample": {
        const statistics = this.#map.matrix(operation.statistics);
        const out = this.#map.matrix(operation.out);
        const partials = this.#countPartials(name, groupsFor(rows, out.quads), KL);
        const body = `var divergence = 0.0;
    let noise = ${noiseQuad(network, operation.noise)};
    ${sampleQuad(network, columnsIn(statistics))}
    ${matrixQuad(this.#map.matrix(operation.deviation), "row", "quad")} = deviation;
    ${matrixQuad(out, "row", "quad")} = z;
    if (row < rows) { lossSum.x += divergence; }`;
        return {
          name,
          job: eachLoss(rows, out.quads, partials, body),
          reads: [operation.statistics],
          writes: [operation.out, operation.deviation, this.#partialSums],
        };
      }
      case "mean": {
        const statistics = this.#map.matrix(operation.statistics);
        const out = this.#map.matrix(operation.out);
        const body = `${matrixQuad(out, "row", "quad")} = ${meanQuad(columnsIn(statistics))};`;
        return {
          name,
          job: eachQuad(rows, out.quads, body),
          reads: [operation.statistics],
          writes: [operation.out],
        };
      }
      case "sampleGradient": {
        const out = this.#map.matrix(operation.out);
        const of = (matrix: BatchMatrix) => columnsIn(this.#map.matrix(matrix));
        const slope = sampleGradientQuad(network, {
          dz: of(operation.latentGradient),
          statistics: of(operation.statistics),
          deviation: of(operation.deviation),
        });
        const body = `let rows = rowsOf(step); ${slope} ${matrixQuad(out, "row", "quad")} = slope;`;
        return {
          name,
          job: eachQuad(rows, out.quads, body),
          reads: [operation.latentGradient, operation.statistics, operation.deviation],
          writes: [operation.out],
        };
      }
      default:
        return operation satisfies never;
    }
  }

  /** Product, bias, activation; for the last layer the loss, in place of the logits where its gradient is wanted. */
  #dense(
    { input, layer, out, activation, loss }: Extract<Operation, { kind: "dense" }>,
    end: "matrix" | "chain",
  ): LoweredJob {
    const bias = biasQuad(this.#map.layer(layer));
    const forward = this.#forward(input, layer);
    const name = "dense";
    if (loss === null) {
      const tile = this.#tile("forward", forward, input, end);
      const { job, writes } = this.#finished(forward, tile, out, {
        given: { bias },
        before: "let x = value + bias;",
        value: activated(activation, "x"),
        reads: [layer],
      });
      return { name, job, reads: this.#read(input, layer), writes };
    }
    const tile = this.#tile("forward", forward, input, "loss");
    const partials = this.#countPartials("loss", tileGroups(forward, tile), RECONSTRUCTION);
    const written = loss.gradient ?? out;
    const store = `${matrixQuad(this.#map.matrix(written), "row", "quad")} = ${loss.gradient === null ? "logits" : "slope"};`;
    const job = productJob(
      {
        ...forward,
        before: lossVariables,
        given: { bias, pixels: this.#wanted(loss.target) },
        after: `let logits = value + bias;
      { let value = logits; ${reconstructionLoss(this.#network, "pixels")} ${store} }`,
        finally: sumOverGroup("lossSum", storePartial(partials)),
      },
      tile,
    );
    return {
      name,
      job,
      reads: this.#read(input, layer, loss.target),
      writes: [written, this.#partialSums],
    };
  }

  /** A product and what follows it element by element: at once, or in the chain that adds up its parts. */
  #finished(
    product: LayerProduct,
    tile: Tile,
    out: BatchMatrix,
    { given, before = "", value, reads }: Finish,
  ): Pick<LoweredJob, "job" | "writes"> {
    const placed = this.#map.matrix(out);
    const finish = `${before} ${matrixQuad(placed, "row", "quad")} = ${value};`;
    if (tile.parts === 1)
      return { job: productJob({ ...product, given, after: finish }, tile), writes: [out] };
    const stride = product.rows * placed.quads;
    const at = this.#map.reserve(`parts of ${out.name}`, tile.parts * stride);
    const parts: PartialRows = {
      kind: "parts",
      columns: placed.columns,
      at,
      count: tile.parts,
      stride,
      quads: placed.quads,
      given,
      finish: `${before} let finished = ${value}; ${matrixQuad(placed, "row", "quad")} = finished;`,
    };
    this.#parts.set(out, { rows: parts, reads: [parts, ...reads] });
    const store = `activations[${at}u + part * ${stride}u + row * ${placed.quads}u + quad] = value;`;
    return { job: productJob({ ...product, after: store }, tile), writes: [parts] };
  }

  #chain(operations: readonly ChainOperation[]): LoweredJob {
    const [first] = operations;
    if (first === undefined) throw new RangeError("a chain has at least one operation");
    const stages = operations.map((operation) => this.#stage(operation));
    const input = inputOf(first);
    const parts = this.#parts.get(input);
    const job = chainJob(this.#network, this.#options.rows, parts?.rows ?? this.#source(input), stages);
    const writes = operations.flatMap((operation) =>
      operation.kind === "sample" ? [operation.out, operation.deviation, this.#partialSums] : [operation.out],
    );
    return {
      name: operations.map((operation) => operation.kind).join(", "),
      job,
      reads: [...(parts?.reads ?? []), ...operations.flatMap((operation) => this.#readByStage(operation))],
      writes: [...(parts ? [input] : []), ...writes],
    };
  }

  #stage(operation: ChainOperation): Stage {
    const out = this.#map.matrix(operation.out);
    switch (operation.kind) {
      case "dense":
        return {
          kind: "dense",
          layer: this.#map.layer(operation.layer),
          activation: operation.activation,
          out,
        };
      case "sample":
        return {
          kind: "sample",
          noise: operation.noise,
          deviation: this.#map.matrix(operation.deviation),
          out,
          partials: this.#countPartials("divergences", this.#options.rows, KL),
        };
      case "mean":
        return { kind: "mean", out };
      case "denseInputGradient":
        return {
          kind: "inputGradient",
          layer: this.#map.layer(operation.layer),
          activation: operation.activation,
          output: this.#map.matrix(operation.output),
          out,
        };
      case "sampleGradient":
        return {
          kind: "sampleGradient",
          statistics: this.#map.matrix(operation.statistics),
          deviation: this.#map.matrix(operation.deviation),
          out,
        };
      default:
        return operation satisfies never;
    }
  }

  #readByStage(operation: ChainOperation): readonly object[] {
    switch (operation.kind) {
      case "dense":
        return this.#read(operation.input, operation.layer);
      case "sample":
      case "mean":
        return [operation.statistics];
      case "denseInputGradient":
        return [operation.gradient, operation.layer, operation.output];
      case "sampleGradient":
        return [operation.latentGradient, operation.statistics, operation.deviation];
      default:
        return operation satisfies never;
    }
  }

  #forward(input: BatchMatrix, layer: LayerParameters): LayerProduct {
    return forwardProduct(this.#source(input), this.#map.layer(layer), this.#options.rows);
  }

  #backward(gradient: BatchMatrix, layer: LayerParameters): LayerProduct {
    return backwardProduct(this.#source(gradient), this.#map.layer(layer), this.#options.rows);
  }

  #update(input: BatchMatrix, gradient: BatchMatrix, layer: PlacedLayer, withBias: boolean): LayerProduct {
    const sources = [this.#source(input), this.#source(gradient)] as const;
    return updateProduct(sources, layer, this.#network.batch, withBias);
  }

  #tile(
    kind: ProductShape["kind"],
    { rows, columns, inner }: LayerProduct,
    input: BatchMatrix,
    end: ProductShape["end"] = "matrix",
  ): Tile {
    const tile = this.#options.tiles({
      kind,
      rows,
      columns,
      inner,
      input: input === this.#gathered ? "images" : "matrix",
      end,
    });
    return end === "chain" ? tile : { ...tile, parts: 1 };
  }

  #source(matrix: BatchMatrix): RowSource {
    return matrix === this.#gathered
      ? { kind: "images", columns: this.#network.pixels }
      : { kind: "matrix", matrix: this.#map.matrix(matrix) };
  }

  #wanted(target: BatchMatrix): string {
    return rowQuad(this.#source(target), "row", "quad");
  }

  /** What is waited for; the dataset never changes. */
  #read(...things: readonly object[]): readonly object[] {
    return things.filter((thing) => thing !== this.#gathered);
  }

  #countPartials(name: string, count: number, word: number): number {
    const at = this.#map.reserve(name, count);
    this.#partials.push({ at, count, word });
    return at;
  }
}

/** WGSL: four columns of the bias, the row after the inputs'. */
function biasQuad(layer: PlacedLayer): string {
  return layerQuad(layer, "weight", `${layer.inputs}u`);
}
