/** Assertions that two computations agree to a stated tolerance. Which tolerance, and why, each test says itself. */
import assert from "node:assert/strict";
import { deviation } from "./deviation.ts";

/** |found − expected| ≤ tolerance·|expected|; a missing number, like NaN, agrees with nothing. */
export function assertClose(
  found: number | null | undefined,
  expected: number,
  tolerance: number,
  what: string,
): void {
  const error = Math.abs((found ?? Number.NaN) - expected);
  assert.ok(error <= tolerance * Math.abs(expected), `${what}: ${found}, not ${expected}`);
}

/** Bounds of a tensor's deviation; see deviation.ts for both measures. */
export interface Bounds {
  readonly relative: number;
  readonly worst: number;
}

export function assertNear(
  found: ArrayLike<number> | undefined,
  expected: ArrayLike<number>,
  bounds: Bounds,
  what: string,
): void {
  const { relative, worst } = deviation(found ?? [], expected);
  assert.ok(relative <= bounds.relative, `${what}: off by ${relative} of its norm`);
  assert.ok(worst <= bounds.worst, `${what}: an element is off by ${worst}`);
}
