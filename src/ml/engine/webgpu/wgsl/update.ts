/** Adam in WGSL (Kingma and Ba 2015, algorithm 1), four parameters at a time. */
import type { Network } from "../../../model/network.ts";
import { literal } from "./losses.ts";
import { layerQuad, type PlacedLayer } from "./matrix.ts";

/** What a step reads, by the names that it knows them by. */
export function adamOperands(layer: PlacedLayer): Record<"weight" | "firstMoment" | "secondMoment", string> {
  return {
    weight: layerQuad(layer, "weight", "row"),
    firstMoment: layerQuad(layer, "firstMoment", "row"),
    secondMoment: layerQuad(layer, "secondMoment", "row"),
  };
}

/**
 * WGSL statements: the parameters at `row` and `quad` take a step along the gradient `value`; the operands above are
 * vec4f by their names. The bias corrections, which depend on the step alone, come from outside:
 * w −= stepSize · m / (√v · correction + ε); see ../../adam-slot.ts.
 */
export function adamStep(network: Network, layer: PlacedLayer): string {
  const { beta1, beta2 } = network.optimizer;
  return `let slot = adam[step];
      let m = ${literal(beta1)} * firstMoment + ${literal(1 - beta1)} * value;
      let v = ${literal(beta2)} * secondMoment + ${literal(1 - beta2)} * (value * value);
      ${layerQuad(layer, "firstMoment", "row")} = m;
      ${layerQuad(layer, "secondMoment", "row")} = v;
      ${layerQuad(layer, "weight", "row")} = weight - slot.x * m / (sqrt(v) * slot.y + slot.z);`;
}
