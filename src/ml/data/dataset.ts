/**
 * What every source of pixels becomes: grey images of one size, uint8, resident in memory.
 */

/** One part of a dataset. `pixels` holds `count` images row by row, each `width × height` bytes, 0 black to 255 white. */
export interface Split {
  readonly count: number;
  readonly pixels: Uint8Array;
  /** One label per image, an index into `Dataset.labelNames`; null where the source has none. */
  readonly labels: Uint16Array | null;
}

export interface Dataset {
  readonly name: string;
  /** Where the pixels came from, in words: "MNIST from the cache", "412 pictures in ./cats". */
  readonly source: string;
  readonly width: number;
  readonly height: number;
  readonly labelNames: readonly string[];
  readonly train: Split;
  readonly test: Split;
  /** Of all pixels, training split first: names the data a run was trained on. Lower-case hex. */
  readonly sha256: string;
}

export type SplitName = "train" | "test";
