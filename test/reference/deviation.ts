/** How far float32 tensors are from the reference's, measured in the ways the tests' tolerances speak of. */

export interface Deviation {
  /** ‖found − expected‖ / ‖expected‖, Euclidean norms over the tensor; 0 where both are zero. */
  readonly relative: number;
  /** The largest |found − expected| of one element, relative to the larger of |expected| and the tensor's RMS. */
  readonly worst: number;
  /** How many elements differ by more than 1e-5 of that. */
  readonly beyond: number;
  readonly elements: number;
}

export function deviation(found: ArrayLike<number>, expected: ArrayLike<number>): Deviation {
  if (found.length !== expected.length)
    throw new RangeError(`${found.length} elements found, ${expected.length} expected`);
  const squares = sumOf(expected, (value) => value * value);
  const rms = Math.sqrt(squares / expected.length);
  const difference = (index: number) => (found[index] as number) - (expected[index] as number);
  const error = Math.sqrt(sumOf(expected, (_, index) => difference(index) ** 2));
  let worst = 0;
  let beyond = 0;
  for (let index = 0; index < expected.length; index++) {
    const scale = Math.max(rms, Math.abs(expected[index] as number));
    const relative = difference(index) === 0 ? 0 : Math.abs(difference(index)) / scale;
    // NaN compares as false with everything: it must count as the worst.
    if (!(relative <= worst)) worst = relative;
    if (!(relative <= 1e-5)) beyond++;
  }
  return { relative: error === 0 ? 0 : error / Math.sqrt(squares), worst, beyond, elements: expected.length };
}

function sumOf(values: ArrayLike<number>, term: (value: number, index: number) => number): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += term(values[index] as number, index);
  return sum;
}
