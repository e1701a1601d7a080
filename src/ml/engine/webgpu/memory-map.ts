/**
 * Where everything lies that kernels compute with. Parameters: every layer's weight [inputs, outputs], its bias as
 * one more row, both moments alike. Activations: every matrix of the plan, one row per image of the batch.
 */
import type { BatchMatrix, LayerParameters, Plan } from "../../model/program.ts";
import { Arena } from "./arena.ts";
import { type PlacedLayer, type PlacedMatrix, quadsOf } from "./wgsl/matrix.ts";

export class MemoryMap {
  readonly parameters = new Arena("parameters");
  readonly activations = new Arena("activations");
  /** Rows of every matrix. */
  readonly rows: number;
  readonly #layers = new Map<LayerParameters, PlacedLayer>();
  readonly #matrices = new Map<BatchMatrix, PlacedMatrix>();

  constructor(plan: Plan, rows: number) {
    this.rows = rows;
    const operations = [plan.train, plan.evaluate, plan.encode, plan.decode].flatMap(
      (program) => program.operations,
    );
    const keepsGradient = new Set<LayerParameters>();
    for (const operation of operations) {
      if (
        operation.kind === "weightGradient" ||
        operation.kind === "biasGradient" ||
        operation.kind === "adam"
      )
        keepsGradient.add(operation.layer);
    }
    for (const layer of plan.layers)
      this.#layers.set(layer, this.#placeLayer(layer, keepsGradient.has(layer)));
  }

  layer(layer: LayerParameters): PlacedLayer {
    const placed = this.#layers.get(layer);
    if (placed === undefined) throw new RangeError(`${layer.name} is not part of the plan`);
    return placed;
  }

  /** Placed when it is first asked for. */
  matrix(matrix: BatchMatrix): PlacedMatrix {
    const known = this.#matrices.get(matrix);
    if (known !== undefined) return known;
    const columns = matrix.blocks.reduce((sum, block) => sum + block, 0);
    const quads = quadsOf(columns);
    const placed = { at: this.activations.reserve(matrix.name, this.rows * quads), columns, quads };
    this.#matrices.set(matrix, placed);
    return placed;
  }

  /** Room for `length` vec4f that are part of no matrix; where it begins. */
  reserve(name: string, length: number): number {
    return this.activations.reserve(name, length);
  }

  #placeLayer(layer: LayerParameters, keepsGradient: boolean): PlacedLayer {
    const outputs = layer.blocks.reduce((sum, block) => sum + block, 0);
    const quads = quadsOf(outputs);
    const length = (layer.inputs + 1) * quads;
    return {
      inputs: layer.inputs,
      outputs,
      quads,
      weight: this.parameters.reserve(`${layer.name}.weight`, length),
      firstMoment: this.parameters.reserve(`${layer.name}.first moment`, length),
      secondMoment: this.parameters.reserve(`${layer.name}.second moment`, length),
      gradient: keepsGradient ? this.parameters.reserve(`${layer.name}.gradient`, length) : 0,
    };
  }
}
