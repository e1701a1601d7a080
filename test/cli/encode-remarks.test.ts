import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeRemarks } from "../../src/ml/cli/encode-remarks.ts";

const imageOf = (...pixels: number[]) => ({
  width: pixels.length,
  height: 1,
  pixels: Uint8Array.from(pixels),
});

test("of ink on paper that was not turned round it is said how to", () => {
  const seen = imageOf(255, 255, 10);
  const remark = "seven.png: looks like ink on paper; --invert auto turns it round";
  assert.deepEqual(encodeRemarks("seven.png", { seen, inverted: false, inkOnPaper: true }), [remark]);
  assert.deepEqual(encodeRemarks("seven.png", { seen, inverted: true, inkOnPaper: true }), []);
  assert.deepEqual(encodeRemarks("seven.png", { seen, inverted: false, inkOnPaper: false }), []);
});

test("a picture on which the model sees nothing is not encoded without a word", () => {
  const told = (level: number, inverted: boolean, inkOnPaper: boolean) =>
    encodeRemarks("ink.png", { seen: imageOf(level, level), inverted, inkOnPaper });
  assert.deepEqual(told(0, false, false), [
    "ink.png: comes out black: the model sees nothing on it; for dark ink on a transparent ground, give --invert on",
  ]);
  assert.deepEqual(told(0, false, true), [
    "ink.png: comes out black: the model sees nothing on it",
    "ink.png: looks like ink on paper; --invert auto turns it round",
  ]);
  assert.deepEqual(told(0, true, true), ["ink.png: comes out black: the model sees nothing on it"]);
  assert.deepEqual(told(255, false, false), ["ink.png: comes out white: the model sees nothing on it"]);
  assert.deepEqual(told(7, false, false), ["ink.png: comes out one grey: the model sees nothing on it"]);
});
