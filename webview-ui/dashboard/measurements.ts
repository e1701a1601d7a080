/**
 * What a run has measured so far, in columns that a chart can walk over quickly. Grows while training; a line that
 * was there already, told again after a reconnection or trained again after a resume, changes nothing.
 */
import type { EpochEvent } from "../../src/contract/events.ts";
import type { Losses } from "../../src/contract/losses.ts";
import type { MetricsLine } from "../../src/contract/run.ts";
import { lowerBound } from "./decimate.ts";

/** Numbers in a row that grows. */
export class Column {
  #values = new Float64Array(1024);
  #length = 0;

  /** Takes these instead of what is there. They are not written to: the next push makes room elsewhere. */
  fill(values: Float64Array<ArrayBuffer>): void {
    this.#values = values;
    this.#length = values.length;
  }

  get length(): number {
    return this.#length;
  }

  /** Valid until the next push. */
  get values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }

  get last(): number | undefined {
    return this.#length === 0 ? undefined : this.#values[this.#length - 1];
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(Math.max(1024, 2 * this.#length));
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length] = value;
    this.#length += 1;
  }
}

export class LossColumns {
  readonly step = new Column();
  readonly loss = new Column();
  readonly reconstruction = new Column();
  readonly kl = new Column();
  #scaled = { factor: Number.NaN, column: new Column() };

  /** The steps times a factor; only what is new is multiplied. */
  scaledSteps(factor: number): Float64Array {
    if (factor === 1) return this.step.values;
    if (this.#scaled.factor !== factor) this.#scaled = { factor, column: new Column() };
    const { column } = this.#scaled;
    const steps = this.step.values;
    for (let index = column.length; index < steps.length; index++) column.push((steps[index] ?? 0) * factor);
    return column.values;
  }

  /** [4, steps]: steps, losses, reconstructions, KL divergences, instead of what is there. */
  fill(rows: Float64Array<ArrayBuffer>): void {
    const steps = Math.floor(rows.length / 4);
    for (const [row, column] of [this.step, this.loss, this.reconstruction, this.kl].entries())
      column.fill(rows.subarray(row * steps, (row + 1) * steps));
    this.#scaled = { factor: Number.NaN, column: new Column() };
  }

  /** The same with every step: those after the last of `rows`, measured since, stay. */
  complete(rows: Float64Array<ArrayBuffer>): void {
    const last = rows[rows.length / 4 - 1] ?? 0;
    const since = lowerBound(this.step.values, last + 1);
    const columns = [this.step, this.loss, this.reconstruction, this.kl];
    const added = columns.map(({ values }) => values.slice(since));
    this.fill(rows);
    for (const [index, column] of columns.entries())
      for (const value of added[index] ?? []) column.push(value);
  }

  /** Of the last step; undefined before it. */
  get latest(): Losses | undefined {
    const [loss, reconstruction, kl] = [this.loss.last, this.reconstruction.last, this.kl.last];
    return loss === undefined || reconstruction === undefined || kl === undefined
      ? undefined
      : { loss, reconstruction, kl };
  }

  push(step: number, losses: Losses): void {
    this.step.push(step);
    this.loss.push(losses.loss);
    this.reconstruction.push(losses.reconstruction);
    this.kl.push(losses.kl);
  }
}

export interface Filling {
  readonly train: Float64Array<ArrayBuffer>;
  readonly steps: number;
  readonly epochs: readonly EpochEvent[];
  readonly imagesPerSecond: number | null;
}

export class Measurements {
  /** While training, every few steps. */
  readonly train = new LossColumns();
  /** On the test split, after every epoch. */
  readonly test = new LossColumns();
  readonly #epochs: EpochEvent[] = [];
  /** Of a run whose steps are still arriving, what is there of them: [4, n] each; null: all are there. */
  #arriving: { readonly steps: number; readonly pieces: Float64Array[]; received: number } | null = null;
  #imagesPerSecond: number | null = null;

  get epochs(): readonly EpochEvent[] {
    return this.#epochs;
  }

  get latestEpoch(): EpochEvent | undefined {
    return this.#epochs.at(-1);
  }

  get lastStep(): number {
    return Math.max(this.train.step.last ?? 0, this.test.step.last ?? 0);
  }

  /** As last told. */
  get imagesPerSecond(): number | null {
    return this.#imagesPerSecond;
  }

  get isEmpty(): boolean {
    return this.train.step.length === 0 && this.#epochs.length === 0;
  }

  /** The first recorded step that is still to come, counted from 0; null: every one is there. */
  get missing(): number | null {
    return this.#arriving?.received ?? null;
  }

  /**
   * What was measured up to now, once: what was added before is in it. Where `train` has fewer than `steps`, they are
   * those that a plot shows, and all of them come by `addSteps`.
   */
  fill({ train, steps, epochs, imagesPerSecond }: Filling): void {
    this.train.fill(train);
    this.#arriving = train.length < 4 * steps ? { steps, pieces: [], received: 0 } : null;
    for (const epoch of epochs) this.add(epoch);
    this.#imagesPerSecond = imagesPerSecond;
  }

  /**
   * Recorded steps from the `from`-th on, in order: [4, n]. They take the place of what was filled in when the last one
   * is there.
   */
  addSteps(from: number, train: Float64Array): void {
    const arriving = this.#arriving;
    if (arriving === null || from !== arriving.received) return;
    arriving.pieces.push(train);
    arriving.received += Math.floor(train.length / 4);
    if (arriving.received < arriving.steps) return;
    this.#arriving = null;
    this.train.complete(joined(arriving.pieces, arriving.received));
  }

  add(line: MetricsLine): void {
    if (line.event === "step") {
      if (line.step <= (this.train.step.last ?? -1)) return;
      this.train.push(line.step, line.train);
    } else {
      if (line.epoch <= (this.latestEpoch?.epoch ?? -1)) return;
      this.#epochs.push(line);
      this.test.push(line.step, line.test);
    }
    this.#imagesPerSecond = line.imagesPerSecond;
  }

  /** The measured epoch `epoch`, or the last one before it. */
  epochAt(epoch: number): EpochEvent | undefined {
    return this.#epochs.findLast((line) => line.epoch <= epoch);
  }
}

/** [4, steps] of pieces that are [4, n] each. */
function joined(pieces: readonly Float64Array[], steps: number): Float64Array<ArrayBuffer> {
  const rows = new Float64Array(4 * steps);
  let from = 0;
  for (const piece of pieces) {
    const part = Math.floor(piece.length / 4);
    for (let row = 0; row < 4; row++)
      rows.set(piece.subarray(row * part, (row + 1) * part), row * steps + from);
    from += part;
  }
  return rows;
}
