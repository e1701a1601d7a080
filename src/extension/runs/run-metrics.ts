/**
 * What runs have measured, from their metrics.jsonl, in columns that panels take as they are. Files are read in pieces,
 * so that the extension host never waits for a long one, and only on from where they were read before.
 */
import { join } from "node:path";
import type { EpochEvent } from "../../contract/events.ts";
import { Failure } from "../../contract/failure.ts";
import { maximumMetricsBytes, runFiles } from "../../contract/run.ts";
import { openRegular } from "../../system/regular-file.ts";
import { MetricsReader } from "./metrics-reader.ts";

/** Some milliseconds of work. */
const pieceBytes = 2 ** 18;
/** Runs that are kept in memory: those that are looked at, and some more. A day of training is some 10,000 steps. */
const maximumKept = 8;

export interface Metrics {
  /** [4, steps]: of each recorded step its number, loss, reconstruction and KL divergence. */
  readonly train: Float64Array<ArrayBuffer>;
  readonly epochs: readonly EpochEvent[];
  /** As last told. */
  readonly imagesPerSecond: number | null;
  /** The last ones of each; 0 before the first. */
  readonly step: number;
  readonly epoch: number;
}

export class RunMetrics {
  readonly #warn: (line: string) => void;
  readonly #files = new Map<string, MetricsFile>();

  /** `warn` hears of lines that cannot be read. */
  constructor(warn: (line: string) => void) {
    this.#warn = warn;
  }

  /** All of the run in the folder `run` up to now; nothing where there is no such file. */
  async read(run: string): Promise<Metrics> {
    const file = this.#files.get(run) ?? new MetricsFile(join(run, runFiles.metrics), this.#warn);
    // What was asked for last is forgotten last.
    this.#files.delete(run);
    this.#files.set(run, file);
    for (const oldest of [...this.#files.keys()].slice(0, -maximumKept)) this.#files.delete(oldest);
    return file.read();
  }
}

class MetricsFile {
  readonly #path: string;
  readonly #warn: (line: string) => void;
  #columns = new Columns();
  #reader = new MetricsReader();
  #offset = 0;
  #identity = "";
  #reading: Promise<unknown> = Promise.resolve();

  constructor(path: string, warn: (line: string) => void) {
    this.#path = path;
    this.#warn = warn;
  }

  /** Two panels may ask at once: one after the other. */
  read(): Promise<Metrics> {
    const read = this.#reading.then(() => this.#readOn());
    this.#reading = read.catch(() => {});
    return read;
  }

  async #readOn(): Promise<Metrics> {
    const refuse = (problem: string) => new Failure("run-invalid", `${this.#path}: ${problem}`, "Delete it.");
    const file = await openRegular(this.#path, refuse).catch(() => null);
    if (file === null) {
      this.#startAnew("");
      return this.#columns.metrics();
    }
    try {
      const { size: bytes, ino, birthtimeNs } = await file.stat({ bigint: true });
      const size = Math.min(Number(bytes), maximumMetricsBytes);
      const identity = `${ino} ${birthtimeNs}`;
      // Cut back to a checkpoint, or another file altogether.
      if (identity !== this.#identity || size < this.#offset) this.#startAnew(identity);
      const before = this.#reader.dropped;
      while (this.#offset < size) {
        const piece = new Uint8Array(Math.min(pieceBytes, size - this.#offset));
        const { bytesRead } = await file.read(piece, 0, piece.length, this.#offset);
        if (bytesRead === 0) break;
        this.#offset += bytesRead;
        this.#columns.add(this.#reader.read(piece.subarray(0, bytesRead)));
      }
      const dropped = this.#reader.dropped - before;
      if (dropped > 0) this.#warn(`${this.#path}: ${dropped} lines cannot be read`);
      return this.#columns.metrics();
    } finally {
      await file.close();
    }
  }

  #startAnew(identity: string): void {
    this.#columns = new Columns();
    this.#reader = new MetricsReader();
    this.#offset = 0;
    this.#identity = identity;
  }
}

class Columns {
  readonly #step: number[] = [];
  readonly #loss: number[] = [];
  readonly #reconstruction: number[] = [];
  readonly #kl: number[] = [];
  readonly #epochs: EpochEvent[] = [];
  #imagesPerSecond: number | null = null;

  /** Lines that go back in time are not ours. */
  add(lines: ReturnType<MetricsReader["read"]>): void {
    for (const line of lines) {
      this.#imagesPerSecond = line.imagesPerSecond;
      if (line.event === "epoch") {
        if (line.epoch > (this.#epochs.at(-1)?.epoch ?? 0)) this.#epochs.push(line);
      } else if (line.step > (this.#step.at(-1) ?? 0)) {
        this.#step.push(line.step);
        this.#loss.push(line.train.loss);
        this.#reconstruction.push(line.train.reconstruction);
        this.#kl.push(line.train.kl);
      }
    }
  }

  metrics(): Metrics {
    const steps = this.#step.length;
    const train = new Float64Array(4 * steps);
    for (const [row, column] of [this.#step, this.#loss, this.#reconstruction, this.#kl].entries())
      train.set(column, row * steps);
    return {
      train,
      epochs: [...this.#epochs],
      imagesPerSecond: this.#imagesPerSecond,
      step: this.#step.at(-1) ?? 0,
      epoch: this.#epochs.at(-1)?.epoch ?? 0,
    };
  }
}
