/**
 * The one random number generator: Threefry-2x32 with 20 rounds (Salmon et al., "Parallel Random Numbers: As Easy
 * as 1, 2, 3", SC 2011), chosen because it is counter-based and needs only 32-bit add, rotate and xor, which
 * every engine has. A number is a function of (seed, stream, counter): nothing has to be saved or replayed.
 */

/** What a random number is used for; each has a sequence of its own. */
export const streams = {
  initialisation: 0,
  shuffle: 1,
  trainingNoise: 2,
  evaluationNoise: 3,
  sampling: 4,
  drawing: 5,
  split: 6,
} as const;
export type Stream = (typeof streams)[keyof typeof streams];

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
/** Skein's key parity constant, 32-bit. */
const parity = 0x1bd11bda;

/** One block: the key (seed, stream) and a counter of two words give two words. */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): readonly [number, number] {
  const keys = [key0 | 0, key1 | 0, parity ^ key0 ^ key1] as const;
  let x0 = (counter0 + keys[0]) | 0;
  let x1 = (counter1 + keys[1]) | 0;
  for (let group = 0; group < 5; group++) {
    for (let round = 0; round < 4; round++) {
      const rotation = rotations[(group % 2) * 4 + round] as number;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    }
    x0 = (x0 + (keys[(group + 1) % 3] as number)) | 0;
    x1 = (x1 + (keys[(group + 2) % 3] as number) + group + 1) | 0;
  }
  return [x0 >>> 0, x1 >>> 0];
}

/** A sequence of random numbers: words, floats, integers, normals, permutations. */
export class RandomSequence {
  readonly #seed: number;
  readonly #stream: number;
  readonly #block: number;
  #counter = 0;
  #spare: number | null = null;

  /** `block` separates sequences of one stream: a tensor, an epoch, an image. */
  constructor(seed: number, stream: Stream, block = 0) {
    this.#seed = seed;
    this.#stream = stream;
    this.#block = block;
  }

  /** A word, uniform over 0 … 2³²−1. */
  word(): number {
    if (this.#spare !== null) {
      const word = this.#spare;
      this.#spare = null;
      return word;
    }
    const [first, second] = threefry2x32(this.#seed, this.#stream, this.#counter++, this.#block);
    this.#spare = second;
    return first;
  }

  /** Uniform over [0, 1), 24 bits: exact in float32. */
  uniform(): number {
    return (this.word() >>> 8) * 2 ** -24;
  }

  /** An integer, uniform over 0 … below−1: the lowest 2³² mod below words are rejected, so no value is favoured. */
  integer(below: number): number {
    const threshold = 2 ** 32 % below;
    for (;;) {
      const word = this.word();
      if (word >= threshold) return word % below;
    }
  }

  /** Standard normal, by Box and Muller's transform in float64. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}

/** A uniformly random order of 0 … count−1 (Fisher and Yates). */
export function permutation(count: number, sequence: RandomSequence): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = sequence.integer(last + 1);
    const moved = order[last] as number;
    order[last] = order[other] as number;
    order[other] = moved;
  }
  return order;
}
