// Numbers in the panels.
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTick, formatValue } from "../../../webview-ui/shared/words.ts";

test("values are written with their thousands apart, from a million on with an exponent", () => {
  const values = [
    0,
    0.00012,
    0.08284,
    9.8765,
    164.738,
    12_345.6,
    999_940,
    999_960,
    3_133_598_225,
    Number.NaN,
  ];
  assert.deepEqual(values.map(formatValue), [
    ...["0", "1.20e-4", "0.0828", "9.877", "164.74", "12,346", "999,940", "1.000e6", "3.134e9", "not finite"],
  ]);
});

test("ticks have all the digits that tell them apart, and no more", () => {
  const ticks = [0, 3 * 0.1, 0.08205, 164.125, 12_500, 2e6, 3.13354e9, 5e-4, 1e-10, -20];
  assert.deepEqual(ticks.map(formatTick), [
    ...["0", "0.3", "0.08205", "164.125", "12,500", "2e6", "3.13354e9", "5e-4", "1e-10", "-20"],
  ]);
});
