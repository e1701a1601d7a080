import assert from "node:assert/strict";
import { test } from "node:test";
import { changeExperiment } from "../../../src/contract/parse-experiment.ts";
import { findPreset, presets } from "../../../src/contract/presets.ts";
import { buildNetwork, parameterCount } from "../../../src/ml/model/network.ts";

const resolved = (name: string) => changeExperiment(findPreset(name).experiment, name, []);

test("every preset is a sound experiment that bears its name", () => {
  assert.equal(presets.length, 4);
  for (const { name, experiment, description } of presets) {
    assert.equal(changeExperiment(experiment, name, []).name, name);
    assert.match(description, /Keras|PyTorch/, "says which framework it reproduces");
  }
});

test("the models have as many parameters as the ones they reproduce", () => {
  // From REFERENCES: 222,384 for the dense autoencoder and 652,824 for the VAE.
  assert.equal(parameterCount(buildNetwork(resolved("mnist-autoencoder"))), 222_384);
  assert.equal(parameterCount(buildNetwork(resolved("mnist-vae"))), 652_824);
});

test("the autoencoder trains as Keras does", () => {
  const { model, loss, optimizer, training } = resolved("mnist-autoencoder");
  assert.deepEqual(model.encoder, [784, 128, 64, 32]);
  assert.deepEqual(
    [model.activation, model.latentActivation, model.outputActivation],
    ["relu", "relu", "sigmoid"],
  );
  assert.equal(model.initialisation, "keras");
  assert.deepEqual(loss, { reconstruction: "bce", reduction: "mean", beta: 1 });
  assert.deepEqual(
    [optimizer.learningRate, optimizer.epsilon, optimizer.epsilonPlacement],
    [0.001, 1e-7, "uncorrected"],
  );
  assert.deepEqual([training.epochs, training.batch], [50, 256]);
});

test("its variant differs in the reconstruction loss alone", () => {
  const bce = resolved("mnist-autoencoder");
  const mse = resolved("mnist-autoencoder-mse");
  assert.deepEqual(mse, {
    ...bce,
    name: "mnist-autoencoder-mse",
    loss: { ...bce.loss, reconstruction: "mse" },
  });
});

test("the VAEs train as PyTorch does", () => {
  const { model, loss, optimizer, training } = resolved("mnist-vae");
  assert.deepEqual(model.encoder, [784, 400, 20]);
  assert.equal(model.initialisation, "pytorch");
  assert.deepEqual(loss, { reconstruction: "bce", reduction: "sum", beta: 1 });
  assert.deepEqual(
    [optimizer.learningRate, optimizer.epsilon, optimizer.epsilonPlacement],
    [0.001, 1e-8, "corrected"],
  );
  assert.deepEqual([training.epochs, training.batch], [5, 128]);
  const six = resolved("mnist-vae-6");
  assert.deepEqual(six.model.encoder, [784, 400, 6]);
  assert.equal(six.loss.reconstruction, "mse");
});

test("a name that is nearly right is suggested", () => {
  assert.throws(() => findPreset("mnist-vea"), { code: "usage", hint: "Did you mean mnist-vae?" });
});
