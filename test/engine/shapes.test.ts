/**
 * Odd shapes: a seeded sample of networks (reference/cases.ts), each trained for three steps beside the reference.
 *
 * Compared are the losses, both moments and the weights. Moments are compared because they are the gradients, before
 * Adam divides their size away: after one step m = (1 − β₁)·g. Tolerances, with the worst seen in brackets:
 * losses 1e-5 [1.3e-6, a KL divergence near zero]; of a tensor's norm, weights 1e-6 [2.4e-7] and moments 1e-5
 * [2.8e-6, where the gradients of three steps nearly cancel]; of one element against the larger of its magnitude and
 * its tensor's RMS, weights 1e-4 [2.3e-5, see training.test.ts for why] and moments 2e-5 [3.7e-6].
 */
import { test } from "node:test";
import { caseInWords, drawCase } from "../reference/cases.ts";
import { assertTrainsAsReference } from "../reference/comparison.ts";

const cases = 60;
const steps = 3;
const tolerance = {
  losses: 1e-5,
  weights: { relative: 1e-6, worst: 1e-4 },
  moments: { relative: 1e-5, worst: 2e-5 },
};

for (let index = 0; index < cases; index++) {
  const setting = drawCase(index);
  test(`${caseInWords(setting)}; ${setting.threads} threads`, () =>
    assertTrainsAsReference(setting, index, steps, tolerance));
}
