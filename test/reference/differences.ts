/** Derivatives without calculus: what the reference's gradients are checked against. */
import { Matrix } from "./matrix.ts";

/**
 * Central differences (f(w + h) − f(w − h)) / 2h for every element of `at`, which `f` reads and which is restored.
 * With h = 1e-5 and values near one the method's own error is about h²/6·f‴ ≈ 2e-11·f‴, and the rounding of f
 * adds about 2⁻⁵³·|f|/h ≈ 1e-11·|f|.
 */
export function centralDifferences(f: () => number, at: Matrix, h = 1e-5): Matrix {
  const gradient = new Matrix(at.rows, at.cols);
  at.values.forEach((value, index) => {
    at.values[index] = value + h;
    const above = f();
    at.values[index] = value - h;
    const below = f();
    at.values[index] = value;
    gradient.values[index] = (above - below) / (2 * h);
  });
  return gradient;
}

/** The largest difference between two gradients, relative to the larger of one, |element| and |f|. */
export function gradientError(analytic: Matrix, numeric: Matrix, f: number): number {
  let worst = 0;
  analytic.values.forEach((value, index) => {
    const difference = Math.abs(value - (numeric.values[index] as number));
    worst = Math.max(worst, difference / Math.max(1, Math.abs(value), Math.abs(f)));
  });
  return worst;
}
