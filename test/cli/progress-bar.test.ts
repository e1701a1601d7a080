import assert from "node:assert/strict";
import { test } from "node:test";
import { barSymbols, type Progress, renderProgress } from "../../src/ml/cli/progress-bar.ts";

const ascii = { done: "#", left: "." };
const progress: Progress = {
  label: "epoch 2/5",
  fraction: 0.5,
  loss: 118.3,
  imagesPerSecond: 43_217,
  secondsLeft: 4.2,
};

test("on a wide terminal the line says everything", () => {
  assert.equal(
    renderProgress(progress, 100, ascii),
    "epoch 2/5  ###############...............   50%  loss 118.30  43,200 images/s  4.2 s left",
  );
});

test("on narrower terminals the speed goes first, then the loss; the time left stays longest", () => {
  assert.equal(
    renderProgress(progress, 60, ascii),
    "epoch 2/5  #########........   50%  loss 118.30  4.2 s left",
  );
  assert.match(renderProgress(progress, 40, ascii), /^epoch 2\/5 {2}#+\.+ {3}50% {2}4\.2 s left$/);
});

test("no line is as wide as its terminal, whatever the width and the numbers", () => {
  const odd = {
    ...progress,
    label: "epoch 99999/100000",
    loss: Number.NaN,
    imagesPerSecond: 0,
    secondsLeft: 1e9,
  };
  for (let columns = 0; columns < 200; columns++) {
    for (const fraction of [0, 0.333, 1, 7]) {
      for (const shown of [progress, odd]) {
        const line = renderProgress({ ...shown, fraction }, columns, ascii);
        assert.ok(line.length <= Math.max(0, columns - 1), `${columns}: ${line}`);
      }
    }
  }
});

test("the bar is full at the end of an epoch and empty at its beginning", () => {
  assert.doesNotMatch(renderProgress({ ...progress, fraction: 1 }, 80, ascii), /\.{2}/);
  assert.doesNotMatch(renderProgress({ ...progress, fraction: 0 }, 80, ascii), /#/);
});

test("terminals without Unicode get ASCII", () => {
  assert.deepEqual(barSymbols({ LANG: "C" }, "linux"), ascii);
  assert.deepEqual(barSymbols({}, "linux"), ascii);
  assert.notDeepEqual(barSymbols({ LANG: "de_DE.UTF-8" }, "linux"), ascii);
  assert.deepEqual(barSymbols({ LANG: "de_DE.UTF-8", LC_ALL: "C" }, "linux"), ascii);
  assert.notDeepEqual(barSymbols({}, "darwin"), ascii);
});
