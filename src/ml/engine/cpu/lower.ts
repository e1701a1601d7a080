/**
 * Lowering: a Program's operations become the records that the WebAssembly interpreter (assembly/kernels.ts) runs.
 * Many kinds share a record: whatever makes a [batch, columns] matrix tile by tile is TILES, with stages.
 */
import type { Network } from "../../model/network.ts";
import { lossScale } from "../../model/network.ts";
import type { BatchMatrix, LayerParameters, Operation, Program } from "../../model/program.ts";
import { streams } from "../../model/random.ts";
import * as at from "./layout.ts";
import type { MemoryMap } from "./memory-map.ts";
import { blockColumns, panelCount, storedColumns } from "./panels.ts";

/** One record: word index to value. SCALE is a float32, all others are 32-bit integers. */
export type Record = ReadonlyMap<number, number>;

interface Lowered {
  readonly words: readonly (readonly [number, number])[];
  readonly reads: readonly object[];
  readonly writes: readonly object[];
}

/** What `reconstructionLoss`, `pixelError` and `sample` add up, as something to wait for. */
const partials = { name: "partials" };
/** What `compact` lists. */
const imageLists = { name: "image lists" };

/** `skipZeros`: whether products with the gathered images leave out their zero pixels. */
export function lower(
  program: Program,
  network: Network,
  map: MemoryMap,
  { skipZeros }: { readonly skipZeros: boolean },
): readonly Record[] {
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
  const tiles = (out: BatchMatrix): [number, number][] => [
    [at.KIND, at.TILES],
    [at.OUT, map.matrix(out)],
    [at.COLUMNS, storedColumns(out.blocks)],
  ];
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
        words: [...tiles(operation.out), ...product(operation.input, operation.layer, map)],
        reads: [operation.input, operation.layer],
        writes: [operation.out],
      };
    case "addBias":
      return {
        words: [...tiles(operation.out), [at.BIAS, map.layer(operation.layer).bias]],
        reads: [operation.layer],
        writes: [operation.out],
      };
    case "activate":
      return {
        words: [...tiles(operation.out), [at.ACTIVATE, activationCodes[operation.activation]]],
        reads: [],
        writes: [operation.out],
      };
    case "reconstructionLoss":
      return {
        words: [...tiles(operation.logits), ...loss(network, operation.target, operation.gradient, map)],
        reads: [operation.logits, operation.target],
        writes: operation.gradient ? [operation.gradient, partials] : [partials],
      };
    case "dense": {
      // The loss turns logits into their gradient in place: the logits themselves are never stored.
      const out = operation.loss?.gradient ?? operation.out;
      return {
        words: [
          ...tiles(out),
          ...product(operation.input, operation.layer, map),
          [at.BIAS, map.layer(operation.layer).bias],
          [at.ACTIVATE, activationCodes[operation.activation]],
          ...(operation.loss ? loss(network, operation.loss.target, operation.loss.gradient, map) : []),
        ],
        reads: [operation.input, operation.layer, ...(operation.loss ? [operation.loss.target] : [])],
        writes: operation.loss ? [out, partials] : [out],
      };
    }
    case "inputGradient":
      return {
        words: [...tiles(operation.out), ...transposedProduct(operation.gradient, operation.layer, map)],
        reads: [operation.gradient, operation.layer],
        writes: [operation.out],
      };
    case "activateGradient":
      return {
        words: [...tiles(operation.gradient), ...through(operation.activation, operation.output, map)],
        reads: [operation.output],
        writes: [operation.gradient],
      };
    case "denseInputGradient":
      return {
        words: [
          ...tiles(operation.out),
          ...transposedProduct(operation.gradient, operation.layer, map),
          ...through(operation.activation, operation.output, map),
        ],
        reads: [operation.gradient, operation.layer, operation.output],
        writes: [operation.out],
      };
    case "pixelError":
      return {
        words: [
          ...tiles(operation.logits),
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
          ...latent(operation.statistics, map),
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
          ...latent(operation.statistics, map),
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
          ...latent(operation.statistics, map),
          [at.OUT, map.matrix(operation.out)],
        ],
        reads: [operation.statistics],
        writes: [operation.out],
      };
    case "latentStatistics":
      return {
        words: [
          [at.KIND, at.LATENT_STATISTICS],
          ...latent(operation.statistics, map),
          [at.SUMS, map.latentSums],
        ],
        reads: [operation.statistics],
        writes: [],
      };
    case "weightGradient":
      return {
        words: [
          ...update(operation.layer, map),
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
          ...update(operation.layer, map),
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
          ...update(operation.layer, map),
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
          ...update(operation.layer, map),
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

const activationCodes = {
  linear: at.LINEAR,
  relu: at.RELU,
  tanh: at.TANH,
  sigmoid: at.SIGMOID,
} as const;

type Words = (readonly [number, number])[];

function product(input: BatchMatrix, layer: LayerParameters, map: MemoryMap): Words {
  return [
    [at.INPUT, map.matrix(input)],
    [at.WEIGHT, map.layer(layer).weight],
    [at.INNER, layer.inputs],
    [at.WEIGHT_ROWS, layer.inputs],
  ];
}

function transposedProduct(gradient: BatchMatrix, layer: LayerParameters, map: MemoryMap): Words {
  const columns = storedColumns(layer.blocks);
  return [
    [at.INPUT, map.matrix(gradient)],
    [at.WEIGHT, map.layer(layer).transposed],
    [at.INNER, columns],
    [at.WEIGHT_ROWS, panelCount(columns) * at.PANEL],
  ];
}

function through(activation: keyof typeof activationCodes, output: BatchMatrix, map: MemoryMap): Words {
  return [
    [at.THROUGH, activationCodes[activation]],
    [at.THROUGH_OUTPUT, map.matrix(output)],
  ];
}

function loss(network: Network, target: BatchMatrix, gradient: BatchMatrix | null, map: MemoryMap): Words {
  return [
    [at.LOSS, network.loss.reconstruction === "bce" ? at.BCE : squaredErrorCode(network)],
    [at.TARGET, map.matrix(target)],
    [at.GRADIENT, gradient ? map.matrix(gradient) : 0],
    [at.PARTIALS, map.reconstructionPartials],
    [at.SCALE, lossScale(network)],
    [at.PER_IMAGE, network.loss.reduction === "mean" ? 1 : 0],
  ];
}

function squaredErrorCode(network: Network): number {
  return network.decoder.at(-1)?.activation === "sigmoid" ? at.SQUARED_ERROR_OF_SIGMOID : at.SQUARED_ERROR;
}

function latent(statistics: BatchMatrix, map: MemoryMap): Words {
  const [latentColumns = 0] = statistics.blocks;
  const [, logVarianceColumn = 0] = blockColumns(statistics.blocks);
  return [
    [at.STATISTICS, map.matrix(statistics)],
    [at.LATENT, latentColumns],
    [at.LOG_VARIANCE_COLUMN, logVarianceColumn],
  ];
}

function update(layer: LayerParameters, map: MemoryMap): Words {
  return [
    [at.KIND, at.UPDATE],
    [at.INNER, layer.inputs],
    [at.COLUMNS, storedColumns(layer.blocks)],
    [at.TRANSPOSED, map.layer(layer).transposed],
  ];
}

function weightWords(layer: LayerParameters, map: MemoryMap): Words {
  const { weight, weightM, weightV } = map.layer(layer);
  return [
    [at.WEIGHT, weight],
    [at.WEIGHT_M, weightM],
    [at.WEIGHT_V, weightV],
  ];
}

function biasWords(layer: LayerParameters, map: MemoryMap): Words {
  const { bias, biasM, biasV } = map.layer(layer);
  return [
    [at.BIAS, bias],
    [at.BIAS_M, biasM],
    [at.BIAS_V, biasV],
  ];
}

/** Lists of the images' pixels that are not zero, for the forward product and, in training, the weight gradient. */
function compact(program: Program, images: BatchMatrix, map: MemoryMap): Lowered {
  const training = program.operations.some((operation) => isWeightGradient(operation, images));
  return {
    words: [
      [at.KIND, at.COMPACT],
      [at.MASKS, map.masks],
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
