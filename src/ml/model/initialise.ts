/**
 * Initial parameters of a Network, as the framework it reproduces would draw them.
 */

import { RandomSequence, streams } from "../random.ts";
import { type DenseLayer, type Network, networkLayers } from "./network.ts";

/** Values by tensor name, in the network's shapes (weight [outputs, inputs], bias [outputs]). */
export function initialParameters(network: Network): Map<string, Float32Array> {
  const parameters = new Map<string, Float32Array>();
  for (const [index, layer] of networkLayers(network).entries()) {
    const limits = uniformLimits(network.initialisation, layer);
    const draw = (count: number, limit: number, block: number): Float32Array => {
      const sequence = new RandomSequence(network.seed, streams.initialisation, block);
      const values = new Float32Array(count);
      if (limit > 0) for (let at = 0; at < count; at++) values[at] = (2 * sequence.uniform() - 1) * limit;
      return values;
    };
    parameters.set(`${layer.name}.weight`, draw(layer.outputs * layer.inputs, limits.weight, 2 * index));
    parameters.set(`${layer.name}.bias`, draw(layer.outputs, limits.bias, 2 * index + 1));
  }
  return parameters;
}

/** Weights and biases are uniform between minus and plus these. */
function uniformLimits(
  initialisation: Network["initialisation"],
  { inputs, outputs }: DenseLayer,
): { readonly weight: number; readonly bias: number } {
  switch (initialisation) {
    // torch.nn.Linear: kaiming_uniform_(a=√5), which is ±1/√inputs, for the bias too.
    case "pytorch":
      return { weight: 1 / Math.sqrt(inputs), bias: 1 / Math.sqrt(inputs) };
    // keras.layers.Dense: glorot_uniform, zeros.
    case "keras":
      return { weight: Math.sqrt(6 / (inputs + outputs)), bias: 0 };
    default:
      return initialisation satisfies never;
  }
}
