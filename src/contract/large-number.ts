/** From a million on, a measured value is told with an exponent, the same everywhere: losses that diverge go there. */

/** Whether it is a million or more, in four digits. */
export function isLarge(value: number): boolean {
  return Math.abs(Number(value.toPrecision(4))) >= 1e6;
}

/** "3.134e9": in so many significant digits; without a number, in those that it has. */
export function withExponent(value: number, digits?: number): string {
  return value.toExponential(digits === undefined ? undefined : digits - 1).replace("e+", "e");
}
