/**
 * Fusion is a rewrite of the plan that must not be seen in the results. It moves operations next to each other but
 * changes no sum's order, so the comparison is exact, not merely close: losses, weights and moments, bit for bit.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCpuEngine, createUnfusedCpuEngine } from "../../src/ml/engine/cpu/cpu-engine.ts";
import type { Engine } from "../../src/ml/engine/engine.ts";
import { fusePlan } from "../../src/ml/model/fuse.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { planNetwork } from "../../src/ml/model/plan.ts";
import { drawCase } from "../reference/cases.ts";
import { patchDataset } from "../reference/datasets.ts";
import { mnistAutoencoder, mnistVae } from "../reference/experiments.ts";
import { assertSameBits, type TrainingSetting, withSession } from "../reference/sessions.ts";

const cases = 20;
const steps = 5;

async function runEverything(setting: TrainingSetting, engine: Engine) {
  return await withSession({ ...setting, engine }, async (session, network) => {
    const losses = await session.train(steps);
    const images = new Float32Array(3 * network.pixels).fill(0.5);
    return {
      losses,
      state: await session.state(),
      evaluation: await session.evaluate("test"),
      decoded: await session.decode(await session.encode(images)),
    };
  });
}

async function compareWithPlain(setting: TrainingSetting, what: string): Promise<void> {
  const fused = await runEverything(setting, createCpuEngine());
  const plain = await runEverything(setting, createUnfusedCpuEngine());
  assertSameBits(fused.state, plain.state, what);
  assert.deepEqual(fused.losses, plain.losses, what);
  assert.deepEqual(fused.evaluation, plain.evaluation, what);
  assert.deepEqual(fused.decoded, plain.decoded, what);
}

test(`the fused and the plain Program of ${cases} odd networks compute the same bits`, async () => {
  for (let index = 0; index < cases; index++)
    await compareWithPlain(drawCase(1000 + index), `case ${1000 + index}`);
});

test("the fused and the plain Program of the two MNIST models compute the same bits", async () => {
  const dataset = patchDataset(28, 28, 600, 150, 61);
  await compareWithPlain({ experiment: mnistAutoencoder(), dataset, threads: 2 }, "mnist-autoencoder");
  await compareWithPlain({ experiment: mnistVae(), dataset, threads: 2 }, "mnist-vae");
});

test("fusing leaves no operation of the two MNIST models plain that it knows how to fuse", () => {
  const foldable = ["product", "addBias", "activate", "inputGradient", "activateGradient"];
  const updates = ["weightGradient", "biasGradient", "adam"];
  for (const choice of [mnistAutoencoder(), mnistVae()]) {
    const plain = planNetwork(buildNetwork(choice));
    const kinds = fusePlan(plain).train.operations.map(({ kind }) => kind);
    for (const kind of [...foldable, ...updates]) {
      assert.ok(
        plain.train.operations.some((operation) => operation.kind === kind),
        `${kind} in the plain plan`,
      );
      assert.ok(!kinds.some((fused) => fused === kind), `${kind} is left in ${kinds.join(", ")}`);
    }
  }
});
