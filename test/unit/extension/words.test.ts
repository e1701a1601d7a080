import assert from "node:assert/strict";
import { test } from "node:test";
import { durationInWords, elapsedInWords } from "../../../src/extension/words.ts";

test("what has passed is told as short as it was; what is left, in whole seconds", () => {
  assert.deepEqual([0, 0.0262, 0.0996, 1.44, 9.96, 185].map(elapsedInWords), [
    ...["0 ms", "26 ms", "0.1 s", "1.4 s", "10 s", "3 min"],
  ]);
  assert.deepEqual([0.0262, 1.44, 9.96, 185].map(durationInWords), ["0 s", "1 s", "10 s", "3 min"]);
});
