/** The benchmark's statistics, on numbers worked out by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fitLine, median } from "../../../bench/statistics.ts";

test("the median of an odd number of values is the middle one, whatever their order", () => {
  assert.equal(median([9, 1, 10]), 9);
});

test("the median of an even number of values lies halfway between the two in the middle", () => {
  assert.equal(median([10, 1, 3, 2]), 2.5);
});

test("a line through points on a line has no deviation", () => {
  const points = [1, 2, 5, 9].map((x) => ({ x, y: 3 + 2 * x }));
  const { intercept, slope, r2, largestDeviation } = fitLine(points);
  // Sums of small whole numbers: exact but for the divisions.
  for (const [actual, expected] of [
    [intercept, 3],
    [slope, 2],
    [r2, 1],
    [largestDeviation, 0],
  ] as const)
    assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} for ${expected}`);
});

test("growth with the square of the size is told from a line", () => {
  // y = x² at 1, 2, 4, 8: slope 266.25/28.75, by hand from the normal equations.
  const { slope, r2, largestDeviation } = fitLine([1, 2, 4, 8].map((x) => ({ x, y: x * x })));
  assert.ok(Math.abs(slope - 266.25 / 28.75) < 1e-12, `slope ${slope}`);
  assert.ok(r2 < 0.98 && largestDeviation > 0.2, `R² ${r2}, off by ${largestDeviation}`);
});

test("two points are too few to show a line", () => {
  assert.throws(() => fitLine([1, 2].map((x) => ({ x, y: x }))), RangeError);
});
