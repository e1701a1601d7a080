/** Deleting runs: after a question, into the trash where there is one, and none that is training. */
import * as vscode from "vscode";
import { commandRemedy, RemediableFailure } from "../report.ts";
import { isKnown, type ListedRun, labelOf } from "../runs/listed-run.ts";
import type { Services } from "../services.ts";
import { pickRun } from "./pick.ts";

/** Names that fit into a question. */
const maximumNamed = 8;

/** `given`: folders of runs; none: whichever the user picks. */
export async function deleteRuns(services: Services, given: readonly string[]): Promise<void> {
  const chosen = given.length > 0 ? given : await pickOne(services);
  const runs = await idleRuns(services, chosen);
  if (runs.length === 0) return;
  // Remote machines have no trash.
  const hasTrash = vscode.env.remoteName === undefined;
  const where = hasTrash ? "go to the trash" : "are deleted for good: this machine has no trash";
  const whose = runs.length === 1 ? "Its model" : "Their models";
  const detail = `${listOf(runs)}${whose}, pictures and measurements ${where}.`;
  if (!(await confirmed(`Delete ${inWords(runs)}?`, detail))) return;
  // They may have been resumed meanwhile.
  await idleRuns(services, chosen);
  try {
    const kept = await remove(services, runs, hasTrash);
    if (kept.length > 0 && (await confirmed(...forGood(kept)))) await remove(services, kept, false);
  } finally {
    services.store.refresh();
  }
}

async function pickOne({ store }: Services): Promise<readonly string[]> {
  const picked = await pickRun(store, "Delete which run?", (run) => !isBusy(run));
  return picked === undefined ? [] : [picked];
}

/** What can be deleted of `paths`: not a folder of runs. Throws a Failure: run-busy. */
async function idleRuns({ store }: Services, paths: readonly string[]): Promise<readonly ListedRun[]> {
  const runs = await Promise.all(paths.map((path) => store.find(path)));
  const busy = runs.find(isBusy);
  if (busy !== undefined)
    throw new RemediableFailure(
      "run-busy",
      `${labelOf(busy)} is still training`,
      "Stop it first.",
      commandRemedy("Stop", "latentLab.stop", busy.path),
    );
  return runs.filter((run) => isKnown(run) || !run.isOfSeveral);
}

function isBusy(run: ListedRun): boolean {
  return isKnown(run) && (run.state === "training" || run.state === "stopping");
}

/** Gives those that are still there, for the trash would not take them. */
async function remove(
  { dashboards }: Services,
  runs: readonly ListedRun[],
  useTrash: boolean,
): Promise<readonly ListedRun[]> {
  const kept: ListedRun[] = [];
  for (const run of runs)
    try {
      await vscode.workspace.fs.delete(vscode.Uri.file(run.path), { recursive: true, useTrash });
      dashboards.close(run.path);
    } catch (error) {
      if (!useTrash) throw error;
      kept.push(run);
    }
  return kept;
}

async function confirmed(question: string, detail: string): Promise<boolean> {
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, "Delete");
  return answer === "Delete";
}

function forGood(runs: readonly ListedRun[]): [question: string, detail: string] {
  const them = runs.length === 1 ? "it" : "them";
  return [
    `The trash does not take ${inWords(runs)}. Delete ${them} for good?`,
    `${listOf(runs)}This cannot be undone.`,
  ];
}

function inWords(runs: readonly ListedRun[]): string {
  const [only, ...others] = runs;
  return only !== undefined && others.length === 0 ? `the run ${labelOf(only)}` : `${runs.length} runs`;
}

/** Which they are, where the question does not say. */
function listOf(runs: readonly ListedRun[]): string {
  if (runs.length === 1) return "";
  const more = runs.length - maximumNamed;
  const names = runs.slice(0, more === 1 ? runs.length : maximumNamed).map(labelOf);
  return [...names, ...(more > 1 ? [`and ${more} more`] : []), "", ""].join("\n");
}
