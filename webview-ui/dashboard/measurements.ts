/**
 * What a run has measured so far, in columns that a chart can walk over quickly. Grows while training; a line that
 * was there already, told again after a reconnection or trained again after a resume, changes nothing.
 */
import type { EpochEvent } from "../../src/contract/events.ts";
import type { MetricsLine } from "../../src/contract/run.ts";

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

  push(step: number, losses: { loss: number; reconstruction: number; kl: number }): void {
    this.step.push(step);
    this.loss.push(losses.loss);
    this.reconstruction.push(losses.reconstruction);
    this.kl.push(losses.kl);
  }
}

export class Measurements {
  /** While training, every few steps. */
  readonly train = new LossColumns();
  /** On the test split, after every epoch. */
  readonly test = new LossColumns();
  readonly #epochs: EpochEvent[] = [];
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

  /** All that was measured up to now, once: what was added before is in it. */
  fill(
    train: Float64Array<ArrayBuffer>,
    epochs: readonly EpochEvent[],
    imagesPerSecond: number | null,
  ): void {
    this.train.fill(train);
    for (const epoch of epochs) this.add(epoch);
    this.#imagesPerSecond = imagesPerSecond;
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
