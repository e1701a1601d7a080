/**
 * What a training tells people outside the panels: every epoch in the log, and a notification when a long one ends or
 * one fails, with buttons that help.
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import * as vscode from "vscode";
import { Failure } from "../../contract/failure.ts";
import { runFiles } from "../../contract/run.ts";
import { Disposables } from "../dispose.ts";
import { commandRemedy, type Reporter } from "../report.ts";
import { countInWords, elapsedInWords, lossInWords, roughly } from "../words.ts";
import type { EndedTraining, Trainings } from "./trainings.ts";
import type { WatchedTraining } from "./watched-training.ts";

/** Whoever waited less has not looked away. */
const longSeconds = 20;

export class Announcer implements vscode.Disposable {
  readonly #disposables = new Disposables();
  readonly #log: vscode.LogOutputChannel;
  readonly #reporter: Reporter;
  readonly #openDashboard: (run: string) => void;

  constructor(
    trainings: Trainings,
    log: vscode.LogOutputChannel,
    reporter: Reporter,
    openDashboard: (run: string) => void,
  ) {
    this.#log = log;
    this.#reporter = reporter;
    this.#openDashboard = openDashboard;
    this.#disposables.add(trainings.onDidBegin((training) => this.#follow(training)));
    this.#disposables.add(trainings.onDidEnd((ended) => this.#tellEnd(ended)));
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #follow(training: WatchedTraining): void {
    const log = this.#log;
    training.onDidRemark((remark) => {
      log.warn(remark);
      void vscode.window.showWarningMessage(remark);
    });
    training.onDidTell((event) => {
      if (event.event === "start") {
        const { dataset } = event;
        log.info(`run     ${event.run}`);
        log.info(`engine  ${event.engine}: ${event.device}`);
        if (event.engineReason !== null) log.info(`        ${event.engineReason}`);
        log.info(
          `data    ${dataset.source}: ${countInWords(dataset.train)} + ${countInWords(dataset.test)} images of ${dataset.width}×${dataset.height}`,
        );
        if (event.resumedAtStep > 0) log.info(`resumed at step ${event.resumedAtStep}`);
      }
      if (event.event === "epoch")
        log.info(
          `epoch ${event.epoch}/${training.start?.epochs ?? event.epoch}  train ${lossInWords(event.train.loss)}  test ${lossInWords(event.test.loss)}  ${elapsedInWords(event.seconds)}  ${roughly(event.imagesPerSecond)} images/s`,
        );
    });
  }

  #tellEnd({ training, end }: EndedTraining): void {
    const run = training.run;
    switch (end.event) {
      case "done":
        this.#log.info(
          `finished ${end.epochs === 1 ? "1 epoch" : `${end.epochs} epochs`} in ${elapsedInWords(end.seconds)}: test loss ${lossInWords(end.test.loss)}`,
        );
        if (end.seconds > longSeconds)
          void this.#offer(
            end.run,
            `${basename(end.run)} is trained: test loss ${lossInWords(end.test.loss)}.`,
          );
        break;
      case "error":
        if (end.code === "interrupted") this.#log.info(end.message);
        else this.#reporter.report(new Failure(end.code, end.message, end.hint), ...this.#remedies(run));
        break;
      case "unreachable":
        this.#log.debug(`Nobody answers at ${training.control.socket}; its file is removed.`);
        break;
      case "out-of-reach":
        this.#log.debug(
          `The connection to the training process ${training.control.pid} is lost; it goes on.`,
        );
        break;
      case "vanished":
        this.#tellLoss(`the process that trains ${nameOf(training)} ended without a word`, run);
        break;
      case "killed":
        this.#tellLoss(
          `the process that trains ${nameOf(training)} did not stop when asked, and was ended`,
          run,
        );
        break;
      default:
        end satisfies never;
    }
  }

  #tellLoss(message: string, run: string | null): void {
    const hint = run === null ? "Try again." : "Its last checkpoint is kept: it can be resumed.";
    this.#reporter.report(new Failure("engine-failed", message, hint), ...this.#remedies(run));
  }

  #remedies(run: string | null) {
    // Somebody may have deleted its folder.
    if (run === null || !existsSync(join(run, runFiles.record))) return [];
    return [commandRemedy("Resume", "latentLab.resume", run)];
  }

  async #offer(run: string, message: string): Promise<void> {
    const chosen = await vscode.window.showInformationMessage(message, "Open Dashboard", "Generate Samples");
    if (chosen === "Open Dashboard") this.#openDashboard(run);
    if (chosen === "Generate Samples") await vscode.commands.executeCommand("latentLab.generateSamples", run);
  }
}

/** How a training is called where there may be several: by its run's folder. */
function nameOf({ run }: WatchedTraining): string {
  return run === null ? "a model" : basename(run);
}
