// Which curves there are, and what each has measured.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunCard } from "../../../src/contract/view.ts";
import { Measurements } from "../../../webview-ui/dashboard/measurements.ts";
import { type Curve, curvesFor, type ShownRun, valueAt } from "../../../webview-ui/dashboard/series.ts";

const losses = (loss: number) => ({ loss, reconstruction: loss, kl: 0 });

function newRun(stepsPerEpoch = 10): ShownRun {
  const card: Pick<RunCard, "stepsPerEpoch" | "variational"> = { stepsPerEpoch, variational: false };
  return { card: card as RunCard, measurements: new Measurements() };
}

function takeStep({ measurements }: ShownRun, step: number, loss: number): void {
  measurements.add({ event: "step", step, epoch: 1, train: losses(loss), imagesPerSecond: 1 });
}

interface Epoch {
  readonly epoch: number;
  readonly train: number;
  readonly test: number;
  readonly floor?: number;
}

function endEpoch({ card, measurements }: ShownRun, { epoch, train, test, floor }: Epoch): void {
  const evaluated = { pixelMse: 0, klPerDimension: [], activeUnits: null };
  const aboveFloor = floor === undefined ? null : test - floor;
  measurements.add({
    event: "epoch",
    epoch,
    step: epoch * card.stepsPerEpoch,
    train: losses(train),
    test: { ...losses(test), ...evaluated, aboveFloor },
    seconds: 1,
    imagesPerSecond: 1,
  });
}

function curve(run: ShownRun, id: Curve["id"]): Curve {
  const found = curvesFor([run]).find((one) => one.id === id);
  assert.ok(found);
  return found;
}

test("what an epoch has measured is no matter of how the clock has cut its steps", () => {
  const runs = [[3, 10], [7, 10], [10]].map((recorded) => {
    const run = newRun();
    for (const step of recorded) takeStep(run, step, 200 - step);
    endEpoch(run, { epoch: 1, train: 150, test: 120 });
    takeStep(run, 10 + (recorded[0] ?? 0), 100);
    return run;
  });
  assert.deepEqual(
    runs.map((run) => curve(run, "train-loss").ofEpoch(null)),
    [150, 150, 150],
  );
  assert.deepEqual(
    runs.map((run) => curve(run, "test-loss").ofEpoch(null)),
    [120, 120, 120],
  );
});

test("before the first epoch is finished, the last step tells of training, and nothing of the test", () => {
  const run = newRun();
  assert.equal(curve(run, "train-loss").ofEpoch(null), null);
  takeStep(run, 3, 500);
  takeStep(run, 7, 300);
  assert.equal(curve(run, "train-loss").ofEpoch(null), 300);
  assert.equal(curve(run, "test-loss").ofEpoch(null), null);
});

test("a chosen epoch has its own values, the cursor those that lie nearest", () => {
  const run = newRun();
  takeStep(run, 4, 190);
  endEpoch(run, { epoch: 1, train: 150, test: 120 });
  takeStep(run, 14, 130);
  endEpoch(run, { epoch: 2, train: 125, test: 110 });
  const train = curve(run, "train-loss");
  assert.deepEqual([1, 2, 9].map(train.ofEpoch), [150, 125, 125]);
  assert.deepEqual(
    [0, 0.9, 1.3].map((epoch) => valueAt(train, "epoch", epoch)),
    [190, 190, 130],
  );
});

test("several runs have a floor where it is the same for all of them", () => {
  const floorOf = (...floors: (number | undefined)[]) => {
    const runs = floors.map((floor) => {
      const run = newRun();
      endEpoch(run, { epoch: 1, train: 150, test: 120, ...(floor === undefined ? {} : { floor }) });
      return run;
    });
    return (
      curvesFor(runs)
        .find(({ id }) => id === "floor")
        ?.ofEpoch(null) ?? null
    );
  };
  assert.equal(floorOf(70), 70);
  // What subtracting leaves behind is no difference.
  assert.equal(floorOf(70, 70 + 1e-9), 70);
  assert.equal(floorOf(70, 70.4), null);
  assert.equal(floorOf(70, undefined), null);
  assert.equal(floorOf(undefined, 70), null);
  // One that has not finished an epoch has none yet.
  const finished = newRun();
  endEpoch(finished, { epoch: 1, train: 150, test: 120, floor: 70 });
  assert.equal(
    curvesFor([finished, newRun()]).some(({ id }) => id === "floor"),
    false,
  );
});
