import assert from "node:assert/strict";
import { test } from "node:test";
import type { Experiment } from "../../../src/contract/experiment.ts";
import { Failure } from "../../../src/contract/failure.ts";
import { checkAgainstDataset, parseExperiment } from "../../../src/contract/parse-experiment.ts";

const small = { model: { kind: "variational", encoder: [784, 400, 20] } };

function parse(value: unknown): Experiment {
  return parseExperiment(JSON.stringify(value), "my.json");
}

function failureOf(action: () => unknown): Failure {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof Failure, `expected a Failure, got ${error}`);
    assert.equal(error.code, "experiment-invalid");
    return error;
  }
  assert.fail("nothing was wrong");
}

const refusal = (value: unknown) => failureOf(() => parse(value));

test("only the model's kind and encoder have to be given", () => {
  const experiment = parse(small);
  assert.deepEqual(experiment.model.decoder, [20, 400, 784]);
  assert.deepEqual(experiment.dataset, { kind: "mnist" });
  assert.deepEqual(experiment.training, { epochs: 10, batch: 128, seed: 1 });
  assert.deepEqual(experiment.loss, { reconstruction: "bce", reduction: "sum", beta: 1 });
  assert.equal(experiment.optimizer.epsilon, 1e-8);
});

test("what was resolved resolves to itself", () => {
  const experiment = parse({
    ...small,
    $schema: "./experiment.schema.json",
    training: { earlyStopping: { patience: 3 } },
  });
  assert.deepEqual(parse(experiment), experiment);
});

test("an unknown key is named with its path, and the nearest one suggested", () => {
  const { message, hint } = refusal({ ...small, training: { epoch: 3 } });
  assert.equal(message, "my.json: training.epoch is not a setting");
  assert.equal(hint, "Did you mean epochs?");
});

test("an unknown key that resembles nothing gets the list of what there is", () => {
  const { message, hint } = refusal({ ...small, colour: "red" });
  assert.equal(message, "my.json: colour is not a setting");
  assert.equal(hint, "The settings: name, dataset, model, loss, optimizer, training.");
});

test("a misspelled key comes before the one that is missing because of it", () => {
  const { message, hint } = refusal({ model: { kind: "variational", encoders: [784, 20] } });
  assert.equal(message, "my.json: model.encoders is not a setting");
  assert.match(hint, /^Did you mean encoder\? Also: model\.encoder is missing/);
});

test("a key named __proto__ is one more unknown key", () => {
  const text = '{"__proto__":{"polluted":1},"model":{"kind":"variational","encoder":[784,20]}}';
  const { message } = failureOf(() => parseExperiment(text, "my.json"));
  assert.equal(message, "my.json: __proto__ is not a setting");
  assert.equal("polluted" in {}, false);
});

test("a wrong value is named with its path, what it may be and what it is", () => {
  const cases: [unknown, string][] = [
    [
      { model: { kind: "variational", encoder: [784, -1] } },
      "model.encoder[1] must be a whole number from 1 to 65536, not -1",
    ],
    [
      { model: { kind: "variational", encoder: [784, 0] } },
      "model.encoder[1] must be a whole number from 1 to 65536, not 0",
    ],
    [
      { model: { kind: "variational", encoder: [784, 2.5] } },
      "model.encoder[1] must be a whole number from 1 to 65536, not 2.5",
    ],
    [
      { model: { kind: "variational", encoder: [784, "20"] } },
      'model.encoder[1] must be a whole number from 1 to 65536, not "20"',
    ],
    [
      { model: { kind: "variational", encoder: [784, null] } },
      "model.encoder[1] must be a whole number from 1 to 65536, not null",
    ],
    [
      { model: { kind: "variational", encoder: [784, 1e300] } },
      "model.encoder[1] must be a whole number from 1 to 65536, not 1e+300",
    ],
    [
      { model: { kind: "vae", encoder: [784, 20] } },
      'model.kind must be "autoencoder" or "variational", not "vae"',
    ],
    [
      { ...small, dataset: { kind: "cifar" } },
      'dataset.kind must be "mnist", "drawn-digits", "idx" or "folder", not "cifar"',
    ],
    [{ ...small, dataset: { kind: "idx" } }, "dataset.path is missing; it must be a text that is not empty"],
    [
      { ...small, optimizer: { learningRate: 0 } },
      "optimizer.learningRate must be a number above 0 and at most 10, not 0",
    ],
    [
      { ...small, optimizer: { epsilon: 1e-50 } },
      "optimizer.epsilon must be a number from 1e-12 to 1, not 1e-50",
    ],
    [
      { ...small, dataset: { kind: "folder", path: "x", invert: "yes" } },
      'dataset.invert must be true or false, not "yes"',
    ],
    [
      { ...small, dataset: { kind: "folder", path: "x", width: 257 } },
      "dataset.width must be a whole number from 1 to 256, not 257",
    ],
    [{ ...small, loss: null }, "loss must be an object { … }, not null"],
    [[], "the experiment must be an object { … }, not a list of 0"],
    [{}, "model is missing; it must be an object { … }"],
  ];
  for (const [value, message] of cases) assert.equal(refusal(value).message, `my.json: ${message}`);
});

test("an infinite number is refused as what it is", () => {
  const text = '{"model":{"kind":"variational","encoder":[784,20]},"loss":{"beta":1e999}}';
  assert.equal(
    failureOf(() => parseExperiment(text, "my.json")).message,
    "my.json: loss.beta must be a number from 0 to 1000000, not Infinity",
  );
});

test("a key of another kind of dataset is no setting of this one", () => {
  const { message, hint } = refusal({ ...small, dataset: { kind: "mnist", path: "x" } });
  assert.equal(message, "my.json: dataset.path is not a setting of this kind of dataset");
  assert.equal(hint, "The settings of dataset: kind.");
});

test("several problems are told together, the first as the message", () => {
  const { message, hint } = refusal({ ...small, training: { epochs: 0, batch: "a", seed: -1 }, name: "" });
  assert.match(message, /name must be/);
  for (const path of ["training.epochs", "training.batch", "training.seed"])
    assert.ok(hint.includes(path), path);
});

test("widths that do not meet are refused, saying which", () => {
  const { message, hint } = refusal({ model: { ...small.model, decoder: [10, 400, 783] } });
  assert.equal(message, "my.json: model.decoder[0] is 10, but the encoder ends with 20 latent dimensions");
  assert.match(hint, /model\.decoder\[2\] is 783, but the encoder starts with 784 pixels/);
});

test("cross-entropy needs a sigmoid", () => {
  const linear = { ...small.model, outputActivation: "linear" };
  assert.match(refusal({ model: linear }).message, /"bce" needs "sigmoid"/);
  assert.doesNotThrow(() => parse({ model: linear, loss: { reconstruction: "mse" } }));
});

test("settings that would have no effect are refused rather than ignored", () => {
  assert.match(
    refusal({ model: { ...small.model, latentActivation: "relu" } }).message,
    /latents are linear/,
  );
  const plain = { ...small.model, kind: "autoencoder" };
  assert.match(refusal({ model: plain, loss: { beta: 2 } }).message, /no KL divergence/);
});

test("a model that does not take the dataset's images is told the fix", () => {
  const experiment = parse(small);
  assert.doesNotThrow(() => checkAgainstDataset(experiment, "a.json", 28, 28));
  const { message, hint } = failureOf(() => checkAgainstDataset(experiment, "a.json", 32, 20));
  assert.match(message, /^a\.json: model\.encoder\[0\] is 784, but the images have 32×20 = 640 pixels/);
  assert.equal(hint, "Set model.encoder to [640, 400, 20].");
});
