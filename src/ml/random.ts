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

/** Skein's key parity constant, 32-bit. */
const parity = 0x1bd11bda;

/** One block: the key (seed, stream) and a counter of two words give two words. */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): readonly [number, number] {
  const words = new Uint32Array(2);
  writeBlock(words, key0, key1, counter0, counter1);
  return [words[0] as number, words[1] as number];
}

/** As threefry2x32, into `words`: five groups of four rounds, a key added after each. Written for speed. */
function writeBlock(
  words: Uint32Array,
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): void {
  const key2 = parity ^ key0 ^ key1;
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  for (let group = 0; group < 5; group++) {
    if (group % 2 === 0) {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
    } else {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
    }
    const turn = (group + 1) % 3;
    x0 = (x0 + (turn === 0 ? key0 : turn === 1 ? key1 : key2)) | 0;
    x1 = (x1 + (turn === 0 ? key1 : turn === 1 ? key2 : key0) + group + 1) | 0;
  }
  words[0] = x0;
  words[1] = x1;
}

/** A sequence of random numbers: words, floats, integers, normals, permutations. */
export class RandomSequence {
  readonly #seed: number;
  readonly #stream: number;
  readonly #block: number;
  readonly #words = new Uint32Array(2);
  /** Words taken; every second one makes a new block. */
  #taken = 0;

  /** `block` separates sequences of one stream: a tensor, an epoch, an image. */
  constructor(seed: number, stream: Stream, block = 0) {
    this.#seed = seed;
    this.#stream = stream;
    this.#block = block;
  }

  /** A word, uniform over 0 … 2³²−1. */
  word(): number {
    const half = this.#taken % 2;
    if (half === 0) writeBlock(this.#words, this.#seed, this.#stream, this.#taken / 2, this.#block);
    this.#taken++;
    return this.#words[half] as number;
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
