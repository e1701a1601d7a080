/** Thinning curves for the chart: fewer points, the same picture. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { align, decimate, nearest } from "../../../webview-ui/dashboard/decimate.ts";

const ramp = (length: number) => Float64Array.from({ length }, (_, index) => index);

test("keeps the one spike in 100,000 points", () => {
  const x = ramp(100_000);
  const y = x.map((at) => (at === 54_321 ? 1000 : Math.sin(at)));
  const thin = decimate({ x, y }, { from: 0, to: 99_999, columns: 500 });
  assert.ok(thin.x.length <= 2 * 500 + 4);
  assert.equal(Math.max(...thin.y), 1000);
  assert.equal(thin.x[thin.y.indexOf(1000)], 54_321);
});

test("keeps all of few points, and one neighbour outside of what is shown", () => {
  const points = { x: ramp(20), y: ramp(20) };
  assert.deepEqual([...decimate(points, { from: 5, to: 8, columns: 100 }).x], [4, 5, 6, 7, 8, 9]);
});

test("aligns series over one x, with nothing where a series has no point", () => {
  const first = { x: Float64Array.of(1, 3), y: Float64Array.of(10, 30) };
  const second = { x: Float64Array.of(2, 3), y: Float64Array.of(200, 300) };
  const [x, ...values] = align([first, second]);
  assert.deepEqual([...x], [1, 2, 3]);
  assert.deepEqual(values, [
    [10, null, 30],
    [null, 200, 300],
  ]);
});

test("finds the nearest point", () => {
  const values = Float64Array.of(0, 10, 20);
  assert.deepEqual(
    [-5, 4, 6, 19, 99].map((at) => nearest(values, at)),
    [0, 0, 1, 2, 2],
  );
  assert.equal(nearest(new Float64Array(0), 1), -1);
});
