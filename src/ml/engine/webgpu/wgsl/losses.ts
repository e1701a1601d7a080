/** The reconstruction losses and their derivatives by the logits, four pixels at a time. */
import type { Network } from "../../../model/network.ts";
import { lossScale } from "../../../model/network.ts";

/**
 * WGSL statements: from `value`, the logits of four pixels of `row`, and the pixels `wanted`, add the loss to
 * `lossSum.x`, and leave its derivative, scaled as the network's objective wants it, in the vec4f `slope`. Beyond the
 * last pixel and beyond the step's images nothing is added, and the derivative is zero.
 */
export function reconstructionLoss(network: Network, wanted: string): string {
  const kind = network.loss.reconstruction === "bce" ? crossEntropy : squaredError(network);
  return statements(kind, wanted, network);
}

/** As reconstructionLoss, always the squared error, whose derivative nobody asks for. */
export function pixelError(network: Network, wanted: string): string {
  return statements(squaredError(network), wanted, network);
}

/** WGSL: what turns a derivative of the summed loss into one of the objective; `rows` are the step's images. */
export function objectiveScale(network: Network): string {
  const scale = literal(lossScale(network));
  return network.loss.reduction === "mean" ? `(${scale} / f32(rows))` : scale;
}

/** A float32 literal. */
export function literal(value: number): string {
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? `f32(${text})` : `f32(${text}.0)`;
}

function statements(kind: string, wanted: string, network: Network): string {
  return `var loss = vec4f();
    var slope = vec4f();
    if (row < rows) {
      let wanted = ${wanted};
      ${kind}
      let inside = vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u) < vec4u(${network.pixels}u);
      loss = select(vec4f(), loss, inside);
      slope = select(vec4f(), slope * ${objectiveScale(network)}, inside);
    }
    lossSum.x += (loss.x + loss.y) + (loss.z + loss.w);`;
}

/** max(x, 0) − x·t + log(1 + e^−|x|), and σ(x) − t. */
const crossEntropy = `let e = exponential(-abs(value));
      loss = atLeast(0.0, value) - value * wanted + logarithms(1.0 + e);
      slope = select(e, vec4f(1.0), value >= vec4f()) / (1.0 + e) - wanted;`;

/** (y − t)² with y = σ(x) or x itself. */
function squaredError({ decoder }: Network): string {
  if (decoder.at(-1)?.activation !== "sigmoid")
    return `let difference = value - wanted;
      loss = difference * difference;
      slope = difference + difference;`;
  return `let y = sigmoid(value);
      let difference = y - wanted;
      loss = difference * difference;
      slope = (difference + difference) * y * (1.0 - y);`;
}

/** WGSL: the variables that the statements above and `objectiveScale` use. */
export const lossVariables = `let rows = rowsOf(step);
  var lossSum = vec4f();`;
