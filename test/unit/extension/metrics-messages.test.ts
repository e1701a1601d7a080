/** Measurements on their way to a page: what a plot shows first, then every step. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EpochEvent } from "../../../src/contract/events.ts";
import { linesAfter, metricsMessage, stepsMessage } from "../../../src/extension/panels/metrics-messages.ts";
import { Measurements } from "../../../webview-ui/dashboard/measurements.ts";

/** [4, steps], with one step whose KL divergence stands out. */
function recorded(steps: number, spike = -1): Float64Array<ArrayBuffer> {
  const train = new Float64Array(4 * steps);
  for (let at = 0; at < steps; at++) {
    train[at] = at + 1;
    train[2 * steps + at] = 80 + Math.cos(at);
    train[3 * steps + at] = at === spike ? 1000 : 20;
    train[steps + at] = (train[2 * steps + at] ?? 0) + (train[3 * steps + at] ?? 0);
  }
  return train;
}

/** As the page that has the first message, and asks for nothing yet. */
function drawn(train: Float64Array<ArrayBuffer>): Measurements {
  const measurements = new Measurements();
  const message = metricsMessage("run", { train, epochs: [], imagesPerSecond: null });
  assert.equal(message.kind, "metrics");
  if (message.kind === "metrics") measurements.fill(message);
  return measurements;
}

function addPiece(measurements: Measurements, train: Float64Array, from: number): void {
  const message = stepsMessage("run", train, from);
  assert.equal(message?.kind, "steps");
  if (message?.kind === "steps") measurements.addSteps(message.from, message.train);
}

test("a short run is sent whole, at once", () => {
  for (const steps of [0, 1, 2048]) {
    const train = recorded(steps);
    const measurements = drawn(train);
    assert.equal(measurements.missing, null);
    assert.deepEqual(measurements.train.step.values, train.subarray(0, steps));
  }
});

test("of 100,000 steps both ends and a spike come first, among few others", () => {
  const steps = 100_000;
  const measurements = drawn(recorded(steps, 54_321));
  assert.equal(measurements.missing, 0);
  const { step, loss, reconstruction, kl } = measurements.train;
  assert.ok(step.length <= 1602, `${step.length} steps`);
  assert.deepEqual([step.values[0], step.last], [1, steps]);
  const at = step.values.indexOf(54_322);
  assert.deepEqual(
    [loss.values[at], reconstruction.values[at], kl.values[at]],
    [1080 + Math.cos(54_321), 80 + Math.cos(54_321), 1000],
  );
  assert.ok(step.values.every((value, index) => index === 0 || value > (step.values[index - 1] ?? 0)));
});

test("every step follows, piece by piece, and those measured meanwhile stay behind them", () => {
  const steps = 100_001;
  const train = recorded(steps);
  const measurements = drawn(train);
  const losses = { loss: 1, reconstruction: 2, kl: 3 };
  const line = { event: "step", epoch: 1, train: losses, imagesPerSecond: 1 } as const;
  measurements.add({ ...line, step: steps + 1 });
  while (measurements.missing !== null) addPiece(measurements, train, measurements.missing);
  measurements.add({ ...line, step: steps + 2 });
  const { step, loss, reconstruction, kl } = measurements.train;
  const added = [
    [steps + 1, steps + 2],
    [1, 1],
    [2, 2],
    [3, 3],
  ];
  for (const [row, { values }] of [step, loss, reconstruction, kl].entries()) {
    assert.deepEqual(values.subarray(0, steps), train.subarray(row * steps, (row + 1) * steps));
    assert.deepEqual([...values.subarray(steps)], added[row]);
  }
  assert.equal(stepsMessage("run", train, steps), null);
});

test("a piece that does not follow the one before is left out", () => {
  const train = recorded(40_000);
  const measurements = drawn(train);
  addPiece(measurements, train, 1);
  assert.equal(measurements.missing, 0);
  addPiece(measurements, train, 0);
  const missing = measurements.missing;
  addPiece(measurements, train, 0);
  assert.equal(measurements.missing, missing);
});

test("what was measured since is told as lines, with the epochs that steps belong to", () => {
  const train = Float64Array.from([5, 10, 15, 9, 8, 7, 6, 5, 4, 3, 3, 3]);
  const metrics = {
    train,
    epochs: [epochEnding(1, 7), epochEnding(2, 14)],
    imagesPerSecond: 2,
    step: 15,
    epoch: 2,
  };
  const lines = linesAfter({ step: 5, epoch: 1 }, metrics);
  assert.deepEqual(
    lines.map(({ event, epoch, step, train: { loss } }) => [event, epoch, step, loss]),
    [
      ["step", 2, 10, 8],
      ["step", 3, 15, 7],
      ["epoch", 2, 14, 0],
    ],
  );
  assert.deepEqual(linesAfter({ step: 15, epoch: 2 }, metrics), []);
});

function epochEnding(epoch: number, step: number): EpochEvent {
  const losses = { loss: 0, reconstruction: 0, kl: 0 };
  const test = { ...losses, aboveFloor: null, pixelMse: 0, klPerDimension: [], activeUnits: null };
  return { event: "epoch", epoch, step, train: losses, test, seconds: 1, imagesPerSecond: 1 };
}
