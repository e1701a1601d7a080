/**
 * Fusion is a rewrite of the plan that changes what is computed by rounding alone: where a sum starts from the bias
 * instead of ending with it, say. The fused and the plain Program train three steps from the same seed, evaluate,
 * encode and decode; they must agree as closely as each agrees with the float64 reference (see shapes.test.ts).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCpuEngine } from "../../src/ml/engine/cpu/cpu-engine.ts";
import { fusePlan } from "../../src/ml/model/fuse.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { planNetwork } from "../../src/ml/model/plan.ts";
import { drawCase } from "../reference/cases.ts";
import { assertEnginesAgree } from "../reference/comparison.ts";
import { patchDataset } from "../reference/datasets.ts";
import { mnistAutoencoder, mnistVae } from "../reference/experiments.ts";
import type { TrainingSetting } from "../reference/sessions.ts";

const cases = 20;
const steps = 3;
const tolerance = {
  losses: 1e-5,
  weights: { relative: 2e-6, worst: 2e-4 },
  moments: { relative: 1e-5, worst: 2e-5 },
};

function compareWithPlain(setting: TrainingSetting, what: string): Promise<void> {
  return assertEnginesAgree(
    setting,
    createCpuEngine(),
    createCpuEngine({ program: "plain" }),
    steps,
    tolerance,
    what,
  );
}

test(`the fused and the plain Program of ${cases} odd networks agree`, async () => {
  for (let index = 0; index < cases; index++)
    await compareWithPlain(drawCase(1000 + index), `case ${1000 + index}`);
});

test("the fused and the plain Program of the two MNIST models agree", async () => {
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
