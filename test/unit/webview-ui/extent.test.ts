// What the vertical axis of the curves shows, and what it leaves out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { extentOf } from "../../../webview-ui/dashboard/extent.ts";

function shown(y: readonly number[], settledFrom = 0) {
  return { points: { x: Float64Array.from(y, (_, index) => index), y: Float64Array.from(y) }, settledFrom };
}

test("what a training loses before it has settled does not flatten all that follows", () => {
  const training = shown([550, 200, 130, 120, 125], 2);
  assert.deepEqual(extentOf([training, shown([127, 110])]), { low: 110, high: 130, highest: 550 });
  assert.deepEqual(extentOf([training, shown([600, 110])]), { low: 110, high: 600, highest: 600 });
});

test("a spike of later is shown whole", () => {
  assert.equal(extentOf([shown([550, 200, 130, 900, 125], 2)])?.high, 900);
});

test("a curve that ends before it has settled is shown whole", () => {
  assert.deepEqual(extentOf([shown([550, 200], 2)]), { low: 200, high: 550, highest: 550 });
});

test("values that are none change nothing, and without any there is nothing", () => {
  const odd = shown([Number.NaN, 2, Number.POSITIVE_INFINITY]);
  assert.deepEqual(extentOf([odd]), { low: 2, high: 2, highest: 2 });
  assert.equal(extentOf([shown([Number.NaN]), shown([])]), null);
});
