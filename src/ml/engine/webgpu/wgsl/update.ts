/** Adam in WGSL (Kingma and Ba 2015, algorithm 1), four parameters at a time. */
import type { Network } from "../../../model/network.ts";
import { literal } from "./losses.ts";
import type { PlacedLayer } from "./matrix.ts";

/**
 * WGSL statements: the parameters at `index` (vec4f within the layer's) take a step along the gradient `value`. The
 * bias corrections, which depend on the step alone, come from outside: w −= stepSize · m / (√v · correction + ε);
 * see ../../adam-slot.ts.
 */
export function adamStep(network: Network, layer: PlacedLayer, index: string): string {
  const { beta1, beta2 } = network.optimizer;
  return `let at = ${index};
      let slot = adam[step];
      let m = ${literal(beta1)} * parameters[${layer.firstMoment}u + at] + ${literal(1 - beta1)} * value;
      let v = ${literal(beta2)} * parameters[${layer.secondMoment}u + at] + ${literal(1 - beta2)} * (value * value);
      parameters[${layer.firstMoment}u + at] = m;
      parameters[${layer.secondMoment}u + at] = v;
      parameters[${layer.weight}u + at] -= slot.x * m / (sqrt(v) * slot.y + slot.z);`;
}
