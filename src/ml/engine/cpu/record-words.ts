/**
 * The words of a record, in groups that several kinds of operation share; see layout.ts for what each means.
 */
import type { Activation } from "../../../contract/experiment.ts";
import { lossScale, type Network } from "../../model/network.ts";
import type { BatchMatrix, LayerParameters } from "../../model/program.ts";
import * as at from "./layout.ts";
import type { MemoryMap } from "./memory-map.ts";
import { blockColumns, panelCount, storedColumns } from "./panels.ts";

export const activationCodes = {
  linear: at.LINEAR,
  relu: at.RELU,
  tanh: at.TANH,
  sigmoid: at.SIGMOID,
} as const;

/** Word index and value. */
export type Words = (readonly [number, number])[];

export function tileWords(out: BatchMatrix, map: MemoryMap): Words {
  return [
    [at.KIND, at.TILES],
    [at.OUT, map.matrix(out)],
    [at.COLUMNS, storedColumns(out.blocks)],
  ];
}

export function productWords(input: BatchMatrix, layer: LayerParameters, map: MemoryMap): Words {
  return [
    [at.INPUT, map.matrix(input)],
    [at.WEIGHT, map.layer(layer).weight],
    [at.INNER, layer.inputs],
    [at.WEIGHT_ROWS, layer.inputs],
  ];
}

export function transposedProductWords(gradient: BatchMatrix, layer: LayerParameters, map: MemoryMap): Words {
  const columns = storedColumns(layer.blocks);
  return [
    [at.INPUT, map.matrix(gradient)],
    [at.WEIGHT, map.layer(layer).transposed],
    [at.INNER, columns],
    [at.WEIGHT_ROWS, panelCount(columns) * at.PANEL],
  ];
}

export function throughWords(activation: Activation, output: BatchMatrix, map: MemoryMap): Words {
  return [
    [at.THROUGH, activationCodes[activation]],
    [at.THROUGH_OUTPUT, map.matrix(output)],
  ];
}

export function lossWords(
  network: Network,
  target: BatchMatrix,
  gradient: BatchMatrix | null,
  map: MemoryMap,
): Words {
  return [
    [at.LOSS, network.loss.reconstruction === "bce" ? at.BCE : squaredErrorCode(network)],
    [at.TARGET, map.matrix(target)],
    [at.GRADIENT, gradient ? map.matrix(gradient) : 0],
    [at.PARTIALS, map.reconstructionPartials],
    [at.SCALE, lossScale(network)],
    [at.PER_IMAGE, network.loss.reduction === "mean" ? 1 : 0],
  ];
}

export function squaredErrorCode(network: Network): number {
  return network.decoder.at(-1)?.activation === "sigmoid" ? at.SQUARED_ERROR_OF_SIGMOID : at.SQUARED_ERROR;
}

export function latentWords(statistics: BatchMatrix, map: MemoryMap): Words {
  const [latentColumns = 0] = statistics.blocks;
  const [, logVarianceColumn = 0] = blockColumns(statistics.blocks);
  return [
    [at.STATISTICS, map.matrix(statistics)],
    [at.LATENT, latentColumns],
    [at.LOG_VARIANCE_COLUMN, logVarianceColumn],
  ];
}

export function updateWords(layer: LayerParameters, map: MemoryMap): Words {
  return [
    [at.KIND, at.UPDATE],
    [at.INNER, layer.inputs],
    [at.COLUMNS, storedColumns(layer.blocks)],
    [at.TRANSPOSED, map.layer(layer).transposed],
  ];
}

export function weightWords(layer: LayerParameters, map: MemoryMap): Words {
  const { weight, weightM, weightV } = map.layer(layer);
  return [
    [at.WEIGHT, weight],
    [at.WEIGHT_M, weightM],
    [at.WEIGHT_V, weightV],
  ];
}

export function biasWords(layer: LayerParameters, map: MemoryMap): Words {
  const { bias, biasM, biasV } = map.layer(layer);
  return [
    [at.BIAS, bias],
    [at.BIAS_M, biasM],
    [at.BIAS_V, biasV],
  ];
}
