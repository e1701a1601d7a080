/**
 * Thirty steps of the two MNIST models on the WebGPU engine beside the CPU engine, on drawn digits, as users run it.
 *
 * Tolerance. Both store float32 and sum in orders of their own; Adam divides by √v, so a weight whose gradient cancels
 * to rounding may take a step of full size in another direction (see training.test.ts). After thirty steps losses agree
 * to 2e-6 [measured: 1.1e-7], tensors by norm to 1e-6 [1.5e-7], single weights to 1e-4 of the larger of them and their
 * RMS [6.0e-5].
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Experiment } from "../../src/contract/experiment.ts";
import { drawDigits } from "../../src/ml/data/drawn-digits.ts";
import { createCpuEngine } from "../../src/ml/engine/cpu/cpu-engine.ts";
import { lower } from "../../src/ml/engine/webgpu/lower.ts";
import { MemoryMap } from "../../src/ml/engine/webgpu/memory-map.ts";
import { dispatchesOf } from "../../src/ml/engine/webgpu/module.ts";
import { untunedTiles } from "../../src/ml/engine/webgpu/tiles.ts";
import { fusePlan } from "../../src/ml/model/fuse.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { planNetwork } from "../../src/ml/model/plan.ts";
import { noSoftwareGpu, softwareGpu } from "../fixtures/software-gpu.ts";
import { assertClose } from "../reference/agreement.ts";
import { deviation } from "../reference/deviation.ts";
import { mnistAutoencoder, mnistVae } from "../reference/experiments.ts";
import { withSession } from "../reference/sessions.ts";

const steps = 30;
const presets: Record<string, Experiment> = {
  "mnist-autoencoder": mnistAutoencoder(),
  "mnist-vae": mnistVae(),
};

describe("thirty steps on the WebGPU engine agree with the CPU engine's", { skip: noSoftwareGpu }, () => {
  for (const [name, experiment] of Object.entries(presets))
    test(name, async (t) => {
      const dataset = await drawDigits({ train: 4000, test: 1, seed: 2 });
      const train = (engine = createCpuEngine()) =>
        withSession({ experiment, dataset, engine, threads: 2 }, async (session) => ({
          losses: await session.train(steps),
          state: await session.state(),
        }));
      const expected = await train();
      const found = await train(softwareGpu("fast"));
      let worstLoss = 0;
      for (let step = 0; step < steps; step++) {
        const loss = (of: typeof found) =>
          (of.losses.reconstruction[step] ?? Number.NaN) + (of.losses.kl[step] ?? Number.NaN);
        worstLoss = Math.max(worstLoss, Math.abs(loss(found) / loss(expected) - 1));
        assertClose(loss(found), loss(expected), 2e-6, `loss of step ${step}`);
      }
      for (const [tensor, { value }] of expected.state.tensors) {
        const { relative, worst } = deviation(found.state.tensors.get(tensor)?.value ?? [], value);
        t.diagnostic(
          `${tensor}: ${relative.toExponential(1)} by norm, worst element ${worst.toExponential(1)}`,
        );
        assert.ok(relative <= 1e-6, tensor);
        assert.ok(worst <= 1e-4, tensor);
      }
      t.diagnostic(`losses: ${worstLoss.toExponential(1)}`);
    });
});

for (const [name, experiment] of Object.entries(presets))
  test(`a step of ${name} takes six dispatches`, () => {
    const network = buildNetwork(experiment);
    const plan = fusePlan(planNetwork(network));
    const options = {
      program: "fused",
      rows: network.batch,
      slot: 63,
      tiles: untunedTiles("hardware"),
    } as const;
    const jobs = lower(plan.train, network, new MemoryMap(plan, network.batch), options);
    assert.equal(dispatchesOf(jobs, 196).length, 6);
  });
