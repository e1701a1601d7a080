/** How many steps go to a GPU at once: found by measuring, and by no single measurement. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { StepsPerSubmission } from "../../src/ml/engine/webgpu/steps-per-submission.ts";

/** Submits as a machine does, `submissions` times; `secondsOf(submission, steps)` is how long one takes. */
function submit(
  pace: StepsPerSubmission,
  submissions: number,
  secondsOf: (submission: number, steps: number) => number,
): void {
  for (let submission = 0; submission < submissions; submission++) {
    const steps = pace.next(1000);
    if (pace.wantsMeasurement) pace.measured(steps, secondsOf(submission, steps));
  }
}

test("a first submission that uploads the dataset and wakes the GPU says nothing of the others", () => {
  const pace = new StepsPerSubmission();
  submit(pace, 20, (submission, steps) => (submission === 0 ? 2 : 0) + steps * 5e-5);
  assert.equal(pace.next(1000), 64);
  assert.equal(pace.wantsMeasurement, false);
});

test("nor does a single one that was held up, wherever it comes", () => {
  for (let slow = 0; slow < 6; slow++) {
    const pace = new StepsPerSubmission();
    submit(pace, 20, (submission, steps) => (submission === slow ? 0.5 : steps * 5e-5));
    assert.equal(pace.next(1000), 64, `the slow one is number ${slow}`);
  }
});

test("as many steps as take twenty milliseconds, and one where that takes longer", () => {
  for (const [secondsPerStep, expected] of [
    [0.002, 10],
    [0.005, 4],
    [0.03, 1],
  ] as const) {
    const pace = new StepsPerSubmission();
    submit(pace, 20, (_, steps) => steps * secondsPerStep);
    assert.equal(pace.next(1000), expected);
    assert.equal(pace.wantsMeasurement, pace.isApart);
  }
});

test("steps that were long while the GPU woke up are not for ever", () => {
  const pace = new StepsPerSubmission();
  submit(pace, 30, (submission, steps) => steps * (submission < 10 ? 0.03 : 0.006));
  assert.equal(pace.isApart, false);
  assert.equal(pace.next(1000), 3);
  assert.equal(pace.wantsMeasurement, false);
});

test("dispatch by dispatch until a step is known to be short, and for as long as it is not", () => {
  for (const [secondsPerStep, isApart] of [
    [0.002, false],
    [0.03, true],
  ] as const) {
    const pace = new StepsPerSubmission();
    for (let submission = 0; submission < 2; submission++) {
      assert.equal(pace.isApart, true);
      submit(pace, 1, (_, steps) => steps * secondsPerStep);
    }
    submit(pace, 20, (_, steps) => steps * secondsPerStep);
    assert.equal(pace.isApart, isApart);
  }
});

test("measuring ends though no two measurements agree", () => {
  const pace = new StepsPerSubmission();
  submit(pace, 40, (submission, steps) => steps * (submission % 2 === 0 ? 0.0005 : 0.0006));
  assert.equal(pace.wantsMeasurement, false);
  const steps = pace.next(1000);
  assert.ok(steps >= 33 && steps <= 40, `${steps}`);
});

test("never more than are left", () => {
  const pace = new StepsPerSubmission();
  submit(pace, 20, (_, steps) => steps * 1e-5);
  assert.equal(pace.next(3), 3);
});
