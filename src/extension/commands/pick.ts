/** What several commands ask the user, and what they require. */
import * as vscode from "vscode";
import { commandRemedy, RemediableFailure } from "../report.ts";
import { isKnown, type KnownRun, runLabel } from "../runs/listed-run.ts";
import type { RunStore } from "../runs/run-store.ts";
import { countInWords, lossInWords, stateInWords } from "../words.ts";

/** Throws a Failure (usage) in Restricted Mode. */
export function requireTrust(what: string): void {
  if (vscode.workspace.isTrusted) return;
  throw new RemediableFailure(
    "usage",
    `in Restricted Mode Latent Lab does not ${what}`,
    "Trust this workspace first.",
    commandRemedy("Manage Workspace Trust", "workbench.trust.manage"),
  );
}

/** The folder whose `.latent-lab` takes the run. Throws a Failure (usage) where none is open, CancellationError. */
export async function pickWorkspaceFolder(): Promise<string> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const [first] = folders;
  if (first === undefined)
    throw new RemediableFailure(
      "usage",
      "no folder is open: runs are kept in the workspace, under .latent-lab",
      "Open a folder first.",
      commandRemedy("Open Folder…", "vscode.openFolder"),
    );
  if (folders.length === 1) return first.uri.fsPath;
  const picked = await vscode.window.showWorkspaceFolderPick({ placeHolder: "Which folder keeps the run?" });
  if (picked === undefined) throw new vscode.CancellationError();
  return picked.uri.fsPath;
}

/**
 * The path of one of the runs that `fits`, without a question where there is only one; undefined where the user thought
 * better of it. Throws a Failure (usage).
 */
export async function pickRun(
  store: RunStore,
  title: string,
  fits: (run: KnownRun) => boolean,
): Promise<string | undefined> {
  const runs = await fittingRuns(store, fits);
  const [only, ...others] = runs;
  if (others.length === 0) return only?.path;
  return (await vscode.window.showQuickPick(runs.map(itemOf), { title, matchOnDescription: true }))?.path;
}

/** Paths of several runs. */
export async function pickRuns(
  store: RunStore,
  title: string,
  fits: (run: KnownRun) => boolean,
): Promise<readonly string[]> {
  const runs = await fittingRuns(store, fits);
  const picked = await vscode.window.showQuickPick(runs.map(itemOf), { title, canPickMany: true });
  return (picked ?? []).map(({ path }) => path);
}

/** What a question of several answers with where the user wants the one before it. */
export const back = Symbol("back");

/** A later one of several questions. Undefined where the user thought better of it all. */
export async function pickOrGoBack<Item extends vscode.QuickPickItem>(
  items: readonly Item[],
  { title, placeHolder }: { readonly title: string; readonly placeHolder: string },
): Promise<Item | typeof back | undefined> {
  const picker = vscode.window.createQuickPick<Item>();
  picker.items = items;
  picker.title = title;
  picker.placeholder = placeHolder;
  picker.buttons = [vscode.QuickInputButtons.Back];
  try {
    return await new Promise((resolve) => {
      // Enter, where nothing fits what was typed, takes nothing.
      picker.onDidAccept(() => picker.selectedItems.length > 0 && resolve(picker.selectedItems[0]));
      picker.onDidTriggerButton(() => resolve(back));
      picker.onDidHide(() => resolve(undefined));
      picker.show();
    });
  } finally {
    picker.dispose();
  }
}

async function fittingRuns(store: RunStore, fits: (run: KnownRun) => boolean): Promise<KnownRun[]> {
  const runs = (await store.list()).filter(isKnown).filter(fits);
  if (runs.length > 0) return runs;
  throw new RemediableFailure(
    "usage",
    "this workspace has no run for that yet",
    "Train a model first.",
    commandRemedy("Train…", "latentLab.train"),
  );
}

function itemOf(run: KnownRun): vscode.QuickPickItem & { readonly path: string } {
  const { record, state, lastEpoch, path } = run;
  const loss = lastEpoch === null ? "" : `, loss ${lossInWords(lastEpoch.test.loss)}`;
  return {
    label: runLabel(run),
    description: `${stateInWords(state)}, epoch ${countInWords(record.epochsDone)} of ${countInWords(record.experiment.training.epochs)}${loss}`,
    detail: record.dataset.source,
    path,
  };
}
