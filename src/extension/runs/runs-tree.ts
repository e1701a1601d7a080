/** The Runs tree in the activity bar's container: newest first, what each is doing, a menu of what can be done. */
import { basename, dirname } from "node:path";
import * as vscode from "vscode";
import type { RunState } from "../../contract/view.ts";
import { countInWords, lossInWords, stateInWords } from "../words.ts";
import { isExtendable, isKnown, type ListedRun, shortDate, type UnreadableRun } from "./listed-run.ts";
import type { RunStore } from "./run-store.ts";

/** The runs shown; more are a matter for the folder itself. */
const maximumShown = 500;

export class RunItem extends vscode.TreeItem {
  readonly run: ListedRun;

  constructor(run: ListedRun) {
    super(isKnown(run) ? run.record.experiment.name : nameOf(run));
    this.run = run;
    this.id = run.path;
    if (isKnown(run)) this.#showKnown(run);
    else this.#showUnreadable(run);
  }

  #showKnown(run: Extract<ListedRun, { record: unknown }>): void {
    const { record, state, lastEpoch } = run;
    const loss = lastEpoch === null ? [] : [`loss ${lossInWords(lastEpoch.test.loss)}`];
    this.description = [...loss, shortDate(record.createdAt) ?? ""].join(" · ");
    this.iconPath = iconOf(state);
    this.contextValue = isExtendable(run) ? "run.finished.extendable" : `run.${state}`;
    this.tooltip = tooltipOf(run);
    this.command = {
      command: "latentLab.openDashboard",
      title: "Open Dashboard",
      arguments: [this],
    };
    this.accessibilityInformation = {
      label: `${record.experiment.name}, ${stateInWords(state)}, ${this.description}`,
    };
  }

  #showUnreadable({ problem: { message, hint }, isOfSeveral }: UnreadableRun): void {
    this.description = "cannot be read";
    this.iconPath = new vscode.ThemeIcon("warning");
    // What can be done with a run, deleting it above all, is not done with all of them.
    this.contextValue = isOfSeveral ? "runs.unreadable" : "run.unreadable";
    this.tooltip = `${message}\n${hint}`;
    this.accessibilityInformation = { label: `${this.label}, ${this.description}: ${message}` };
  }
}

export class RunsTree implements vscode.TreeDataProvider<RunItem> {
  readonly #store: RunStore;
  readonly onDidChangeTreeData: vscode.Event<void>;

  constructor(store: RunStore) {
    this.#store = store;
    this.onDidChangeTreeData = store.onDidChange;
  }

  async getChildren(): Promise<RunItem[]> {
    return (await this.#store.list()).slice(0, maximumShown).map((run) => new RunItem(run));
  }

  getTreeItem(item: RunItem): RunItem {
    return item;
  }
}

function nameOf({ path, isOfSeveral }: UnreadableRun): string {
  return isOfSeveral ? `Runs of ${basename(dirname(dirname(path)))}` : basename(path);
}

const icons: Readonly<Record<RunState, readonly [icon: string, color: string]>> = {
  training: ["loading~spin", "charts.blue"],
  stopping: ["loading~spin", "charts.yellow"],
  finished: ["pass", "charts.green"],
  stopped: ["debug-pause", "charts.yellow"],
  failed: ["error", "charts.red"],
  killed: ["debug-disconnect", "charts.red"],
};

function iconOf(state: RunState): vscode.ThemeIcon {
  const [icon, color] = icons[state];
  return new vscode.ThemeIcon(icon, new vscode.ThemeColor(color));
}

function tooltipOf({
  record,
  state,
  lastEpoch,
  path,
}: Extract<ListedRun, { record: unknown }>): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  const rows = [
    ["State", stateInWords(state)],
    ["Epochs", `${countInWords(record.epochsDone)} of ${countInWords(record.experiment.training.epochs)}`],
    ...(lastEpoch === null ? [] : [["Test loss", lossInWords(lastEpoch.test.loss)]]),
    ["Data", record.dataset.source],
    ["Engine", `${record.engine}: ${record.device}`],
    ["Folder", path],
  ];
  text.appendMarkdown("| | |\n| --- | --- |\n");
  for (const [name = "", value = ""] of rows) {
    text.appendMarkdown(`| ${name} | `);
    text.appendText(value.replaceAll("|", "∣"));
    text.appendMarkdown(" |\n");
  }
  return text;
}
