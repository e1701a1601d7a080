/**
 * Lowering: a Program's operations become the records that the WebAssembly interpreter (assembly/kernels.ts) runs.
 * Many kinds share a record: whatever makes a [batch, columns] matrix tile by tile is TILES, with stages.
 */
import type { Network } from "../../model/network.ts";
import type { BatchMatrix, Operation, Program } from "../../model/program.ts";
import { streams } from "../../random.ts";
import * as at from "./layout.ts";
import type { MemoryMap } from "./memory-map.ts";
import {
  activationCodes,
  biasWords,
  latentWords,
  lossWords,
  productWords,
  squaredErrorCode,
  throughWords,
  tileWords,
  transposedProductWords,
  updateWords,
  type Words,
  weightWords,
} from "./record-words.ts";

/** One operation for the interpreter: word index to value. SCALE is a float32, all others are 32-bit integers. */
export type OperationRecord = ReadonlyMap<number, number>;

export interface LoweringOptions {
  /** Whether products with the gathered images leave out their zero pixels. */
  readonly skipZeros: boolean;
}

interface Lowered {
  readonly words: Words;
  readonly reads: readonly object[];
  readonly writes: readonly object[];
}

/** What `reconstructionLoss`, `pixelError` and `sample` add up, as something to wait for. */
const partials = { name: "partials" };
/** What `compact` lists. */
const imageLists = { name: "image lists" };

export function lower(
  program: Program,
  network: Network,
  map: MemoryMap,
  { skipZeros }: LoweringOptions,
): readonly OperationRecord[] {
  const gather = program.operations.find((operation) => operation.kind === "gather");
  const lowered = program.operations.flatMap((operation) => {
    const record = lowerOperation(operation, network, map);
    if (!skipZeros || gather === undefined) return [record];
    if (operation === gather) return [record, compact(program, gather.out, map)];
    return [followLists(record, operation, gather.out, map)];
  });
  lowered.push(reduce(program, map));
  let reads = new Set<object>();
  let writes = new Set<object>();
  return lowered.map((record, index) => {
    // The first record waits for the step before: it overwrites what that step's last records read.
    const conflict =
      index === 0 ||
      record.reads.some((thing) => writes.has(thing)) ||
      record.writes.some((thing) => writes.has(thing) || reads.has(thing));
    if (conflict) {
      reads = new Set();
      writes = new Set();
    }
    for (const thing of record.reads) reads.add(thing);
    for (const thing of record.writes) writes.add(thing);
    return new Map([...record.words, [at.BARRIER, conflict ? 1 : 0]]);
  });
}

