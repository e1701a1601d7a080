/**
 * The TensorFlow engine's session on TensorFlow.js in pure JavaScript, against the float64 reference: the operations,
 * derivatives and Adam are the same as on a GPU, only their speed is not.
 *
 * Tolerances. Training in float32: losses and, by norm, every tensor to 5e-6 (measured: losses to 1.8e-6, which is the
 * KL divergence, a difference of larger numbers; tensors to 1.5e-6). Adam divides by √v, and so turns the rounding of a
 * gradient that has nearly cancelled out into a step of full size (see training.test.ts). Without training, evaluation,
 * encoding and decoding agree to 1e-5, as the CPU engine's do.
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import type { Experiment, ExperimentFile } from "../../src/contract/experiment.ts";
import { Failure } from "../../src/contract/failure.ts";
import type { Dataset } from "../../src/ml/data/dataset.ts";
import type { Device, Engine } from "../../src/ml/engine/engine.ts";
import { guarded } from "../../src/ml/engine/tensorflow/guarded-session.ts";
import { ImageStore } from "../../src/ml/engine/tensorflow/image-store.ts";
import { TensorflowSession } from "../../src/ml/engine/tensorflow/tensorflow-session.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { failsWith } from "../fixtures/failures.ts";
import { noRealMnist } from "../fixtures/real-mnist.ts";
import { assertClose } from "../reference/agreement.ts";
import { mnistDataset, patchDataset } from "../reference/datasets.ts";
import { deviation } from "../reference/deviation.ts";
import { evaluateReference } from "../reference/evaluation.ts";
import { experiment, mnistAutoencoder, mnistVae } from "../reference/experiments.ts";
import { Matrix } from "../reference/matrix.ts";
import { ReferenceModel } from "../reference/model.ts";
import { randomState } from "../reference/parameters.ts";
import { assertSameBits, trainedState, trainReference, withSession } from "../reference/sessions.ts";
import { registerGradients } from "../reference/tensorflow-gradients.ts";

await registerGradients();
tf.enableProdMode();
await tf.setBackend("cpu");

const tolerance = 1e-5;
const trainingTolerance = 5e-6;
const device: Device = {
  available: true,
  description: "pure JavaScript",
  threads: 0,
  memory: null,
  driver: null,
};
const engine: Engine = {
  name: "tensorflow",
  probe: () => Promise.resolve(device),
  open: (network, dataset) => Promise.resolve(new TensorflowSession(tf, network, dataset, device)),
};

async function compareTraining(
  t: TestContext,
  choice: Experiment,
  dataset: Dataset,
  steps: number,
): Promise<void> {
  await withSession({ experiment: choice, dataset, engine }, async (session, network) => {
    const reference = new ReferenceModel(network, await session.state());
    const losses = await session.train(steps);
    let worstLoss = 0;
    trainReference(reference, dataset, steps).forEach(({ reconstruction, kl }, step) => {
      assertClose(
        losses.reconstruction[step],
        reconstruction,
        trainingTolerance,
        `reconstruction of step ${step}`,
      );
      assertClose(losses.kl[step], kl, trainingTolerance, `KL of step ${step}`);
      for (const [found, expected] of [
        [losses.reconstruction[step] ?? 0, reconstruction],
        [losses.kl[step] ?? 0, kl],
      ] as const)
        worstLoss = Math.max(worstLoss, expected === 0 ? 0 : Math.abs(found / expected - 1));
    });
    const state = await session.state();
    assert.equal(state.step, steps);
    let worst = 0;
    for (const [name, parameter] of reference.parameters)
      for (const part of ["value", "firstMoment", "secondMoment"] as const) {
        const found = state.tensors.get(name)?.[part] ?? new Float32Array();
        const { relative } = deviation(found, parameter[part].values);
        worst = Math.max(worst, relative);
        assert.ok(relative <= trainingTolerance, `${name}, ${part}: off by ${relative} of its norm`);
      }
    t.diagnostic(`losses off by ${worstLoss.toExponential(1)}, tensors by ${worst.toExponential(1)} at most`);
  });
}

/** A preset's layers and optimiser with smaller batches: the reference's plain loops take their time. */
function smallerBatches(choice: Experiment, batch: number): Experiment {
  return { ...choice, training: { ...choice.training, batch } };
}

