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

  test("tells what a step took in the last seconds: a moment changes little, a new pace all", () => {
    const pace = new StepPace();
    assert.equal(pace.secondsPerStep, 0);
    for (let call = 0; call < 400; call++) pace.measured(15, 0.045);
    assert.ok(Math.abs(pace.secondsPerStep - 0.003) < 1e-9);
    pace.measured(15, 0.45);
    assert.ok(pace.secondsPerStep < 0.0035, "one slow call");
    for (let call = 0; call < 100; call++) pace.measured(5, 0.3);
    assert.ok(pace.secondsPerStep > 0.055, "a slow machine");
  });

  test("never goes beyond the epoch, and never stands still", () => {
    const pace = new StepPace();
    for (let call = 0; call < 10; call++) pace.measured(1, 1e-6);
    assert.equal(pace.next(7), 7);
    for (let call = 0; call < 40; call++) pace.measured(1, 100);
    assert.equal(pace.next(7), 1);
  });
});
