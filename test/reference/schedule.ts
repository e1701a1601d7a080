/**
 * Which images and which noise a step sees, said a second time from the promises of random.ts and latent-noise.ts:
 * what an engine's batches are checked against.
 */
import { latentNoise } from "../../src/ml/model/latent-noise.ts";
import type { Network } from "../../src/ml/model/network.ts";
import { permutation, RandomSequence, type Stream, streams } from "../../src/ml/random.ts";
import { Matrix } from "./matrix.ts";

export function stepsPerEpoch(network: Network, images: number): number {
  return Math.ceil(images / network.batch);
}

/**
 * Indices into the training split of the images of step `step`, counted from 0 over all epochs. Every epoch has
 * an order of its own; its last batch holds what is left.
 */
export function trainingBatch(network: Network, images: number, step: number): Uint32Array {
  const epoch = Math.floor(step / stepsPerEpoch(network, images));
  const start = (step % stepsPerEpoch(network, images)) * network.batch;
  const order = permutation(images, new RandomSequence(network.seed, streams.shuffle, epoch));
  return order.subarray(start, start + network.batch);
}

/** ε of step `step`: [rows, latent]. */
export function trainingNoise(network: Network, step: number, rows: number): Matrix {
  return noise(network, streams.trainingNoise, step, rows);
}

/** ε of an evaluation of a split's first `rows` images: [rows, latent]. */
export function evaluationNoise(network: Network, rows: number): Matrix {
  return noise(network, streams.evaluationNoise, 0, rows);
}

function noise(network: Network, stream: Stream, step: number, rows: number): Matrix {
  return new Matrix(rows, network.latent).map((_, row, dimension) =>
    latentNoise(network.seed, stream, network.latent, step, row, dimension),
  );
}
