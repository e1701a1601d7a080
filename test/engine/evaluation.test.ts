/**
 * Evaluation, encoding and decoding against the float64 reference, with random weights.
 *
 * Tolerance: 1e-5, of a number itself or, for one element of many, of the larger of it and their root mean square.
 * An engine adds up float32 products in an order of its own, at most some eighty to a sum here.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ExperimentFile } from "../../src/contract/experiment.ts";
import type { SplitName } from "../../src/ml/data/dataset.ts";
import type { Engine, Session } from "../../src/ml/engine/engine.ts";
import { evaluationOf } from "../../src/ml/engine/evaluation-sums.ts";
import { buildNetwork, type Network } from "../../src/ml/model/network.ts";
import { assertClose } from "../reference/agreement.ts";
import { patchDataset } from "../reference/datasets.ts";
import { deviation } from "../reference/deviation.ts";
import { testedEngines } from "../reference/engines.ts";
import { evaluateReference } from "../reference/evaluation.ts";
import { experiment } from "../reference/experiments.ts";
import { Matrix } from "../reference/matrix.ts";
import { ReferenceModel } from "../reference/model.ts";
import { randomMatrix, randomState } from "../reference/parameters.ts";
import { withSession } from "../reference/sessions.ts";

const tolerance = 1e-5;
/** 10 × 8 images; 71 and 37 of them, in batches of 16: neither split is a multiple of the batch. */
const dataset = patchDataset(10, 8, 71, 37, 5);

const models: Record<string, ExperimentFile> = {
  "an autoencoder, mean cross-entropy": {
    model: { kind: "autoencoder", encoder: [80, 33, 7], latentActivation: "relu" },
    loss: { reduction: "mean" },
    training: { batch: 16 },
  },
  "an autoencoder, summed squared error, linear output": {
    model: { kind: "autoencoder", encoder: [80, 20, 9], activation: "tanh", outputActivation: "linear" },
    loss: { reconstruction: "mse" },
    training: { batch: 16 },
  },
  "a VAE, summed cross-entropy, β = 3": {
    model: { kind: "variational", encoder: [80, 41, 6] },
    loss: { beta: 3 },
    training: { batch: 16 },
  },
  "a VAE, mean squared error": {
    model: { kind: "variational", encoder: [80, 41, 17, 3], activation: "sigmoid" },
    loss: { reconstruction: "mse", reduction: "mean" },
    training: { batch: 16 },
  },
};

/** A session and a reference with the same weights. */
function withModel(
  engine: Engine,
  file: ExperimentFile,
  use: (session: Session, reference: ReferenceModel, network: Network) => Promise<void>,
): Promise<void> {
  return withSession(
    { experiment: experiment(file), dataset, threads: 2, engine },
    async (session, network) => {
      const state = randomState(network, 31);
      await session.restore(state);
      await use(session, new ReferenceModel(network, state), network);
    },
  );
}

const cases = testedEngines.flatMap((tested) =>
  Object.entries(models).map(([name, file]) => ({ ...tested, name: `${name}, on ${tested.name}`, file })),
);

