import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StepPace } from "../../../src/ml/train/step-pace.ts";

describe("the pace of steps", () => {
  test("begins with a single step, so that something shows at once", () => {
    assert.equal(new StepPace().next(469), 1);
  });

  test("comes to calls of about 45 ms, and follows when steps become slower", () => {
    const pace = new StepPace();
    for (let call = 0; call < 10; call++) pace.measured(pace.next(1e6), pace.next(1e6) * 0.003);
    assert.equal(pace.next(1e6), 15);
    for (let call = 0; call < 20; call++) pace.measured(pace.next(1e6), pace.next(1e6) * 0.009);
    assert.equal(pace.next(1e6), 5);
  });

  test("never goes beyond the epoch, and never stands still", () => {
    const pace = new StepPace();
    for (let call = 0; call < 10; call++) pace.measured(1, 1e-6);
    assert.equal(pace.next(7), 7);
    for (let call = 0; call < 40; call++) pace.measured(1, 100);
    assert.equal(pace.next(7), 1);
  });
});
