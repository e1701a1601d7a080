/** The few statistics a benchmark needs. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface LineFit {
  /** y = intercept + slope · x, least squares. */
  readonly intercept: number;
  readonly slope: number;
  /** Share of the variance of y that the line explains. */
  readonly r2: number;
  /** The largest |y − line| / line over the points. */
  readonly largestDeviation: number;
}

/** Throws a RangeError for fewer than three points, through which a line says little. */
export function fitLine(points: readonly Point[]): LineFit {
  if (points.length < 3) throw new RangeError(`a line through ${points.length} points shows nothing`);
  const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
  const meanX = mean(points.map(({ x }) => x));
  const meanY = mean(points.map(({ y }) => y));
  const sum = (term: (point: Point) => number): number =>
    points.reduce((total, point) => total + term(point), 0);
  const slope = sum(({ x, y }) => (x - meanX) * (y - meanY)) / sum(({ x }) => (x - meanX) ** 2);
  const intercept = meanY - slope * meanX;
  const line = (x: number): number => intercept + slope * x;
  const residual = sum(({ x, y }) => (y - line(x)) ** 2);
  return {
    intercept,
    slope,
    r2: 1 - residual / sum(({ y }) => (y - meanY) ** 2),
    largestDeviation: Math.max(...points.map(({ x, y }) => Math.abs(y - line(x)) / line(x))),
  };
}
