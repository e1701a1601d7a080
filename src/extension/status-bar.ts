/**
 * The one status bar item: engine, epoch, loss and time left while training; idle otherwise, and hidden in workspaces
 * that have no run.
 */
import * as vscode from "vscode";
import { Disposables } from "./dispose.ts";
import type { RunStore } from "./runs/run-store.ts";
import type { Trainings } from "./training/trainings.ts";
import type { WatchedTraining } from "./training/watched-training.ts";
import { durationInWords, lossInWords, preparingInWords, roughly } from "./words.ts";

/** Text in the status bar need not change more often. */
const leastMillisecondsBetween = 250;

export class StatusBar implements vscode.Disposable {
  readonly #disposables = new Disposables();
  readonly #trainings: Trainings;
  readonly #item: vscode.StatusBarItem;
  #hasRuns = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(trainings: Trainings, store: RunStore) {
    this.#trainings = trainings;
    this.#item = this.#disposables.add(
      vscode.window.createStatusBarItem("latentLab.status", vscode.StatusBarAlignment.Left, 10),
    );
    this.#item.name = "Latent Lab";
    const look = async () => {
      this.#hasRuns = (await store.list()).length > 0;
      this.#draw();
    };
    this.#disposables.add(trainings.onDidChange(() => this.#drawSoon()));
    this.#disposables.add(store.onDidChange(() => void look()));
    void look();
  }

  dispose(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#disposables.dispose();
  }

  #drawSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#draw();
    }, leastMillisecondsBetween);
  }

  #draw(): void {
    const { all } = this.#trainings;
    const training = all.at(-1);
    if (training !== undefined) this.#showTraining(training, all.slice(0, -1));
    else this.#showIdle();
  }

  #showIdle(): void {
    this.#item.text = "$(beaker) Latent Lab";
    this.#item.tooltip = "Latent Lab: train an autoencoder";
    this.#item.command = "latentLab.train";
    this.#item.accessibilityInformation = { label: "Latent Lab, idle. Train a model." };
    if (this.#hasRuns) this.#item.show();
    else this.#item.hide();
  }

  #showTraining(training: WatchedTraining, others: readonly WatchedTraining[]): void {
    const more = others.length > 0 ? ` (+${others.length})` : "";
    this.#item.text = `$(loading~spin) ${progressInWords(training)}${more}`;
    this.#item.tooltip = tooltipOf(training, others);
    this.#item.command = {
      command: "latentLab.openDashboard",
      title: "Open Dashboard",
      arguments: training.run === null ? [] : [training.run],
    };
    this.#item.accessibilityInformation = { label: `Latent Lab, ${progressInWords(training)}` };
    this.#item.show();
  }
}

/** "cpu · epoch 3/5 · train loss 110.1 · 12 s left". */
export function progressInWords({
  phase,
  start,
  step,
  preparing,
  secondsOfSilence,
}: WatchedTraining): string {
  if (phase === "stopping") return "stopping";
  if (secondsOfSilence !== null) return `no word for ${durationInWords(secondsOfSilence)}`;
  if (start === null) return preparing === null ? "getting ready" : preparingInWords(preparing);
  if (step === null) return `${start.engine} · starting`;
  return [
    start.engine,
    `epoch ${step.epoch}/${start.epochs}`,
    `train loss ${lossInWords(step.train.loss)}`,
    `${durationInWords(step.secondsLeft)} left`,
  ].join(" · ");
}

/** The newest training in full, `others` in a line each. */
function tooltipOf(training: WatchedTraining, others: readonly WatchedTraining[]): vscode.MarkdownString {
  const { start, step, epoch, secondsOfSilence } = training;
  const text = new vscode.MarkdownString("", true);
  text.isTrusted = { enabledCommands: ["latentLab.stop", "latentLab.openDashboard", "latentLab.showLog"] };
  text.appendMarkdown("**Latent Lab**\n\n");
  if (start === null) {
    text.appendText(progressInWords(training));
  } else {
    const rows = [
      ["Model", nameOf(training)],
      ["Engine", `${start.engine}: ${start.device}`],
      ["Data", start.dataset.source],
      ...(step === null ? [] : [["Speed", `${roughly(step.imagesPerSecond)} images/s`]]),
      ...(epoch === null
        ? []
        : [["Test loss", `${lossInWords(epoch.test.loss)} after epoch ${epoch.epoch}`]]),
    ];
    text.appendMarkdown("| | |\n| --- | --- |\n");
    for (const [name = "", value = ""] of rows) {
      text.appendMarkdown(`| ${name} | `);
      text.appendText(value.replaceAll("|", "∣"));
      text.appendMarkdown(" |\n");
    }
  }
  for (const other of others) {
    text.appendMarkdown("\n\n");
    text.appendText(`${nameOf(other)}: ${progressInWords(other)}`);
  }
  if (secondsOfSilence !== null)
    text.appendMarkdown(
      "\n\n$(warning) The process has said nothing for a while: it may hang. Stop ends it within 30 s; its last checkpoint is kept.",
    );
  text.appendMarkdown(
    "\n\n[$(debug-stop) Stop](command:latentLab.stop) · [$(graph-line) Dashboard](command:latentLab.openDashboard) · [$(output) Log](command:latentLab.showLog)",
  );
  return text;
}

function nameOf({ start }: WatchedTraining): string {
  const name = start?.experiment.name;
  return typeof name === "string" ? name : "Another training";
}
