/**
 * Fusion is a rewrite of the plan that changes what is computed by rounding alone: where a sum starts from the bias
 * instead of ending with it, say. The fused and the plain Program train three steps from the same seed, evaluate,
 * encode and decode; they must agree as closely as each agrees with the float64 reference (see shapes.test.ts).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCpuEngine } from "../../src/ml/engine/cpu/cpu-engine.ts";
import type { Engine } from "../../src/ml/engine/engine.ts";
import { fusePlan } from "../../src/ml/model/fuse.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { planNetwork } from "../../src/ml/model/plan.ts";
import { assertClose, assertNear } from "../reference/agreement.ts";
import { drawCase } from "../reference/cases.ts";
import { patchDataset } from "../reference/datasets.ts";
import { mnistAutoencoder, mnistVae } from "../reference/experiments.ts";
import { type TrainingSetting, withSession } from "../reference/sessions.ts";

const cases = 20;
const steps = 3;
const tolerance = 1e-5;
const weightBounds = { relative: 2e-6, worst: 2e-4 };
const momentBounds = { relative: 1e-5, worst: 2e-5 };

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
  const plain = await runEverything(setting, createCpuEngine({ program: "plain" }));
  plain.losses.reconstruction.forEach((reconstruction, step) => {
    assertClose(fused.losses.reconstruction[step], reconstruction, tolerance, `${what}, step ${step}`);
    assertClose(fused.losses.kl[step], plain.losses.kl[step] ?? 0, tolerance, `${what}, KL of step ${step}`);
  });
  assert.deepEqual(fused.losses.imagesPerStep, plain.losses.imagesPerStep);
  for (const [name, { value, firstMoment, secondMoment }] of plain.state.tensors) {
    const found = fused.state.tensors.get(name);
    assertNear(found?.value, value, weightBounds, `${what}, ${name}, weights`);
    assertNear(found?.firstMoment, firstMoment, momentBounds, `${what}, ${name}, first moments`);
    assertNear(found?.secondMoment, secondMoment, momentBounds, `${what}, ${name}, second moments`);
  }
  assertClose(fused.evaluation.loss, plain.evaluation.loss, tolerance, `${what}, evaluated loss`);
  assertClose(fused.evaluation.pixelMse, plain.evaluation.pixelMse, tolerance, `${what}, squared error`);
  assertNear(fused.decoded, plain.decoded, { relative: tolerance, worst: tolerance }, `${what}, decoded`);
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