describe("twenty Adam steps on real MNIST agree with the float64 reference", { skip: noRealMnist }, () => {
  // 100 images in batches of 16: three epochs, each with a last batch of four.
  test("mnist-autoencoder", (t) =>
    compareTraining(t, smallerBatches(mnistAutoencoder(), 16), mnistDataset(100, 1), 20));
  test("mnist-vae", (t) => compareTraining(t, smallerBatches(mnistVae(), 16), mnistDataset(100, 1), 20));
});

/** 10 × 8 images; 71 and 37 of them, in batches of 16: neither split is a multiple of the batch. */
const patches = patchDataset(10, 8, 71, 37, 5);

const models: Record<string, ExperimentFile> = {
  "an autoencoder, mean cross-entropy": {
    model: { kind: "autoencoder", encoder: [80, 33, 7], latentActivation: "relu" },
    loss: { reduction: "mean" },
    optimizer: { epsilonPlacement: "uncorrected", epsilon: 1e-4 },
    training: { batch: 16 },
  },
  "an autoencoder, summed squared error, linear output": {
    model: { kind: "autoencoder", encoder: [80, 20, 9], activation: "tanh", outputActivation: "linear" },
    loss: { reconstruction: "mse" },
    training: { batch: 16 },
  },
  "an autoencoder of one layer": {
    model: { kind: "autoencoder", encoder: [80, 5] },
    training: { batch: 16 },
  },
  "a VAE, summed cross-entropy, β = 3": {
    model: { kind: "variational", encoder: [80, 41, 6] },
    loss: { beta: 3 },
    optimizer: { epsilon: 1e-4 },
    training: { batch: 16 },
  },
  "a VAE, mean squared error": {
    model: { kind: "variational", encoder: [80, 41, 17, 3], activation: "sigmoid" },
    loss: { reconstruction: "mse", reduction: "mean" },
    training: { batch: 16 },
  },
};

for (const [name, file] of Object.entries(models))
  describe(name, () => {
    const choice = experiment(file);

    test("trains as the reference does, over three epochs with short last batches", (t) =>
      compareTraining(t, choice, patches, 14));

    test("evaluates both splits as the reference does", () =>
      withSession({ experiment: choice, dataset: patches, engine }, async (session, network) => {
        const state = randomState(network, 31);
        await session.restore(state);
        const reference = new ReferenceModel(network, state);
        for (const split of ["train", "test"] as const) {
          const found = await session.evaluate(split);
          const expected = evaluateReference(reference, patches[split]);
          for (const field of ["loss", "reconstruction", "kl", "pixelMse"] as const)
            assertClose(found[field], expected[field], tolerance, `${split}, ${field}`);
          if (expected.aboveFloor === null) assert.equal(found.aboveFloor, null);
          else assertClose(found.aboveFloor, expected.aboveFloor, tolerance, `${split}, above the floor`);
          assert.equal(found.klPerDimension.length, expected.klPerDimension.length);
          expected.klPerDimension.forEach((kl, dimension) => {
            assertClose(found.klPerDimension[dimension], kl, tolerance, `KL of dimension ${dimension}`);
          });
          assert.equal(found.activeUnits, expected.activeUnits);
          assert.deepEqual(found.activeDimensions, expected.activeDimensions);
        }
      }));

    test("encodes and decodes as the reference does, without a dataset too", () =>
      withSession({ experiment: choice, dataset: null, engine }, async (session, network) => {
        const state = randomState(network, 31);
        await session.restore(state);
        const reference = new ReferenceModel(network, state);
        // More than the 128 images that are encoded at a time.
        for (const count of [0, 1, 131]) {
          const images = Float32Array.from(
            { length: count * network.pixels },
            (_, index) => (patches.train.pixels[index % 5680] ?? 0) / 255,
          );
          const latents = await session.encode(images);
          assert.equal(latents.length, count * network.latent);
          const decoded = await session.decode(latents);
          assert.equal(decoded.length, count * network.pixels);
          if (count === 0) continue;
          const expected = reference.encode(new Matrix(count, network.pixels, images));
          assert.ok(deviation(latents, expected.values).worst <= tolerance);
          const again = reference.decode(new Matrix(count, network.latent, latents));
          assert.ok(deviation(decoded, again.values).worst <= tolerance);
        }
        await assert.rejects(session.train(1), RangeError);
      }));

    test("goes on from its state in another session with the same bits, whatever happened in between", async () => {
      const setting = { experiment: choice, dataset: patches, engine };
      const expected = await trainedState(setting, 9);
      const half = await trainedState(setting, 4);
      const resumed = await withSession(setting, async (session) => {
        await session.train(2);
        await session.restore(half);
        assertSameBits(await session.state(), half, "state read back");
        await session.evaluate("test");
        await session.train(1);
        await session.train(4);
        return session.state();
      });
      assertSameBits(resumed, expected, "resumed");
    });

    test("leaves no tensor behind", async () => {
      const before = tf.memory().numTensors;
      await withSession({ experiment: choice, dataset: patches, engine }, async (session, network) => {
        const open = tf.memory().numTensors;
        await session.train(6);
        await session.evaluate("train");
        await session.restore(await session.state());
        await session.decode(await session.encode(new Float32Array(3 * network.pixels)));
        assert.equal(tf.memory().numTensors, open);
      });
      assert.equal(tf.memory().numTensors, before);
    });
  });

