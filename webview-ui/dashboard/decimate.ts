/**
 * Fewer points with the same picture: of all points that fall on one pixel column only the lowest and the highest
 * are kept, so a spike of one step in 100,000 is still seen.
 */

export interface Points {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

export interface Window {
  readonly from: number;
  readonly to: number;
  /** Pixel columns between the two. */
  readonly columns: number;
}

/** The points inside the window and one neighbour on each side; x must ascend. */
export function decimate(points: Points, { from, to, columns }: Window): Points {
  const first = Math.max(0, lowerBound(points.x, from) - 1);
  const last = Math.min(points.x.length, lowerBound(points.x, to) + 2);
  if (last - first <= 2 * columns) return { x: points.x.slice(first, last), y: points.y.slice(first, last) };
  return thin(points, first, last, (to - from) / columns, from);
}

function thin({ x, y }: Points, first: number, last: number, columnWidth: number, from: number): Points {
  const keptX: number[] = [];
  const keptY: number[] = [];
  let start = first;
  while (start < last) {
    const edge = from + (Math.floor(((x[start] ?? 0) - from) / columnWidth) + 1) * columnWidth;
    let low = start;
    let high = start;
    let end = start + 1;
    while (end < last && (x[end] ?? 0) < edge) {
      if ((y[end] ?? 0) < (y[low] ?? 0)) low = end;
      if ((y[end] ?? 0) > (y[high] ?? 0)) high = end;
      end += 1;
    }
    for (const index of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) {
      keptX.push(x[index] ?? 0);
      keptY.push(y[index] ?? 0);
    }
    start = end;
  }
  return { x: Float64Array.from(keptX), y: Float64Array.from(keptY) };
}

/** The index of the first value that is at least `value`. */
export function lowerBound(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The index of the value nearest to `value`; -1 where there is none. */
export function nearest(values: Float64Array, value: number): number {
  if (values.length === 0) return -1;
  const above = Math.min(lowerBound(values, value), values.length - 1);
  const below = Math.max(0, above - 1);
  return Math.abs((values[below] ?? 0) - value) <= Math.abs((values[above] ?? 0) - value) ? below : above;
}

/** All series over one x, ascending, as the chart wants them; null where a series has no point. */
export function align(series: readonly Points[]): [Float64Array, ...(number | null)[][]] {
  const all = new Float64Array(series.reduce((sum, { x }) => sum + x.length, 0));
  let offset = 0;
  for (const { x } of series) {
    all.set(x, offset);
    offset += x.length;
  }
  all.sort();
  const shared = all.filter((value, index) => index === 0 || value !== all[index - 1]);
  const aligned = series.map(({ x, y }) => {
    let next = 0;
    return Array.from(shared, (at) => {
      if (x[next] !== at) return null;
      const value = y[next] ?? null;
      // Two points of one series at the same place: the later one counts.
      do next += 1;
      while (x[next] === at);
      return value;
    });
  });
  return [shared, ...aligned];
}
