/** Deleting runs: after a question, into the trash where there is one, and none that is training. */
import * as vscode from "vscode";
import { Failure, lineOf } from "../../contract/failure.ts";
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
  const failures: Failure[] = [];
  try {
    const refused = await remove(services, runs, hasTrash, failures);
    if (refused.length > 0 && (await confirmed(...forGood(refused))))
      await remove(services, refused, false, failures);
  } finally {
    services.store.refresh();
  }
  const [first, ...others] = failures;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  throw new Failure(first.code, `${failures.length} runs are still there: ${first.message}`, first.hint);
}

async function pickOne({ store }: Services): Promise<readonly string[]> {
  const picked = await pickRun(store, "Delete which run?", (run) => !isBusy(run));
  return picked === undefined ? [] : [picked];
}

/** What can be deleted of `paths`: not a folder of runs. Throws a Failure: run-busy. */
async function idleRuns({ store }: Services, paths: readonly string[]): Promise<readonly ListedRun[]> {
  const runs = await Promise.all(paths.map((path) => store.find(path)));
  for (const run of runs) requireIdle(run);
  return runs.filter((run) => isKnown(run) || !run.isOfSeveral);
}

/** Throws a Failure: run-busy. */
function requireIdle(run: ListedRun): void {
  if (!isBusy(run)) return;
  throw new RemediableFailure(
    "run-busy",
    `${labelOf(run)} is still training`,
    "Stop it first.",
    commandRemedy("Stop", "latentLab.stop", run.path),
  );
}

function isBusy(run: ListedRun): boolean {
  return isKnown(run) && (run.state === "training" || run.state === "stopping");
}

/** Gives those that the trash would not take; of others that are still there, `failures` is told why. */
async function remove(
  { store, dashboards }: Services,
  runs: readonly ListedRun[],
  useTrash: boolean,
  failures: Failure[],
): Promise<readonly ListedRun[]> {
  const refused: ListedRun[] = [];
  for (const run of runs)
    try {
      // It may have been resumed since the question.
      requireIdle(await store.find(run.path));
      await vscode.workspace.fs.delete(vscode.Uri.file(run.path), { recursive: true, useTrash });
      dashboards.close(run.path);
    } catch (error) {
      if (error instanceof Failure) failures.push(error);
      else if (useTrash) refused.push(run);
      else failures.push(undeletable(run, error));
    }
  return refused;
}

function undeletable(run: ListedRun, cause: unknown): Failure {
  const message = `${labelOf(run)} cannot be deleted (${lineOf(cause)})`;
  return new Failure("storage-failed", message, "See whether its folder may be written.", { cause });
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