test("weights of another network are refused, and nothing of them is taken over", () =>
  withSession(
    {
      experiment: experiment({ ...models["an autoencoder of one layer"] } as ExperimentFile),
      dataset: null,
      engine,
    },
    async (session) => {
      const before = await session.state();
      const other = experiment({ model: { kind: "autoencoder", encoder: [80, 6] } });
      assert.throws(
        () => session.restore(randomState(buildNetwork(other), 1)),
        (error) => error instanceof Failure && error.code === "run-invalid",
      );
      assertSameBits(await session.state(), before, "state after a refusal");
    },
  ));

test("a log-variance out of range is clamped, so that losses stay finite", () =>
  withSession(
    {
      experiment: experiment(models["a VAE, summed cross-entropy, β = 3"] as ExperimentFile),
      dataset: patches,
      engine,
    },
    async (session, network) => {
      const state = randomState(network, 7);
      state.tensors.get("encoder.fc_logvar.bias")?.value.fill(200);
      await session.restore(state);
      const { kl } = await session.evaluate("test");
      assertClose(
        kl,
        evaluateReference(new ReferenceModel(network, state), patches.test).kl,
        tolerance,
        "KL",
      );
    },
  ));

test("images that are too many to be resident make the same batches", () => {
  const before = tf.memory().numTensors;
  const stores = [2 ** 28, 0].map((limit) => new ImageStore(tf, patches.train, 80, limit));
  const batches = stores.map((store) => store.batch(Uint32Array.of(70, 0, 3)));
  const ranges = stores.map((store) => store.range(69, 2));
  for (const [resident, made] of [batches, ranges]) {
    assert.deepEqual(made?.shape, resident?.shape);
    assert.deepEqual(made?.dataSync(), resident?.dataSync());
  }
  for (const each of [...stores, ...batches, ...ranges]) each.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test("what TensorFlow throws becomes a Failure with a remedy; a full GPU is told apart", async () => {
  const throws = (message: string) => () =>
    guarded(() => {
      throw new Error(message);
    });
  await failsWith(throws("OOM when allocating tensor with shape[9,9]\n at x"), "out-of-memory", "shape[9,9]");
  await failsWith(throws("RESOURCE_EXHAUSTED: CUDA"), "out-of-memory");
  await failsWith(throws("Invalid TF_Status: 3"), "engine-failed", "Invalid TF_Status: 3");
});
