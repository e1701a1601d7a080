/**
 * What a person, or a program, sees of a training run while it happens. Epochs and results go to stdout, progress and
 * remarks to stderr.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DoneEvent, EpochEvent, StartEvent, StepEvent, TrainingEvent } from "../../contract/events.ts";
import type { Failure } from "../../contract/failure.ts";
import type { Preparing } from "../../contract/preparing.ts";
import { runFiles } from "../../contract/run.ts";
import { byDataFolder } from "../data/data-folder-words.ts";
import { compressionInWords, evaluationLines, partsInWords } from "./evaluation-words.ts";
import { barSymbols, ProgressBar } from "./progress-bar.ts";
import type { Output, Terminal } from "./terminal.ts";
import { bytesInWords, durationInWords, grouped, lossInWords, rounded, shortPath, table } from "./words.ts";

export interface TrainingReport {
  onEvent(event: TrainingEvent): void;
  onDatasetProgress(progress: Preparing): void;
  /** MNIST cannot be had, as `reason` says. */
  drawsInstead(reason: Failure): void;
  /** What an engine does once and takes its time for. */
  remark(words: string): void;
  /** The user has asked for an end. */
  stopping(): void;
  /** Leaves the terminal tidy. */
  close(): void;
}

function stoppingWords(hasBegun: boolean): string {
  const what = hasBegun
    ? "Stopping and keeping what has been trained"
    : "Stopping; nothing has been trained yet";
  return `${what}; Ctrl-C again leaves at once.`;
}

export function drawingWords(reason: Failure): string[] {
  return [
    `MNIST is not here and cannot be downloaded (${reason.message}).`,
    `Training on drawn digits instead: losses will differ from MNIST's. For MNIST, give ${byDataFolder}.`,
  ];
}

/** Under --json: every event as a line on stdout, and nothing else there. */
export class JsonTrainingReport implements TrainingReport {
  readonly #out: Output;
  readonly #err: Output;
  #hasBegun = false;

  constructor(out: Output, err: Output) {
    this.#out = out;
    this.#err = err;
  }

  onEvent(event: TrainingEvent): void {
    this.#hasBegun = true;
    this.#out.line(JSON.stringify(event));
  }

  onDatasetProgress(): void {}

  drawsInstead(reason: Failure): void {
    for (const line of drawingWords(reason)) this.#err.line(line);
  }

  remark(words: string): void {
    this.#err.line(words);
  }

  stopping(): void {
    this.#err.line(stoppingWords(this.#hasBegun));
  }

  close(): void {}
}

export class TextTrainingReport implements TrainingReport {
  readonly #out: Output;
  readonly #err: Output;
  readonly #bar: ProgressBar;
  #start: StartEvent | null = null;
  #isStopping = false;

  constructor({ out, err }: Terminal, environment: NodeJS.ProcessEnv) {
    this.#out = out;
    this.#err = err;
    this.#bar = new ProgressBar(err, barSymbols(environment, process.platform));
  }

