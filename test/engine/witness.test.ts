/**
 * TensorFlow.js as an independent witness for the reference's losses, gradients and Adam: somebody else's code,
 * given the same weights, the same batch and the same noise (see reference/witness.ts for its defaults).
 *
 * The witness computes in float32 and sums in another order, so it agrees to some 2⁻²⁴ ≈ 6e-8 per operation.
 * Losses: 1e-6 relative. Gradients: 1e-6 of a tensor's norm (worst seen 1.5e-7). Weights after five Adam steps:
 * 2e-6 of a tensor's norm (worst seen 4.4e-7); the witness keeps β₂ᵗ in float32, and 1 − 0.999 loses 1.3e-5 there.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ExperimentFile } from "../../src/contract/experiment.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { noRealMnist } from "../fixtures/real-mnist.ts";
import { assertClose } from "../reference/agreement.ts";
import { imagesAt, mnistDataset, patchDataset } from "../reference/datasets.ts";
import { deviation } from "../reference/deviation.ts";
import { experiment, mnistVae } from "../reference/experiments.ts";
import type { Matrix } from "../reference/matrix.ts";
import { ReferenceModel } from "../reference/model.ts";
import { randomMatrix, randomState } from "../reference/parameters.ts";
import { callWitness, Witness } from "../reference/witness.ts";

await callWitness();

const rows = 6;
const images = imagesAt(patchDataset(5, 3, rows, 1, 1).train, [0, 1, 2, 3, 4, 5]);

const models: Record<string, ExperimentFile> = {
  "an autoencoder, mean cross-entropy": {
    model: { kind: "autoencoder", encoder: [15, 9, 4], latentActivation: "relu" },
    loss: { reduction: "mean" },
  },
  "an autoencoder, summed squared error, tanh, linear output": {
    model: { kind: "autoencoder", encoder: [15, 9, 4], activation: "tanh", outputActivation: "linear" },
    loss: { reconstruction: "mse" },
  },
  "an autoencoder of one layer": { model: { kind: "autoencoder", encoder: [15, 4] } },
  "a VAE, summed cross-entropy": { model: { kind: "variational", encoder: [15, 9, 4] } },
  "a deep VAE, mean squared error, sigmoid, β = 4": {
    model: { kind: "variational", encoder: [15, 11, 7, 3], activation: "sigmoid" },
    loss: { reconstruction: "mse", reduction: "mean", beta: 4 },
  },
};

function assertAgreement(file: ExperimentFile, batch: Matrix, steps: number): void {
  const network = buildNetwork(experiment(file));
  const state = randomState(network, 21);
  const reference = new ReferenceModel(network, state);
  const witness = new Witness(network, state);
  const noise = randomMatrix(batch.rows, network.latent, 22);

  const pass = reference.forward(batch, noise);
  const gradients = reference.backward(batch, noise, pass);
  const testimony = witness.gradients(batch, noise);
  assertClose(testimony.losses[0], reference.losses(pass).reconstruction, 1e-6, "reconstruction");
  assertClose(testimony.losses[1], reference.losses(pass).kl, 1e-6, "KL");
  for (const [name, gradient] of gradients) {
    const { relative } = deviation(testimony.gradients.get(name) ?? [], gradient.values);
    assert.ok(relative <= 1e-6, `gradient of ${name}: off by ${relative}`);
  }

  for (let step = 0; step < steps; step++) {
    const stepNoise = randomMatrix(batch.rows, network.latent, 23 + step);
    reference.trainStep(batch, stepNoise);
    witness.trainStep(batch, stepNoise);
  }
  for (const [name, { value }] of reference.parameters) {
    const moved = deviation(state.tensors.get(name)?.value ?? [], value.values).relative;
    assert.ok(moved > 1e-3, `${name} hardly moved, so nothing was compared`);
    const { relative } = deviation(witness.parameter(name), value.values);
    assert.ok(relative <= 2e-6, `${name} after ${steps} steps: off by ${relative}`);
  }
  witness.dispose();
}

describe("TensorFlow.js agrees on losses, gradients and five Adam steps of", () => {
  for (const [name, file] of Object.entries(models)) test(name, () => assertAgreement(file, images, 5));

  test("the MNIST VAE on four real digits, two steps", { skip: noRealMnist }, () => {
    const digits = imagesAt(mnistDataset(4, 1).train, [0, 1, 2, 3]);
    assertAgreement(mnistVae(), digits, 2);
  });
});
