/** Whole trainings beside each other: an engine's beside the reference's, and an engine's beside another's. */
import assert from "node:assert/strict";
import type { Engine } from "../../src/ml/engine/engine.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { assertClose, assertNear, type Bounds } from "./agreement.ts";
import { ReferenceModel } from "./model.ts";
import { randomState } from "./parameters.ts";
import { type TrainingSetting, trainReference, withSession } from "./sessions.ts";

export interface Tolerance {
  /** Of a step's losses. */
  readonly losses: number;
  readonly weights: Bounds;
  readonly moments: Bounds;
}

/** Trains `steps` steps from random weights of this seed on both: losses, weights and both moments agree. */
export async function assertTrainsAsReference(
  setting: TrainingSetting,
  seed: number,
  steps: number,
  tolerance: Tolerance,
): Promise<void> {
  const network = buildNetwork(setting.experiment);
  const start = randomState(network, seed);
  const reference = new ReferenceModel(network, start);
  const expected = trainReference(reference, setting.dataset, steps);
  await withSession(setting, async (session) => {
    await session.restore(start);
    const losses = await session.train(steps);
    expected.forEach(({ reconstruction, kl }, step) => {
      const found = losses.reconstruction[step];
      assertClose(found, reconstruction, tolerance.losses, `reconstruction of step ${step}`);
      assertClose(losses.kl[step], kl, tolerance.losses, `KL of step ${step}`);
    });
    const trained = await session.state();
    assert.equal(trained.step, steps);
    for (const [name, { value, firstMoment, secondMoment }] of reference.parameters) {
      const found = trained.tensors.get(name);
      assert.ok(found);
      assertNear(found.value, value.values, tolerance.weights, `${name}, weights`);
      assertNear(found.firstMoment, firstMoment.values, tolerance.moments, `${name}, first moments`);
      assertNear(found.secondMoment, secondMoment.values, tolerance.moments, `${name}, second moments`);
    }
  });
}

async function runEverything(setting: TrainingSetting, engine: Engine, steps: number) {
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

/** Both train `steps` steps from the experiment's seed, evaluate, encode and decode, and agree in all of it. */
export async function assertEnginesAgree(
  setting: TrainingSetting,
  engine: Engine,
  other: Engine,
  steps: number,
  tolerance: Tolerance,
  what: string,
): Promise<void> {
  const found = await runEverything(setting, engine, steps);
  const expected = await runEverything(setting, other, steps);
  expected.losses.reconstruction.forEach((reconstruction, step) => {
    assertClose(found.losses.reconstruction[step], reconstruction, tolerance.losses, `${what}, step ${step}`);
    const kl = expected.losses.kl[step] ?? 0;
    assertClose(found.losses.kl[step], kl, tolerance.losses, `${what}, KL of step ${step}`);
  });
  assert.deepEqual(found.losses.imagesPerStep, expected.losses.imagesPerStep);
  for (const [name, { value, firstMoment, secondMoment }] of expected.state.tensors) {
    const tensor = found.state.tensors.get(name);
    assertNear(tensor?.value, value, tolerance.weights, `${what}, ${name}, weights`);
    assertNear(tensor?.firstMoment, firstMoment, tolerance.moments, `${what}, ${name}, first moments`);
    assertNear(tensor?.secondMoment, secondMoment, tolerance.moments, `${what}, ${name}, second moments`);
  }
  assertClose(found.evaluation.loss, expected.evaluation.loss, tolerance.losses, `${what}, evaluated loss`);
  const { pixelMse } = expected.evaluation;
  assertClose(found.evaluation.pixelMse, pixelMse, tolerance.losses, `${what}, squared error`);
  const bounds = { relative: tolerance.losses, worst: tolerance.losses };
  assertNear(found.decoded, expected.decoded, bounds, `${what}, decoded`);
}
