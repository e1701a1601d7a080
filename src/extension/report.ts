/**
 * The one place where errors become something a person sees: a notification with its remedy and a line in the log.
 * What is no Failure is a defect of ours and says so.
 */
import * as vscode from "vscode";
import { Failure, type FailureCode } from "../contract/failure.ts";

export interface Remedy {
  readonly title: string;
  run(): unknown;
}

/** What the user can do about at once. */
export class RemediableFailure extends Failure {
  readonly remedy: Remedy;

  constructor(code: FailureCode, message: string, hint: string, remedy: Remedy) {
    super(code, message, hint);
    this.remedy = remedy;
  }
}

/** A button that runs a command. */
export function commandRemedy(title: string, command: string, ...args: unknown[]): Remedy {
  return { title, run: () => vscode.commands.executeCommand(command, ...args) };
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
    const own = failure instanceof RemediableFailure ? [failure.remedy] : [];
    void this.#show(failure, [...own, ...remedies]);
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
  const first = capitalised(message);
  return `${/[.!?]$/.test(first) ? first : `${first}.`} ${hint}`.trim();
}

/** As a sentence begins; but a name that comes first, of a file or a run, stays as it is. */
export function capitalised(message: string): string {
  const [word = ""] = message.split(" ", 1);
  return /^[a-z]+[,:]?$/.test(word) ? `${message.slice(0, 1).toUpperCase()}${message.slice(1)}` : message;
}

function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Failure("internal", `this should not have happened: ${message}`, "The log has the details.");
}
