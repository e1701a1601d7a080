/**
 * What a Session promises of its bits: weights depend on network, dataset and seed alone. Every comparison is exact.
 * The models are small; 45 images in batches of 16 make epochs of three steps whose last holds 13.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Experiment } from "../../src/contract/experiment.ts";
import { Failure } from "../../src/contract/failure.ts";
import { createCpuEngine } from "../../src/ml/engine/cpu/cpu-engine.ts";
import { initialParameters } from "../../src/ml/model/initialise.ts";
import { patchDataset } from "../reference/datasets.ts";
import { testedEngines } from "../reference/engines.ts";
import { experiment } from "../reference/experiments.ts";
import { assertSameBits, trainedState, withSession } from "../reference/sessions.ts";

const dataset = patchDataset(9, 7, 45, 10, 3);

const models: Record<string, Experiment> = {
  "the autoencoder": experiment({
    model: { kind: "autoencoder", encoder: [63, 37, 18, 5], initialisation: "keras" },
    loss: { reduction: "mean" },
    optimizer: { epsilon: 1e-7, epsilonPlacement: "uncorrected" },
    training: { batch: 16 },
  }),
  "the VAE": experiment({
    model: { kind: "variational", encoder: [63, 40, 6] },
    training: { batch: 16 },
  }),
};

const cases = testedEngines.flatMap((tested) =>
  Object.entries(models)
    // SwiftShader takes seconds to compile a model: the one with noise must do.
    .filter(([name]) => tested.name === "cpu" || name === "the VAE")
    .map(([name, choice]) => ({ ...tested, name: `${name} on ${tested.name}`, choice })),
);

for (const { name, choice, engine, skip } of cases)
  describe(name, { skip }, () => {
    const setting = { experiment: choice, dataset, engine };

    test("starts from the network's initialisation, moments at zero", async () => {
      await withSession(setting, async (session, network) => {
        const state = await session.state();
        assert.equal(state.step, 0);
        for (const [tensor, value] of initialParameters(network)) {
          assert.deepEqual(state.tensors.get(tensor)?.value, value, tensor);
          assert.ok(state.tensors.get(tensor)?.firstMoment.every((moment) => moment === 0));
          assert.ok(state.tensors.get(tensor)?.secondMoment.every((moment) => moment === 0));
        }
      });
    });

    test("has the same bits and losses however its steps are grouped, evaluated in between or not", async () => {
      const [whole, losses] = await withSession(setting, async (session) => {
        const all = await session.train(10);
        return [await session.state(), all] as const;
      });
      assert.deepEqual([...losses.imagesPerStep], [16, 16, 13, 16, 16, 13, 16, 16, 13, 16]);
      await withSession(setting, async (session) => {
        const first = await session.train(2);
        await session.evaluate("test");
        await session.encode(new Float32Array(63));
        const second = await session.train(1);
        await session.evaluate("train");
        await session.decode(new Float32Array(choice.model.encoder.at(-1) as number));
        const third = await session.train(7);
        assertSameBits(await session.state(), whole, "2 + 1 + 7 steps");
        const joined = [first, second, third];
        assert.deepEqual(
          joined.flatMap((part) => [...part.reconstruction]),
          [...losses.reconstruction],
        );
        assert.deepEqual(
          joined.flatMap((part) => [...part.kl]),
          [...losses.kl],
        );
        assert.deepEqual(
          joined.flatMap((part) => [...part.imagesPerStep]),
          [...losses.imagesPerStep],
        );
        assert.equal(
          losses.images,
          joined.reduce((sum, part) => sum + part.images, 0),
        );
      });
    });

    test("continues bit for bit in a new session that restores its state", async () => {
      const whole = await trainedState(setting, 11);
      const half = await trainedState(setting, 4);
      await withSession({ ...setting, threads: 2 }, async (session) => {
        await session.train(3);
        await session.restore(half);
        assertSameBits(await session.state(), half, "what was restored");
        await session.train(7);
        assertSameBits(await session.state(), whole, "4 steps, restored, 7 steps");
      });
    });

    test("takes no step when asked for none", () =>
      withSession(setting, async (session) => {
        const before = await session.state();
        const losses = await session.train(0);
        assert.equal(losses.images, 0);
        assert.equal(losses.reconstruction.length, 0);
        assertSameBits(await session.state(), before, "no steps");
      }));

    test("refuses a state that belongs to another network, naming the tensor", () =>
      withSession(setting, async (session) => {
        const state = await session.state();
        const missing = choice.model.kind === "variational" ? "encoder.fc_mu.bias" : "encoder.fc2.bias";
        const tensors = new Map(state.tensors);
        tensors.delete(missing);
        await assert.rejects(
          async () => session.restore({ ...state, tensors }),
          (error) =>
            error instanceof Failure && error.code === "run-invalid" && error.message.includes(missing),
        );
      }));

    test("keeps its own copy of a state and of the dataset", async () => {
      const pixels = Uint8Array.from(dataset.train.pixels);
      const copy = { ...dataset, train: { ...dataset.train, pixels } };
      const expected = await trainedState(setting, 4);
      await withSession({ ...setting, dataset: copy }, async (session) => {
        pixels.fill(77);
        await session.train(2);
        const state = await session.state();
        await session.restore(state);
        for (const tensor of state.tensors.values()) tensor.value.fill(1);
        await session.train(2);
        assertSameBits(await session.state(), expected, "after the caller's arrays changed");
      });
    });

    test("evaluates to the same numbers each time and on any number of threads", async () => {
      const evaluate = (threads: number) =>
        withSession({ ...setting, threads }, async (session) => {
          await session.train(3);
          const first = await session.evaluate("test");
          assert.deepEqual(await session.evaluate("test"), first);
          return first;
        });
      const one = await evaluate(1);
      assert.deepEqual(await evaluate(2), one);
      assert.deepEqual(await evaluate(3), one);
    });

    test("gives other weights for another seed", async () => {
      const other = { ...choice, training: { ...choice.training, seed: choice.training.seed + 1 } };
      const one = await trainedState(setting, 1);
      const two = await trainedState({ ...setting, experiment: other }, 1);
      for (const [tensor, { value }] of one.tensors)
        assert.notDeepEqual(two.tensors.get(tensor)?.value, value, tensor);
    });
  });

for (const [name, choice] of Object.entries(models))
  describe(`${name}, whatever the processor offers`, () => {
    const setting = { experiment: choice, dataset };

    test("has the same bits after 25 steps on one, two and three threads", async () => {
      const one = await trainedState({ ...setting, threads: 1 }, 25);
      assertSameBits(await trainedState({ ...setting, threads: 2 }, 25), one, "two threads");
      assertSameBits(await trainedState({ ...setting, threads: 3 }, 25), one, "three threads");
    });

    test("has the same bits with eight columns of a product at a time and with sixteen", async () => {
      const eight = await trainedState({ ...setting, engine: createCpuEngine({ columns: 8 }) }, 10);
      const sixteen = await trainedState({ ...setting, engine: createCpuEngine({ columns: 16 }) }, 10);
      assertSameBits(eight, sixteen, "eight columns");
    });
  });
