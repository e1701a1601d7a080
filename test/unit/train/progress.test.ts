import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  afterEpoch,
  afterSteps,
  endReason,
  meanLosses,
  type Progress,
  progressSchema,
  startOfRun,
} from "../../../src/ml/train/progress.ts";
import { experiment } from "../../reference/experiments.ts";

const losses = (...sums: number[]) => ({
  images: 2 * sums.length,
  reconstruction: Float64Array.from(sums),
  kl: Float64Array.from(sums, (sum) => sum / 3),
  imagesPerStep: Int32Array.from(sums, () => 2),
});

/** Numbers whose sum depends on the order they are added in. */
const sums = [1e16, 1, -1e16, 1 / 3, 0.1, 7e-9];

describe("the sums of an epoch", () => {
  test("have the same bits however its steps are grouped into calls", () => {
    const all = afterSteps(startOfRun, losses(...sums), 0);
    const [first, ...others] = sums;
    const apart = afterSteps(afterSteps(startOfRun, losses(first ?? 0), 0), losses(...others), 0);
    assert.deepEqual(apart, all);
    assert.equal(all.step, 6);
    assert.equal(all.epochSums.images, 12);
  });

  test("keep every bit through JSON", () => {
    const progress = afterSteps(startOfRun, losses(...sums), 0.1 + 0.2);
    assert.deepEqual(progressSchema.parse(JSON.parse(JSON.stringify(progress))), progress);
  });

  test("give losses per image, the KL divergence weighted by β in the loss alone", () => {
    const { epochSums } = afterSteps(startOfRun, losses(6, 6), 1);
    assert.deepEqual(meanLosses(epochSums, 0.5), { loss: 3.5, reconstruction: 3, kl: 1 });
  });
});

describe("training is over", () => {
  const early = experiment({
    model: { kind: "autoencoder", encoder: [4, 2, 1] },
    training: { epochs: 9, earlyStopping: { patience: 2, minimumImprovement: 0.5 } },
  });
  const after = (...testLosses: number[]): Progress =>
    testLosses.reduce((progress, loss) => afterEpoch(progress, loss, early), startOfRun);

  test("after the epochs planned", () => {
    const planned = experiment({ model: early.model, training: { epochs: 2 } });
    const one = afterEpoch(startOfRun, 3, planned);
    assert.equal(endReason(one, planned), null);
    assert.equal(endReason(afterEpoch(one, 9, planned), planned), "finished");
  });

  test("early after as many epochs without improvement as there is patience", () => {
    assert.equal(endReason(after(10, 11), early), null);
    assert.equal(endReason(after(10, 11, 12), early), "early-stopping");
    assert.equal(endReason(after(10, 11, 9, 12), early), null);
  });

  test("early where improvements are too small to count, even when they add up slowly", () => {
    assert.equal(endReason(after(10, 9.8, 9.6), early), "early-stopping");
    assert.equal(endReason(after(10, 9.8, 9.4, 9.3), early), null);
  });
});
