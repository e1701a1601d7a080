/** Training that goes wrong ends in losses that say so, and extreme but legal numbers do not make it go wrong. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { patchDataset } from "../reference/datasets.ts";
import { testedEngines } from "../reference/engines.ts";
import { experiment } from "../reference/experiments.ts";
import { ReferenceModel } from "../reference/model.ts";
import { randomState } from "../reference/parameters.ts";
import { trainReference, withSession } from "../reference/sessions.ts";

const dataset = patchDataset(4, 4, 40, 10, 7);
const autoencoder = experiment({
  model: { kind: "autoencoder", encoder: [16, 9, 3], activation: "linear", outputActivation: "linear" },
  loss: { reconstruction: "mse" },
  optimizer: { learningRate: 10 },
  training: { batch: 8 },
});
const vae = experiment({ model: { kind: "variational", encoder: [16, 9, 3] }, training: { batch: 8 } });

for (const { name, engine, skip } of testedEngines)
  describe(`on ${name}`, { skip }, () => {
    for (const [what, broken] of [
      ["NaN", Number.NaN],
      ["infinity", Number.POSITIVE_INFINITY],
      ["1e38", 1e38],
    ] as const)
      for (const [kind, choice] of [
        ["an autoencoder", autoencoder],
        ["a VAE", vae],
      ] as const)
        test(`losses are not finite, and the call returns, when a weight of ${kind} is ${what}`, async () => {
          await withSession({ experiment: choice, dataset, threads: 2, engine }, async (session, network) => {
            const state = randomState(network, 51);
            state.tensors.get("decoder.fc2.weight")?.value.fill(broken);
            await session.restore(state);
            const losses = await session.train(7);
            assert.equal(losses.reconstruction.length, 7);
            assert.ok(!Number.isFinite(losses.reconstruction[0]), `${losses.reconstruction[0]}`);
          });
        });

    test("nor are they when NaN of either sign has to pass every layer, ReLU and the latents among them", async () => {
      for (const bits of [0x7fc00000, 0xffc00000])
        await withSession({ experiment: vae, dataset, threads: 2, engine }, async (session, network) => {
          const state = randomState(network, 54);
          const weight = state.tensors.get("encoder.fc1.weight")?.value ?? new Float32Array();
          new Uint32Array(weight.buffer, weight.byteOffset, weight.length).fill(bits);
          await session.restore(state);
          const { reconstruction, kl } = await session.train(1);
          assert.ok(Number.isNaN(reconstruction[0]), `${reconstruction[0]}`);
          assert.ok(Number.isNaN(kl[0]), `${kl[0]}`);
        });
    });

    test("nor when the learning rate is huge and nothing holds the outputs", async () => {
      await withSession(
        { experiment: autoencoder, dataset, threads: 2, engine },
        async (session, network) => {
          const state = randomState(network, 52);
          for (const { value } of state.tensors.values()) value.set(value.map((weight) => weight * 1e9));
          await session.restore(state);
          const losses = await session.train(20);
          assert.ok(losses.reconstruction.some((loss) => !Number.isFinite(loss)));
        },
      );
    });

    test("a log-variance far outside its range gives the reference's finite losses and no gradient", async () => {
      await withSession({ experiment: vae, dataset, threads: 2, engine }, async (session) => {
        const network = buildNetwork(vae);
        const state = randomState(network, 53);
        state.tensors.get("encoder.fc_logvar.bias")?.value.set([1000, -1000, 0]);
        await session.restore(state);
        const losses = await session.train(1);
        const reference = new ReferenceModel(network, state);
        const [expected] = trainReference(reference, dataset, 1);
        assert.ok(expected);
        assert.ok(Math.abs((losses.kl[0] as number) / expected.kl - 1) < 1e-5);
        assert.ok(Math.abs((losses.reconstruction[0] as number) / expected.reconstruction - 1) < 1e-5);
        const moments = (await session.state()).tensors.get("encoder.fc_logvar.bias")?.firstMoment;
        assert.deepEqual(
          [...(moments ?? [])].map((moment) => moment !== 0),
          [false, false, true],
        );
      });
    });
  });
