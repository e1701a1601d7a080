import assert from "node:assert/strict";
import { test } from "node:test";
import type { Experiment } from "../../../src/contract/experiment.ts";
import { Failure } from "../../../src/contract/failure.ts";
import { changeExperiment, parseExperiment } from "../../../src/contract/parse-experiment.ts";
import { findPreset } from "../../../src/contract/presets.ts";

const preset = findPreset("mnist-vae").experiment;

function change(...settings: string[]): Experiment {
  return changeExperiment(preset, "mnist-vae", settings);
}

function refusal(...settings: string[]): Failure {
  try {
    change(...settings);
  } catch (error) {
    assert.ok(error instanceof Failure, `expected a Failure, got ${error}`);
    return error;
  }
  assert.fail(`accepted: ${settings}`);
}

test("numbers, lists and texts are set, with or without JSON's marks", () => {
  assert.equal(change("training.epochs=3").training.epochs, 3);
  assert.deepEqual(change("model.encoder=784,400,6").model.encoder, [784, 400, 6]);
  assert.deepEqual(change("model.encoder=[784, 6]").model.encoder, [784, 6]);
  assert.equal(change("name=5").name, "5");
  assert.equal(change('name="a b"').name, "a b");
  assert.equal(change('training={"epochs":2}').training.epochs, 2);
});

test("a value may hold an equals sign", () => {
  assert.deepEqual(change("dataset.kind=idx", "dataset.path=/a=b").dataset, { kind: "idx", path: "/a=b" });
});

test("the last of two settings of one path counts", () => {
  assert.equal(change("training.epochs=3", "training.epochs=4").training.epochs, 4);
});

test("one entry of a list is set by its position", () => {
  assert.deepEqual(change("model.encoder[2]=6").model.encoder, [784, 400, 6]);
  assert.deepEqual(change("model.encoder.1=300").model.encoder, [784, 300, 20]);
  assert.match(refusal("model.encoder[3]=6").message, /model\.encoder has 3 entries/);
  assert.match(refusal("model.decoder[0]=6").message, /model\.decoder is not set/);
});

test("another kind of dataset starts afresh, in whatever order the settings come", () => {
  const expected = { kind: "drawn-digits", train: 500, test: 10_000, seed: 1 };
  assert.deepEqual(change("dataset.kind=drawn-digits", "dataset.train=500").dataset, expected);
  assert.deepEqual(change("dataset.train=500", "dataset.kind=drawn-digits").dataset, expected);
});

test("null puts a setting back to its default", () => {
  assert.deepEqual(change("model.decoder=20,100,784", "model.decoder=null").model.decoder, [20, 400, 784]);
  assert.equal(change("training.epochs=null").training.epochs, 10);
});

test("the preset itself is not changed", () => {
  const before = structuredClone(preset);
  change("training.epochs=3", "model.encoder[2]=6", "dataset.kind=drawn-digits");
  assert.deepEqual(preset, before);
});

test("an unknown path is refused with the nearest one", () => {
  assert.equal(refusal("training.epoch=3").hint, "Did you mean training.epochs?");
  assert.equal(refusal("epochs=3").hint, "Did you mean training.epochs?");
  assert.equal(refusal("dataset.pth=x").hint, "Did you mean dataset.path?");
  assert.match(refusal("optimizer.lr=1").hint, /learningRate/);
  for (const path of ["__proto__.x", "constructor", "model.encoder.length", "model.kind.x"]) {
    assert.equal(refusal(`${path}=1`).message, `--set ${path}: there is no such setting`);
  }
});

test("a value that does not fit is told by its setting, the file's own mistakes by the file", () => {
  const text = JSON.stringify({ ...preset, training: { epochs: 0 } });
  const failure = (...settings: string[]) => {
    try {
      parseExperiment(text, "x.json", settings);
    } catch (error) {
      assert.ok(error instanceof Failure);
      return [error.code, error.message.split(": ")[0]];
    }
    return [];
  };
  assert.deepEqual(failure(), ["experiment-invalid", "x.json"]);
  assert.deepEqual(failure("training.batch=5"), ["experiment-invalid", "x.json"]);
  assert.deepEqual(failure("training.epochs=-1"), ["usage", "--set training.epochs"]);
  assert.deepEqual(failure("training=5"), ["usage", "--set training"]);
  assert.deepEqual(failure("training.epochs=1"), []);
  assert.deepEqual(failure("training.epochs=1", "dataset.kind=idx"), ["usage", "--set dataset.kind"]);
  assert.deepEqual(failure("training.epochs=1", "model.decoder=20,5"), ["usage", "--set model.decoder"]);
  // What it breaks is a rule that names another setting.
  const linear = { ...preset, model: { ...preset.model, outputActivation: "linear" as const } };
  assert.throws(
    () =>
      changeExperiment({ ...linear, loss: { reconstruction: "mse" } }, "x", [
        "training.epochs=1",
        "loss.reconstruction=bce",
      ]),
    {
      code: "usage",
      message:
        /^--set loss\.reconstruction: model\.outputActivation is "linear", but loss\.reconstruction "bce"/,
    },
  );
});

test("a setting that needs another one says how to give it, where there is no file to write it into", () => {
  const { message, hint } = refusal("dataset.kind=folder");
  assert.equal(message, "--set dataset.kind: dataset.path is missing; it must be a text that is not empty");
  assert.match(
    hint,
    /^Add --set dataset\.path=VALUE\. dataset\.path: .*, or without one to the current folder\.$/,
  );
  const file = JSON.stringify({ ...preset, dataset: { kind: "folder" } });
  assert.throws(() => parseExperiment(file, "x.json"), {
    code: "experiment-invalid",
    hint: /^dataset\.path: /,
  });
});

test("a name that is too long is told how long it may be", () => {
  const { message, hint } = refusal(`name=${"n".repeat(101)}`);
  assert.match(message, /name must be a text of 1 to 100 characters/);
  assert.match(hint, /of 1 to 100 characters/);
});

test("what has no settings to change is told as it stands in the file", () => {
  for (const [text, problem] of [
    ["[1, 2]", "the experiment must be an object { … }, not a list of 2"],
    ['{"model": [784, 20]}', "model must be an object { … }, not a list of 2"],
    ['{"model": "vae"}', 'model must be an object { … }, not "vae"'],
  ] as const)
    assert.throws(() => parseExperiment(text, "x.json", ["model.kind=variational", "training.epochs=1"]), {
      code: "experiment-invalid",
      message: `x.json: ${problem}`,
    });
});

test("a value that does not fit is refused in the words for a file", () => {
  assert.match(
    refusal("training.epochs=many").message,
    /training\.epochs must be a whole number .* not "many"/,
  );
  assert.match(refusal("training.batch=").message, /not ""/);
  assert.match(refusal("model.encoder=784,x").message, /model\.encoder must be a list .* not "784,x"/);
});

test("a setting without a value is a mistake of usage", () => {
  assert.equal(refusal("training.epochs").code, "usage");
  assert.equal(refusal("=3").code, "usage");
});
