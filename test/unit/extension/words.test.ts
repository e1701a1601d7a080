import assert from "node:assert/strict";
import { test } from "node:test";
import {
  countInWords,
  durationInWords,
  elapsedInWords,
  lossInWords,
  roughly,
} from "../../../src/extension/words.ts";

test("what has passed is told as short as it was; what is left, in whole seconds", () => {
  assert.deepEqual([0, 0.0262, 0.0996, 1.44, 9.96, 185].map(elapsedInWords), [
    ...["0 ms", "26 ms", "0.1 s", "1.4 s", "10 s", "3 min"],
  ]);
  assert.deepEqual([0.0262, 1.44, 9.96, 185].map(durationInWords), ["0 s", "1 s", "10 s", "3 min"]);
});

test("losses are told in four digits, from a million on with an exponent", () => {
  assert.deepEqual([0, 0.083124, 110.09, 12_345, 999_940, 999_960, 3_133_598_225].map(lossInWords), [
    ...["0", "0.08312", "110.1", "12350", "999900", "1.000e6", "3.134e9"],
  ]);
});

test("counts are told in groups of three", () => {
  assert.deepEqual([7, 999, 60_000, 1_304_824].map(countInWords), ["7", "999", "60,000", "1,304,824"]);
  assert.equal(roughly(43_218), "43,000");
});