for (const { name, file, engine, skip } of cases)
  describe(name, { skip }, () => {
    for (const splitName of ["train", "test"] satisfies SplitName[])
      test(`evaluates the ${splitName} split as the reference does`, () =>
        withModel(engine, file, async (session, reference, network) => {
          const found = await session.evaluate(splitName);
          const expected = evaluateReference(reference, dataset[splitName]);
          assertClose(found.loss, expected.loss, tolerance, "loss");
          assertClose(found.reconstruction, expected.reconstruction, tolerance, "reconstruction");
          assertClose(found.kl, expected.kl, tolerance, "KL");
          if (expected.aboveFloor === null) assert.equal(found.aboveFloor, null);
          else assertClose(found.aboveFloor, expected.aboveFloor, tolerance, "above the floor");
          assertClose(found.pixelMse, expected.pixelMse, tolerance, "squared error per pixel");
          assert.equal(found.klPerDimension.length, network.variational ? network.latent : 0);
          expected.klPerDimension.forEach((kl, dimension) => {
            assertClose(found.klPerDimension[dimension], kl, tolerance, `KL of dimension ${dimension}`);
          });
          assert.equal(found.activeUnits, expected.activeUnits);
          assert.deepEqual(found.activeDimensions, expected.activeDimensions);
        }));

    // 16 is the batch: fewer, one more, and several batches with a remainder.
    for (const count of [1, 7, 17, 50])
      test(`encodes and decodes ${count} images as the reference does`, () =>
        withModel(engine, file, async (session, reference, network) => {
          const images = Float32Array.from({ length: count * network.pixels }, (_, index) =>
            Math.fround((dataset.train.pixels[index] as number) / 255),
          );
          const latents = await session.encode(images);
          const expected = reference.encode(new Matrix(count, network.pixels, images));
          assert.equal(latents.length, count * network.latent);
          assert.ok(deviation(latents, expected.values).worst <= tolerance);
          const decoded = await session.decode(latents);
          assert.equal(decoded.length, count * network.pixels);
          const again = reference.decode(new Matrix(count, network.latent, latents));
          assert.ok(deviation(decoded, again.values).worst <= tolerance);
        }));

    test("encodes and decodes nothing to nothing", () =>
      withModel(engine, file, async (session) => {
        assert.equal((await session.encode(new Float32Array())).length, 0);
        assert.equal((await session.decode(new Float32Array())).length, 0);
      }));
  });

test("an active unit is one whose mean varies over the data by more than 0.01", async () => {
  const choice = experiment({ model: { kind: "variational", encoder: [80, 3] }, training: { batch: 16 } });
  await withSession({ experiment: choice, dataset }, async (session, network) => {
    const state = randomState(network, 32);
    // Latent 0 ignores the images, latent 1 hardly notices them, latent 2 is as drawn.
    state.tensors.get("encoder.fc_mu.weight")?.value.fill(0, 0, 80).fill(1e-4, 80, 160);
    await session.restore(state);
    const found = await session.evaluate("test");
    for (const { activeUnits, activeDimensions } of [
      found,
      evaluateReference(new ReferenceModel(network, state), dataset.test),
    ])
      assert.deepEqual([activeUnits, activeDimensions], [1, [2]]);
  });
});

test("over a single image nothing varies, and no unit is called active or inactive", () => {
  const network = buildNetwork(experiment({ model: { kind: "variational", encoder: [80, 2] } }));
  const sums = { reconstruction: 1, kl: 1, squares: 1 };
  const once = evaluationOf(network, { ...sums, images: 1, latent: [1, 1, 3, 0, 9, 0] }, () => 0);
  assert.equal(once.activeUnits, null);
  assert.ok(!("activeDimensions" in once));
  // μ is 3 and 0 for one image, 0 and 0 for the other.
  const twice = evaluationOf(network, { ...sums, images: 2, latent: [1, 1, 3, 0, 9, 0] }, () => 0);
  assert.deepEqual([twice.activeUnits, twice.activeDimensions], [1, [0]]);
});

test("a session without a dataset restores, encodes and decodes", async () => {
  const choice = experiment({ model: { kind: "autoencoder", encoder: [12, 5] } });
  const network = buildNetwork(choice);
  const state = randomState(network, 33);
  const reference = new ReferenceModel(network, state);
  const images = randomMatrix(3, 12, 34).map((value) => Math.fround(Math.abs(value) / 5));
  await withSession({ experiment: choice, dataset: null }, async (session) => {
    await session.restore(state);
    const latents = await session.encode(Float32Array.from(images.values));
    assert.ok(deviation(latents, reference.encode(images).values).worst <= tolerance);
    const decoded = await session.decode(latents);
    assert.ok(deviation(decoded, reference.decode(reference.encode(images)).values).worst <= tolerance);
  });
});
