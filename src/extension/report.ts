/**
 * The one place where errors become something a person sees: a notification with its remedy and a line in the log.
 * What is no Failure is a defect of ours and says so.
 */
import * as vscode from "vscode";
import { Failure } from "../contract/failure.ts";

export interface Remedy {
  readonly title: string;
  run(): unknown;
}

export class Reporter {
  readonly #log: vscode.LogOutputChannel;

  constructor(log: vscode.LogOutputChannel) {
    this.#log = log;
  }

  /** Shows what went wrong, with buttons; returns at once. A cancelled task is no error. */
  report(error: unknown, ...remedies: readonly Remedy[]): void {
    if (error instanceof vscode.CancellationError) return;
    if (error instanceof Failure && error.code === "interrupted") {
      this.#log.info(error.message);
      return;
    }
    const failure = asFailure(error);
    this.#log.error(sentence(failure.message, failure.hint), ...(error instanceof Failure ? [] : [error]));
    void this.#show(failure, remedies);
  }

  async #show(failure: Failure, remedies: readonly Remedy[]): Promise<void> {
    const showLog = { title: "Show Log", run: () => this.#log.show() };
    const buttons = [...remedies, showLog];
    const chosen = await vscode.window.showErrorMessage(
      sentence(failure.message, failure.hint),
      ...buttons.map(({ title }) => title),
    );
    await buttons.find(({ title }) => title === chosen)?.run();
  }
}

/** "The dataset is not there. Name another." */
export function sentence(message: string, hint: string): string {
  const first = `${message.slice(0, 1).toUpperCase()}${message.slice(1)}`;
  return `${/[.!?]$/.test(first) ? first : `${first}.`} ${hint}`.trim();
}

function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Failure("internal", `this should not have happened: ${message}`, "The log has the details.");
}
