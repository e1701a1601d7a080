/** Which values the vertical axis has to show, and how far all of them go. */
import { lowerBound, type Points } from "./decimate.ts";

export interface Extent {
  readonly low: number;
  readonly high: number;
  /** Of all values: above `high` where those of the beginning need not be seen. */
  readonly highest: number;
}

export interface Shown {
  readonly points: Points;
  /** Points before this x may lie above the axis. */
  readonly settledFrom: number;
}

/** Null where there is nothing to show. */
export function extentOf(shown: readonly Shown[]): Extent | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (const { points, settledFrom } of shown) {
    const settled = lowerBound(points.x, settledFrom);
    for (const [index, value] of points.y.entries()) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      highest = Math.max(highest, value);
      if (index >= settled) high = Math.max(high, value);
    }
  }
  if (low > highest) return null;
  // Of curves that have not settled, all of it.
  if (low > high) return { low, high: highest, highest };
  return { low, high, highest };
}