function lowerOperation(operation: Operation, network: Network, map: MemoryMap): Lowered {
  switch (operation.kind) {
    case "gather":
      return {
        words: [
          [at.KIND, at.GATHER],
          [at.OUT, map.matrix(operation.out)],
          [at.MASKS, map.masks],
        ],
        reads: [],
        writes: [operation.out],
      };
    case "product":
      return {
        words: [...tileWords(operation.out, map), ...productWords(operation.input, operation.layer, map)],
        reads: [operation.input, operation.layer],
        writes: [operation.out],
      };
    case "addBias":
      return {
        words: [...tileWords(operation.out, map), [at.BIAS, map.layer(operation.layer).bias]],
        reads: [operation.layer],
        writes: [operation.out],
      };
    case "activate":
      return {
        words: [...tileWords(operation.out, map), [at.ACTIVATE, activationCodes[operation.activation]]],
        reads: [],
        writes: [operation.out],
      };
    case "reconstructionLoss":
      return {
        words: [
          ...tileWords(operation.logits, map),
          ...lossWords(network, operation.target, operation.gradient, map),
        ],
        reads: [operation.logits, operation.target],
        writes: operation.gradient ? [operation.gradient, partials] : [partials],
      };
    case "dense": {
      // The loss turns logits into their gradient in place: the logits themselves are never stored.
      const out = operation.loss?.gradient ?? operation.out;
      return {
        words: [
          ...tileWords(out, map),
          ...productWords(operation.input, operation.layer, map),
          [at.BIAS, map.layer(operation.layer).bias],
          [at.ACTIVATE, activationCodes[operation.activation]],
          ...(operation.loss ? lossWords(network, operation.loss.target, operation.loss.gradient, map) : []),
        ],
        reads: [operation.input, operation.layer, ...(operation.loss ? [operation.loss.target] : [])],
        writes: operation.loss ? [out, partials] : [out],
      };
    }
    case "inputGradient":
      return {
        words: [
          ...tileWords(operation.out, map),
          ...transposedProductWords(operation.gradient, operation.layer, map),
        ],
        reads: [operation.gradient, operation.layer],
        writes: [operation.out],
      };
    case "activateGradient":
      return {
        words: [
          ...tileWords(operation.gradient, map),
          ...throughWords(operation.activation, operation.output, map),
        ],
        reads: [operation.output],
        writes: [operation.gradient],
      };
    case "denseInputGradient":
      return {
        words: [
          ...tileWords(operation.out, map),
          ...transposedProductWords(operation.gradient, operation.layer, map),
          ...throughWords(operation.activation, operation.output, map),
        ],
        reads: [operation.gradient, operation.layer, operation.output],
        writes: [operation.out],
      };
    case "pixelError":
      return {
        words: [
          ...tileWords(operation.logits, map),
          [at.LOSS, squaredErrorCode(network)],
          [at.TARGET, map.matrix(operation.target)],
          [at.PARTIALS, map.pixelPartials],
        ],
        reads: [operation.logits, operation.target],
        writes: [partials],
      };
    case "sample":
      return {
        words: [
          [at.KIND, at.SAMPLE],
          ...latentWords(operation.statistics, map),
          [at.DEVIATION, map.matrix(operation.deviation)],
          [at.OUT, map.matrix(operation.out)],
          [at.PARTIALS, map.klPartials],
          [at.STREAM, operation.noise === "training" ? streams.trainingNoise : streams.evaluationNoise],
          [at.NOISE_BY_IMAGE, operation.noise === "evaluation" ? 1 : 0],
        ],
        reads: [operation.statistics],
        writes: [operation.deviation, operation.out, partials],
      };
    case "sampleGradient":
      return {
        words: [
          [at.KIND, at.SAMPLE_GRADIENT],
          ...latentWords(operation.statistics, map),
          [at.DEVIATION, map.matrix(operation.deviation)],
          [at.LATENT_GRADIENT, map.matrix(operation.latentGradient)],
          [at.OUT, map.matrix(operation.out)],
        ],
        reads: [operation.statistics, operation.deviation, operation.latentGradient],
        writes: [operation.out],
      };
    case "mean":
      return {
        words: [
          [at.KIND, at.MEAN],
          ...latentWords(operation.statistics, map),
          [at.OUT, map.matrix(operation.out)],
        ],
        reads: [operation.statistics],
        writes: [operation.out],
      };
    case "latentStatistics":
      return {
        words: [
          [at.KIND, at.LATENT_STATISTICS],
          ...latentWords(operation.statistics, map),
          [at.SUMS, map.latentSums],
        ],
        reads: [operation.statistics],
        writes: [],
      };
    case "weightGradient":
      return {
        words: [
          ...updateWords(operation.layer, map),
          ...weightWords(operation.layer, map),
          [at.INPUT, map.matrix(operation.input)],
          [at.GRADIENT, map.matrix(operation.gradient)],
          [at.WEIGHT_GRADIENT, map.layer(operation.layer).weightGradient],
          [at.TAKE_WEIGHT_GRADIENT, 1],
        ],
        reads: [operation.input, operation.gradient],
        writes: [operation.layer],
      };
    case "biasGradient":
      return {
        words: [
          ...updateWords(operation.layer, map),
          [at.GRADIENT, map.matrix(operation.gradient)],
          [at.BIAS_GRADIENT, map.layer(operation.layer).biasGradient],
          [at.TAKE_BIAS_GRADIENT, 1],
        ],
        reads: [operation.gradient],
        writes: [operation.layer],
      };
    case "adam":
      return {
        words: [
          ...updateWords(operation.layer, map),
          ...weightWords(operation.layer, map),
          ...biasWords(operation.layer, map),
          [at.WEIGHT_GRADIENT, map.layer(operation.layer).weightGradient],
          [at.BIAS_GRADIENT, map.layer(operation.layer).biasGradient],
          [at.TAKE_ADAM_STEP, 1],
        ],
        reads: [],
        writes: [operation.layer],
      };
    case "denseUpdate":
      return {
        words: [
          ...updateWords(operation.layer, map),
          ...weightWords(operation.layer, map),
          ...biasWords(operation.layer, map),
          [at.INPUT, map.matrix(operation.input)],
          [at.GRADIENT, map.matrix(operation.gradient)],
          [at.BIAS_GRADIENT, map.layer(operation.layer).biasGradient],
          [at.TAKE_WEIGHT_GRADIENT, 1],
          [at.TAKE_BIAS_GRADIENT, 1],
          [at.TAKE_ADAM_STEP, 1],
        ],
        reads: [operation.input, operation.gradient],
        writes: [operation.layer],
      };
    default:
      return operation satisfies never;
  }
}

/** Lists of the images' pixels that are not zero, for the forward product and, in training, the weight gradient. */
function compact(program: Program, images: BatchMatrix, map: MemoryMap): Lowered {
  const training = program.operations.some((operation) => isWeightGradient(operation, images));
  return {
    words: [
      [at.KIND, at.COMPACT],
      [at.MASKS, map.masks],
      [at.INPUT, map.matrix(images)],
      [at.ROW_LISTS, map.rowLists],
      [at.COLUMN_LISTS, training ? map.columnLists : 0],
    ],
    reads: [images],
    writes: [imageLists],
  };
}

function followLists(record: Lowered, operation: Operation, images: BatchMatrix, map: MemoryMap): Lowered {
  const list = (word: number, lists: number): Lowered => ({
    ...record,
    words: [...record.words, [word, lists]],
    reads: [...record.reads, imageLists],
  });
  if (isWeightGradient(operation, images)) return list(at.COLUMN_LISTS, map.columnLists);
  const isProduct = operation.kind === "product" || operation.kind === "dense";
  return isProduct && operation.input === images ? list(at.ROW_LISTS, map.rowLists) : record;
}

function isWeightGradient(operation: Operation, input: BatchMatrix): boolean {
  return (
    (operation.kind === "weightGradient" || operation.kind === "denseUpdate") && operation.input === input
  );
}

/** Sums only what the program's operations have left. */
function reduce(program: Program, map: MemoryMap): Lowered {
  const has = (...kinds: readonly Operation["kind"][]): boolean =>
    program.operations.some((operation) => kinds.includes(operation.kind));
  const losses =
    has("reconstructionLoss") ||
    program.operations.some((operation) => operation.kind === "dense" && operation.loss !== null);
  return {
    words: [
      [at.KIND, at.REDUCE],
      [at.RECONSTRUCTION_PARTIALS, losses ? map.reconstructionPartials : 0],
      [at.PIXEL_PARTIALS, has("pixelError") ? map.pixelPartials : 0],
      [at.KL_PARTIALS, has("sample") ? map.klPartials : 0],
    ],
    reads: [partials],
    writes: [],
  };
}
