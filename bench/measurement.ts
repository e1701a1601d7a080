/**
 * What a benchmark is made of: measurements, each a line of the table of targets, and what they return. Measurements
 * that compare epochs race against each other (see race.ts); the others run alone, one after another.
 */
import type { BenchData } from "./bench-data.ts";

export interface Row {
  readonly line: string;
  readonly ours: string;
  /** What we are held against. */
  readonly peer: string;
  readonly ratio: string;
  readonly target: string;
  /** null: this line has no target. */
  readonly reached: boolean | null;
}

export interface Outcome {
  readonly rows: readonly Row[];
  /** What the reader must know to read the rows: peers that are not here, work that was scaled. */
  readonly notes: readonly string[];
  /** Every number measured, for the results file. */
  readonly raw: unknown;
}

export interface BenchContext {
  readonly data: BenchData;
  /** Threads of ours and of every peer: all cores. */
  readonly threads: number;
  /** Rounds of every race. */
  readonly epochs: number;
  /** Let slow peers run whole epochs, where a part would do. */
  readonly wholeEpochs: boolean;
  /** Progress, on stderr. */
  say(line: string): void;
}

export interface Measurement {
  readonly name: string;
  readonly title: string;
}

export interface SoloMeasurement extends Measurement {
  measure(context: BenchContext): Promise<Outcome>;
}
