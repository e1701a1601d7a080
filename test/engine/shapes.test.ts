/**
 * Odd shapes: a seeded sample of networks (reference/cases.ts), each trained for three steps beside the reference.
 *
 * Compared are the losses, both moments and the weights. Moments are compared because they are the gradients, before
 * Adam divides their size away: after one step m = (1 − β₁)·g. Tolerances, with the worst seen in brackets:
 * losses 1e-5 [1.3e-6, a KL divergence near zero]; of a tensor's norm, weights 1e-6 [2.4e-7] and moments 1e-5
 * [2.8e-6, where the gradients of three steps nearly cancel]; of one element against the larger of its magnitude and
 * its tensor's RMS, weights 1e-4 [2.3e-5, see training.test.ts for why] and moments 2e-5 [3.7e-6].
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { assertClose, assertNear } from "../reference/agreement.ts";
import { drawCase } from "../reference/cases.ts";
import { ReferenceModel } from "../reference/model.ts";
import { randomState } from "../reference/parameters.ts";
import { type TrainingSetting, trainReference, withSession } from "../reference/sessions.ts";

const cases = 60;
const steps = 3;
const weightBounds = { relative: 1e-6, worst: 1e-4 };
const momentBounds = { relative: 1e-5, worst: 2e-5 };

for (let index = 0; index < cases; index++) {
  const setting = drawCase(index);
  test(nameOf(setting), () => compareWithReference(setting, index));
}

function nameOf({ experiment, dataset, threads }: TrainingSetting): string {
  const { model, loss, training } = experiment;
  return [
    `${model.kind} ${model.encoder.join("-")} and ${model.decoder.join("-")}`,
    `${model.activation}, ${model.latentActivation}, ${model.outputActivation}`,
    `${loss.reconstruction} ${loss.reduction}, β ${loss.beta}`,
    `batch ${training.batch} of ${dataset.train.count}`,
    `${threads} threads`,
  ].join("; ");
}

async function compareWithReference(setting: TrainingSetting, seed: number): Promise<void> {
  const network = buildNetwork(setting.experiment);
  const start = randomState(network, seed);
  const reference = new ReferenceModel(network, start);
  const expected = trainReference(reference, setting.dataset, steps);
  await withSession(setting, async (session) => {
    await session.restore(start);
    const losses = await session.train(steps);
    expected.forEach(({ reconstruction, kl }, step) => {
      assertClose(losses.reconstruction[step], reconstruction, 1e-5, `reconstruction of step ${step}`);
      assertClose(losses.kl[step], kl, 1e-5, `KL of step ${step}`);
    });
    const trained = await session.state();
    assert.equal(trained.step, steps);
    for (const [name, { value, firstMoment, secondMoment }] of reference.parameters) {
      const found = trained.tensors.get(name);
      assert.ok(found);
      assertNear(found.value, value.values, weightBounds, `${name}, weights`);
      assertNear(found.firstMoment, firstMoment.values, momentBounds, `${name}, first moments`);
      assertNear(found.secondMoment, secondMoment.values, momentBounds, `${name}, second moments`);
    }
  });
}