  onEvent(event: TrainingEvent): void {
    switch (event.event) {
      case "start":
        this.#onStart(event);
        break;
      case "step":
        this.#onStep(event);
        break;
      case "epoch":
        this.#bar.clear();
        this.#out.line(epochLine(event, this.#start));
        break;
      case "done":
        this.#bar.clear();
        for (const line of doneLines(event, this.#start, this.#out)) this.#out.line(line);
        break;
      case "error":
        // report-failure.ts tells it, for every command alike.
        break;
      default:
        event satisfies never;
    }
  }

  onDatasetProgress({ doing, done, total }: Preparing): void {
    if (doing === "download")
      this.#bar.note(`downloading MNIST  ${bytesInWords(done)} of ${bytesInWords(total)}`);
    else
      this.#bar.note(
        `${doing === "draw" ? "drawing digits" : "reading images"}  ${grouped(done)} of ${grouped(total)}`,
      );
  }

  drawsInstead(reason: Failure): void {
    this.#remark(...drawingWords(reason));
  }

  remark(words: string): void {
    this.#bar.note(words);
  }

  stopping(): void {
    this.#isStopping = true;
    this.#remark(stoppingWords(this.#start !== null));
  }

  close(): void {
    this.#bar.clear();
  }

  #onStart(start: StartEvent): void {
    this.#start = start;
    const { dataset } = start;
    const images = `${grouped(dataset.train)} + ${grouped(dataset.test)} images of ${dataset.width}×${dataset.height}`;
    this.#remark(
      `${this.#err.bold(nameOf(start))}  ${grouped(start.parameters)} parameters, ${epochsInWords(start.epochs)}`,
      `data    ${dataset.source}: ${images}`,
      `engine  ${start.engine}: ${start.device}`,
      ...(start.engineReason === null ? [] : [`        ${start.engineReason}`]),
      `run     ${shortPath(start.run)}`,
    );
    if (start.resumedAtStep > 0) this.#remark(...resumptionWords(start));
  }

  #onStep({ epoch, step, train, imagesPerSecond, secondsLeft }: StepEvent): void {
    if (this.#start === null || this.#isStopping) return;
    const { stepsPerEpoch, epochs } = this.#start;
    this.#bar.update({
      label: `epoch ${epoch}/${epochs}`,
      fraction: (step - (epoch - 1) * stepsPerEpoch) / stepsPerEpoch,
      loss: train.loss,
      imagesPerSecond,
      secondsLeft,
    });
  }

  #remark(...lines: string[]): void {
    this.#bar.clear();
    for (const line of lines) this.#err.line(line);
  }
}

function resumptionWords({ resumedAtStep, epochs, stepsPerEpoch }: StartEvent): string[] {
  const words = `resumed at step ${grouped(resumedAtStep)}`;
  if (resumedAtStep < epochs * stepsPerEpoch) return [words];
  return [`${words}, its last; --epochs N trains it longer, N epochs in all`];
}

function epochsInWords(epochs: number): string {
  return epochs === 1 ? "1 epoch" : `${epochs} epochs`;
}

function nameOf({ experiment }: StartEvent): string {
  return typeof experiment.name === "string" ? experiment.name : "experiment";
}

/** The weight of the KL divergence. */
function betaOf(start: StartEvent | null): number {
  const loss = start?.experiment.loss;
  const stated = typeof loss === "object" && loss !== null && "beta" in loss ? loss.beta : null;
  return typeof stated === "number" ? stated : 1;
}

/** "epoch 1/5  train 164.91  test 127.30 (reconstruction 104.11, KL 23.19)  1.4 s  43,000 images/s". */
function epochLine(event: EpochEvent, start: StartEvent | null): string {
  const total = start?.epochs ?? event.epoch;
  const number = String(event.epoch).padStart(String(total).length);
  return [
    `epoch ${number}/${total}`,
    `train ${lossInWords(event.train.loss)}`,
    `test ${lossInWords(event.test.loss)}${partsInWords(event.test, betaOf(start))}`,
    durationInWords(event.seconds),
    `${rounded(event.imagesPerSecond)} images/s`,
  ].join("  ");
}

function doneLines(done: DoneEvent, start: StartEvent | null, out: Output): string[] {
  const why = done.reason === "early-stopping" ? ": the test loss no longer improves" : "";
  return [
    "",
    out.bold(`${epochsInWords(done.epochs)} in ${durationInWords(done.seconds)} of training${why}`),
    ...(start === null ? [] : [`  data         ${start.dataset.source}`]),
    ...evaluationLines(done.test, betaOf(start)).map((line) => `  ${line}`),
    `  compression  ${compressionInWords(done.compression)}`,
    "",
    `Run folder: ${out.bold(shortPath(done.run))}`,
    ...fileLines(done.run).map((line) => `  ${line}`),
  ];
}

function fileLines(run: string): string[] {
  const described = [
    [runFiles.lossChart, "the losses, epoch by epoch"],
    [runFiles.reconstructions, "test images over their reconstructions"],
    [runFiles.samples, "images the model makes up"],
    [runFiles.report, "all of it on one page, with the numbers"],
    [runFiles.model, "the weights"],
  ] as const;
  return table(described.filter(([name]) => existsSync(join(run, name))));
}
