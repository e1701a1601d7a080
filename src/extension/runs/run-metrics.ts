/**
 * What runs have measured, from their metrics.jsonl, in columns that panels take as they are. Files are read in pieces,
 * so that the extension host never waits for a long one, and only on from where they were read before.
 */
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { EpochEvent } from "../../contract/events.ts";
import { runFiles } from "../../contract/run.ts";
import { MetricsReader } from "./metrics-reader.ts";

/** Some milliseconds of work. */
const pieceBytes = 2 ** 18;
/** Runs that are kept in memory, 3 MB for 100,000 steps: those that are looked at, and some more. */
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
    const file = this.#files.get(run) ?? new MetricsFile(join(run, runFiles.metrics));
    // What was asked for last is forgotten last.
    this.#files.delete(run);
    this.#files.set(run, file);
    for (const oldest of [...this.#files.keys()].slice(0, -maximumKept)) this.#files.delete(oldest);
    const before = file.dropped;
    const metrics = await file.read();
    if (file.dropped > before) this.#warn(`${file.path}: ${file.dropped} lines cannot be read`);
    return metrics;
  }
}

class MetricsFile {
  readonly path: string;
  #columns = new Columns();
  #reader = new MetricsReader();
  #offset = 0;
  #inode = 0;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  get dropped(): number {
    return this.#reader.dropped;
  }

  /** Two panels may ask at once: one after the other. */
  read(): Promise<Metrics> {
    const read = this.#reading.then(() => this.#readOn());
    this.#reading = read.catch(() => {});
    return read;
  }

  async #readOn(): Promise<Metrics> {
    const file = await open(this.path).catch(() => null);
    if (file === null) {
      this.#startAnew(0);
      return this.#columns.metrics();
    }
    try {
      const { size, ino } = await file.stat();
      // Cut back to a checkpoint, or another file altogether.
      if (ino !== this.#inode || size < this.#offset) this.#startAnew(ino);
      while (this.#offset < size) {
        const piece = new Uint8Array(Math.min(pieceBytes, size - this.#offset));
        const { bytesRead } = await file.read(piece, 0, piece.length, this.#offset);
        if (bytesRead === 0) break;
        this.#offset += bytesRead;
        this.#columns.add(this.#reader.read(piece.subarray(0, bytesRead)));
      }
      return this.#columns.metrics();
    } finally {
      await file.close();
    }
  }

  #startAnew(inode: number): void {
    this.#columns = new Columns();
    this.#reader = new MetricsReader();
    this.#offset = 0;
    this.#inode = inode;
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
