/** Above an experiment file: Train, Resume, and how its last run went. A setting turns them off. */
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as vscode from "vscode";
import { asOpened } from "../as-opened.ts";
import { Disposables } from "../dispose.ts";
import { isKnown, type KnownRun } from "../runs/listed-run.ts";
import type { RunStore } from "../runs/run-store.ts";
import { lossInWords } from "../words.ts";
import { workspaceFolders } from "../workspace.ts";
import { isExperimentFile } from "./experiment-files.ts";
import { parseExperimentText } from "./experiment-text.ts";

export class ExperimentCodeLenses implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #store: RunStore;
  readonly #disposables = new Disposables();
  /** Of experiment files, by what runs call them. */
  readonly #spellings = new Map<string, string>();
  readonly #changed = this.#disposables.add(new vscode.EventEmitter<void>());
  readonly onDidChangeCodeLenses = this.#changed.event;

  constructor(store: RunStore) {
    this.#store = store;
    this.#disposables.add(store.onDidChange(() => this.#changed.fire()));
    this.#disposables.add(vscode.workspace.onDidChangeWorkspaceFolders(() => this.#spellings.clear()));
    this.#disposables.add(
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("latentLab.codeLens")) this.#changed.fire();
      }),
    );
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    if (!isExperimentFile(document)) return [];
    if (!vscode.workspace.getConfiguration("latentLab", document).get("codeLens", true)) return [];
    const top = new vscode.Range(0, 0, 0, 0);
    const lens = (title: string, command: string, ...args: unknown[]) =>
      new vscode.CodeLens(top, { title, command, arguments: args });
    const lenses = vscode.workspace.isTrusted
      ? [lens("$(play) Train", "latentLab.trainThis", document.uri)]
      : [];
    const experiment = parseExperimentText(document);
    const last = experiment === null ? null : await this.#lastRun(document.uri.fsPath);
    if (last === null) return lenses;
    if (last.state === "stopped" || last.state === "killed") {
      const isChanged = !isDeepStrictEqual(experiment, last.record.experiment);
      const title = isChanged ? "Resume with its old settings" : "Resume";
      lenses.push(lens(`$(debug-continue) ${title}`, "latentLab.resume", last.path));
    }
    const loss = last.lastEpoch === null ? last.state : `loss ${lossInWords(last.lastEpoch.test.loss)}`;
    lenses.push(lens(`Last run: ${loss}`, "latentLab.openDashboard", last.path));
    return lenses;
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** The newest run of this experiment file. */
  async #lastRun(file: string): Promise<KnownRun | null> {
    const isOfFile = ({ record: { experimentFile } }: KnownRun) =>
      experimentFile !== null && (experimentFile === file || this.#leadsTo(experimentFile, file));
    return (await this.#store.list()).filter(isKnown).find(isOfFile) ?? null;
  }

  /** Whether a file as a process names it is this one as the workspace spells it. Asking the disk takes its time. */
  #leadsTo(named: string, file: string): boolean {
    if (basename(named) !== basename(file)) return false;
    const spelling = this.#spellings.get(named) ?? asOpened(named, workspaceFolders());
    this.#spellings.set(named, spelling);
    return spelling === file;
  }
}
