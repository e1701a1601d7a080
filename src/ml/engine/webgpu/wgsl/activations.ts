/** Activations and their derivatives, four values at a time; the derivative in terms of the activation's output. */
import type { Activation } from "../../../../contract/experiment.ts";

/** WGSL: activation(x), x a vec4f variable. */
export function activated(activation: Activation, x: string): string {
  switch (activation) {
    case "relu":
      return `select(${x}, vec4f(), isNegative(${x}))`;
    case "tanh":
      return `hyperbolicTangent(${x})`;
    case "sigmoid":
      return `sigmoid(${x})`;
    case "linear":
      return x;
    default:
      return activation satisfies never;
  }
}

/** WGSL: gradient ⊙ activation′, y the activation's output. */
export function throughActivation(activation: Activation, gradient: string, y: string): string {
  switch (activation) {
    case "relu":
      return `select(vec4f(), ${gradient}, ${y} > vec4f())`;
    case "tanh":
      return `(${gradient} * (1.0 - ${y} * ${y}))`;
    case "sigmoid":
      return `(${gradient} * ${y} * (1.0 - ${y}))`;
    case "linear":
      return gradient;
    default:
      return activation satisfies never;
  }
}
