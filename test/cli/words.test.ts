import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluationLines } from "../../src/ml/cli/evaluation-words.ts";
import {
  bytesInWords,
  comparedInWords,
  durationInWords,
  grouped,
  lossInWords,
  ratioInWords,
  rounded,
  table,
} from "../../src/ml/cli/words.ts";

test("losses keep the digits in which they fall", () => {
  assert.deepEqual([164.912, 9.8765, 0.08284, -0.5, 4.965e19, Number.NaN].map(lossInWords), [
    "164.91",
    "9.877",
    "0.0828",
    "-0.5000",
    "4.965e19",
    "NaN",
  ]);
});

test("a model that has diverged is told in as few digits as any other", () => {
  const losses = { loss: 1.356e10, reconstruction: 1.356e10, kl: 0 };
  const test = { ...losses, aboveFloor: null, pixelMse: 17_295_918.4, klPerDimension: [], activeUnits: null };
  assert.deepEqual(evaluationLines(test, 1), [
    "test loss    1.356e10",
    "pixels       mean squared error 1.730e7",
  ]);
});

test("durations read as people say them, and never overflow a unit", () => {
  const seconds = [
    0,
    0.0001,
    0.0262,
    0.0996,
    1.44,
    9.96,
    59.4,
    59.6,
    60,
    185,
    3599.7,
    7800,
    -1,
    Number.POSITIVE_INFINITY,
  ];
  assert.deepEqual(seconds.map(durationInWords), [
    ...[
      "0.0 s",
      "1 ms",
      "26 ms",
      "0.1 s",
      "1.4 s",
      "10 s",
      "59 s",
      "1 min 00 s",
      "1 min 00 s",
      "3 min 05 s",
      "1 h 00 min",
      "2 h 10 min",
    ],
    ...["0.0 s", "unknown"],
  ]);
});

test("speeds are rounded to three digits, counts are not", () => {
  assert.deepEqual([43_217, 999_950, 12.34, 7, 0, Number.NaN].map(rounded), [
    "43,200",
    "1,000,000",
    "12",
    "7",
    "0",
    "0",
  ]);
  assert.equal(grouped(652_824), "652,824");
});

test("bytes and ratios", () => {
  assert.deepEqual([0, 999, 1000, 9_912_422, 2.5e12].map(bytesInWords), [
    "0 bytes",
    "999 bytes",
    "1.0 kB",
    "9.9 MB",
    "2.5 TB",
  ]);
  assert.deepEqual([24.5, 6.125, 196, 130.7].map(ratioInWords), ["24.5×", "6.1×", "196×", "131×"]);
});

test("what is larger is not called smaller", () => {
  const compare = (ratio: number) => comparedInWords(ratio, ["smaller", "larger", "as large"]);
  assert.deepEqual([24.5, 1.04, 1, 0.96, 0.784, 0.05].map(compare), [
    "24.5× smaller",
    "as large",
    "as large",
    "as large",
    "1.3× larger",
    "20× larger",
  ]);
});

test("a table's columns line up and its lines have no spaces at their ends", () => {
  assert.deepEqual(
    table([
      ["a", "bb", "c"],
      ["aaa", "b", ""],
    ]),
    ["a    bb  c", "aaa  b"],
  );
});
