/**
 * Every operation of both models in float64, as plain loops, each derivative beside its operation. This is what
 * the engines are measured against, so nothing here is fast or fused, and nothing here is shared with them.
 *
 * Notation: `rows` are the images of a batch. A gradient has the shape of what it belongs to; "gradient" as an
 * argument is the derivative of the loss with respect to the operation's output.
 */
import type { Activation, Experiment } from "../../src/contract/experiment.ts";
import { Matrix } from "./matrix.ts";

/** y = x·Wᵀ + b. x [rows, inputs], weight [outputs, inputs], bias [1, outputs]; returns [rows, outputs]. */
export function denseForward(x: Matrix, weight: Matrix, bias: Matrix): Matrix {
  const y = new Matrix(x.rows, weight.rows);
  for (let row = 0; row < x.rows; row++)
    for (let output = 0; output < weight.rows; output++) {
      let sum = bias.at(0, output);
      for (let input = 0; input < x.cols; input++) sum += x.at(row, input) * weight.at(output, input);
      y.set(row, output, sum);
    }
  return y;
}

/** dx = dy·W, dW = dyᵀ·x, db = the sum of dy over the rows. */
export function denseBackward(
  x: Matrix,
  weight: Matrix,
  gradient: Matrix,
): { readonly x: Matrix; readonly weight: Matrix; readonly bias: Matrix } {
  const dx = new Matrix(x.rows, x.cols);
  const dWeight = new Matrix(weight.rows, weight.cols);
  const dBias = new Matrix(1, weight.rows);
  for (let row = 0; row < x.rows; row++)
    for (let output = 0; output < weight.rows; output++) {
      const dy = gradient.at(row, output);
      dBias.add(0, output, dy);
      for (let input = 0; input < x.cols; input++) {
        dx.add(row, input, dy * weight.at(output, input));
        dWeight.add(output, input, dy * x.at(row, input));
      }
    }
  return { x: dx, weight: dWeight, bias: dBias };
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

export function activationForward(activation: Activation, x: Matrix): Matrix {
  switch (activation) {
    case "relu":
      return x.map((value) => Math.max(value, 0));
    case "tanh":
      return x.map(Math.tanh);
    case "sigmoid":
      return x.map(sigmoid);
    case "linear":
      return x;
  }
}

/** The four derivatives need only the output y. ReLU's at zero is zero. */
export function activationBackward(activation: Activation, y: Matrix, gradient: Matrix): Matrix {
  const derivative = (output: number): number => {
    switch (activation) {
      case "relu":
        return output > 0 ? 1 : 0;
      case "tanh":
        return 1 - output * output;
      case "sigmoid":
        return output * (1 - output);
      case "linear":
        return 1;
    }
  };
  return gradient.map((dy, row, col) => dy * derivative(y.at(row, col)));
}

/**
 * Binary cross-entropy −t·log p − (1−t)·log(1−p) with p = sigmoid(x), in a form that neither overflows nor
 * cancels: max(x,0) − x·t + log1p(e^−|x|). x and t [rows, pixels]; returns the losses, [rows, pixels].
 */
export function crossEntropyForward(logits: Matrix, targets: Matrix): Matrix {
  return logits.map(
    (x, row, col) => Math.max(x, 0) - x * targets.at(row, col) + Math.log1p(Math.exp(-Math.abs(x))),
  );
}

/** With respect to the logits: sigmoid(x) − t. */
export function crossEntropyBackward(logits: Matrix, targets: Matrix): Matrix {
  return logits.map((x, row, col) => sigmoid(x) - targets.at(row, col));
}

/** (y − t)² for each pixel, where y is what the output activation made of the logits. */
export function squaredErrorForward(activation: Activation, logits: Matrix, targets: Matrix): Matrix {
  return activationForward(activation, logits).map((y, row, col) => (y - targets.at(row, col)) ** 2);
}

/** With respect to the logits: 2·(y − t)·activation′. */
export function squaredErrorBackward(activation: Activation, logits: Matrix, targets: Matrix): Matrix {
  const outputs = activationForward(activation, logits);
  const gradient = outputs.map((y, row, col) => 2 * (y - targets.at(row, col)));
  return activationBackward(activation, outputs, gradient);
}

/** The log-variance is clamped to this range before use, so that e^logσ² stays finite in float32. */
export const logVarianceRange = { least: -30, most: 20 } as const;

function clampLogVariance(value: number): number {
  return Math.min(Math.max(value, logVarianceRange.least), logVarianceRange.most);
}

/** Outside its range a clamped value does not move: its derivative is zero there, one inside and on the edges. */
function clampDerivative(value: number): number {
  return value >= logVarianceRange.least && value <= logVarianceRange.most ? 1 : 0;
}

/** z = μ + e^(½·logσ²)·ε, all [rows, latent] (Kingma & Welling, "Auto-Encoding Variational Bayes", 2013). */
export function sampleForward(mean: Matrix, logVariance: Matrix, noise: Matrix): Matrix {
  return mean.map(
    (mu, row, col) => mu + Math.exp(0.5 * clampLogVariance(logVariance.at(row, col))) * noise.at(row, col),
  );
}

/** dμ = dz, dlogσ² = dz·½·e^(½·logσ²)·ε. */
export function sampleBackward(
  logVariance: Matrix,
  noise: Matrix,
  gradient: Matrix,
): { readonly mean: Matrix; readonly logVariance: Matrix } {
  const dLogVariance = gradient.map((dz, row, col) => {
    const raw = logVariance.at(row, col);
    return dz * 0.5 * Math.exp(0.5 * clampLogVariance(raw)) * noise.at(row, col) * clampDerivative(raw);
  });
  return { mean: gradient, logVariance: dLogVariance };
}

/** KL(N(μ, σ²) ‖ N(0, 1)) of each latent: −½·(1 + logσ² − μ² − σ²), in nats; all [rows, latent]. */
export function divergenceForward(mean: Matrix, logVariance: Matrix): Matrix {
  return mean.map((mu, row, col) => {
    const clamped = clampLogVariance(logVariance.at(row, col));
    return -0.5 * (1 + clamped - mu * mu - Math.exp(clamped));
  });
}

/** dμ = μ, dlogσ² = ½·(σ² − 1). */
export function divergenceBackward(
  mean: Matrix,
  logVariance: Matrix,
): { readonly mean: Matrix; readonly logVariance: Matrix } {
  const dLogVariance = logVariance.map(
    (raw) => 0.5 * (Math.exp(clampLogVariance(raw)) - 1) * clampDerivative(raw),
  );
  return { mean, logVariance: dLogVariance };
}

/**
 * One step of Adam (Kingma & Ba, 2015) on one tensor, in place; `step` counts from 1. The two placements of ε
 * are PyTorch's, after the second moment's bias correction, and Keras's, before it. They differ while
 * √v is not far above ε: Keras's ε acts as ε/√(1 − β₂ᵗ), 32 times larger in the first step.
 */
export function adamStep(
  optimizer: Experiment["optimizer"],
  step: number,
  weight: Matrix,
  firstMoment: Matrix,
  secondMoment: Matrix,
  gradient: Matrix,
): void {
  const { learningRate, beta1, beta2, epsilon, epsilonPlacement } = optimizer;
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  for (let row = 0; row < weight.rows; row++)
    for (let col = 0; col < weight.cols; col++) {
      const g = gradient.at(row, col);
      const m = beta1 * firstMoment.at(row, col) + (1 - beta1) * g;
      const v = beta2 * secondMoment.at(row, col) + (1 - beta2) * g * g;
      firstMoment.set(row, col, m);
      secondMoment.set(row, col, v);
      const update =
        epsilonPlacement === "corrected"
          ? (learningRate * (m / correction1)) / (Math.sqrt(v / correction2) + epsilon)
          : (((learningRate * Math.sqrt(correction2)) / correction1) * m) / (Math.sqrt(v) + epsilon);
      weight.add(row, col, -update);
    }
}
