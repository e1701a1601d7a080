/** Random starting points for the reference: matrices and whole training states, made here and by no engine. */
import type { TensorState, TrainingState } from "../../src/ml/engine/engine.ts";
import { type Network, networkTensors } from "../../src/ml/model/network.ts";
import { RandomSequence, streams } from "../../src/ml/random.ts";
import { Matrix } from "./matrix.ts";

/** Normally distributed elements with the given standard deviation. */
export function randomMatrix(rows: number, cols: number, seed: number, deviation = 1): Matrix {
  const random = new RandomSequence(seed, streams.sampling);
  return new Matrix(rows, cols).map(() => random.normal() * deviation);
}

/** Weights and biases normal with deviation 1/√inputs, moments zero: no layer saturates, no gradient is zero. */
export function randomState(network: Network, seed: number): TrainingState {
  const random = new RandomSequence(seed, streams.initialisation);
  const tensors = new Map<string, TensorState>();
  for (const { name, shape } of networkTensors(network)) {
    const count = shape.reduce((product, size) => product * size, 1);
    const deviation = 1 / Math.sqrt(shape[1] ?? count);
    tensors.set(name, {
      value: Float32Array.from({ length: count }, () => random.normal() * deviation),
      firstMoment: new Float32Array(count),
      secondMoment: new Float32Array(count),
    });
  }
  return { step: 0, tensors };
}
