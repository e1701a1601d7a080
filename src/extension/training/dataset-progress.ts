/**
 * A dataset that a training downloads, draws or reads, as a notification with a bar and a Cancel. What takes less than
 * a second is left to the status bar.
 */
import * as vscode from "vscode";
import type { Preparing } from "../../contract/preparing.ts";
import { Disposables } from "../dispose.ts";
import { preparingInWords } from "../words.ts";
import type { Trainings } from "./trainings.ts";
import type { WatchedTraining } from "./watched-training.ts";

const patienceMilliseconds = 1000;

type Bar = vscode.Progress<{ message?: string; increment?: number }>;

/** Moves a notification's bar to where the dataset is. */
export function movesBar(bar: Bar): (preparing: Preparing) => void {
  let shown = 0;
  let doing: Preparing["doing"] | null = null;
  return (preparing) => {
    const message = preparingInWords(preparing);
    doing ??= preparing.doing;
    // A bar cannot go back: what comes after the first is told in words.
    if (preparing.doing !== doing) {
      bar.report({ message });
      return;
    }
    const percent = preparing.total > 0 ? Math.min(100, (100 * preparing.done) / preparing.total) : 0;
    bar.report({ message, increment: Math.max(0, percent - shown) });
    shown = Math.max(shown, percent);
  };
}

export class DatasetProgress implements vscode.Disposable {
  readonly #disposables = new Disposables();

  constructor(trainings: Trainings) {
    this.#disposables.add(trainings.onDidBegin((training) => this.#follow(training)));
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #follow(training: WatchedTraining): void {
    let timer: NodeJS.Timeout | null = null;
    const changed = training.onDidChange(() => {
      if (training.phase === "preparing") {
        if (training.preparing !== null)
          timer ??= setTimeout(() => showUnlessDone(training), patienceMilliseconds);
        return;
      }
      changed.dispose();
      if (timer !== null) clearTimeout(timer);
    });
  }
}

/** What is ready by now, and waits for the engine only, needs no bar. */
function showUnlessDone(training: WatchedTraining): void {
  const { phase, preparing } = training;
  if (phase === "preparing" && preparing !== null && preparing.done < preparing.total) show(training);
}

/** Until the training has begun, or is over. */
function show(training: WatchedTraining): void {
  void vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: "Latent Lab", cancellable: true },
    (bar, token) =>
      new Promise<void>((resolve) => {
        const move = movesBar(bar);
        const update = () => {
          if (training.phase !== "preparing") {
            changed.dispose();
            resolve();
          } else if (training.preparing !== null) move(training.preparing);
        };
        token.onCancellationRequested(() => training.stop());
        const changed = training.onDidChange(update);
        update();
      }),
  );
}
