/** What can be done with a run: look at it, compare, sample, copy, open its folder. */
import { randomInt } from "node:crypto";
import { basename, dirname } from "node:path";
import * as vscode from "vscode";
import { Failure } from "../../contract/failure.ts";
import type { DashboardAction } from "../../contract/view.ts";
import { pytorchScript } from "../export/pytorch-script.ts";
import { keepNewest } from "../keep-newest.ts";
import { isKnown, labelOf } from "../runs/listed-run.ts";
import type { Services } from "../services.ts";
import { askTool } from "../training/tool.ts";
import { pickRun, pickRuns, requireTrust } from "./pick.ts";

/** As many as a panel has colours for. */
const maximumCompared = 6;
const samples = 16;
/** Pictures of samples that are kept: those in the newest tabs. Who wants one for longer saves it elsewhere. */
const maximumSamplePictures = 30;

export async function openDashboard(services: Services, run: string | undefined): Promise<void> {
  const chosen = run ?? liveRun(services) ?? (await pickRun(services.store, "Show which run?", () => true));
  if (chosen !== undefined) services.dashboards.open([chosen]);
}

export async function showReconstructions(services: Services, run: string | undefined): Promise<void> {
  const chosen =
    run ??
    liveRun(services) ??
    (await pickRun(services.store, "Reconstructions of which run?", ({ record }) => record.step > 0));
  if (chosen !== undefined) services.dashboards.openAtPictures(chosen);
}

/** What is being trained now is what people mean. */
function liveRun({ trainings }: Services): string | undefined {
  return trainings.all.findLast(({ run }) => run !== null)?.run ?? undefined;
}

/** `given`: folders of runs. One is compared with those that the user picks, several with each other. */
export async function compareRuns(services: Services, given: readonly string[]): Promise<void> {
  const runs =
    given.length > 1 ? await requireKnown(services, given) : await pickCompared(services, given[0]);
  if (runs.length === 0) return;
  if (runs.length === 1)
    throw new Failure("usage", "one run alone has no other to compare with", "Pick two or more.");
  if (runs.length > maximumCompared)
    throw new Failure(
      "usage",
      `${runs.length} runs are too many to compare`,
      `Pick at most ${maximumCompared}.`,
    );
  services.dashboards.open(runs);
}

/** Throws a Failure for a run that cannot be read. */
async function requireKnown({ store }: Services, paths: readonly string[]): Promise<readonly string[]> {
  for (const path of paths) {
    const run = await store.find(path);
    if (!isKnown(run)) throw run.problem;
  }
  return paths;
}

/** None where the user thought better of it. */
async function pickCompared({ store }: Services, first: string | undefined): Promise<readonly string[]> {
  const name = first === undefined ? null : labelOf(await store.find(first));
  const picked = await pickRuns(
    store,
    name === null
      ? `Compare which runs? (2 to ${maximumCompared})`
      : `Compare ${name} with which runs? (at most ${maximumCompared - 1})`,
    ({ path }) => path !== first,
  );
  return first === undefined || picked.length === 0 ? picked : [first, ...picked];
}

/** New images from latents drawn anew each time. */
export async function generateSamples(services: Services, run: string | undefined): Promise<void> {
  requireTrust("generate images");
  const chosen =
    run ?? (await pickRun(services.store, "Generate with which run?", ({ record }) => record.step > 0));
  if (chosen === undefined) return;
  const seed = randomInt(2 ** 32);
  const picture = vscode.Uri.joinPath(services.pictures, `samples of ${basename(chosen)} (seed ${seed}).png`);
  await vscode.workspace.fs.createDirectory(services.pictures);
  await keepNewest(services.pictures.fsPath, maximumSamplePictures - 1);
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: "Generating images", cancellable: true },
    (_, token) =>
      askTool(services.program, {
        args: ["sample", chosen, "--count", String(samples), "--seed", String(seed), "-o", picture.fsPath],
        folder: dirname(chosen),
        token,
      }),
  );
  await vscode.commands.executeCommand("vscode.open", picture, {
    viewColumn: columnOfSamples(services) ?? vscode.ViewColumn.Beside,
    preview: true,
  });
}

/** Where samples are looked at already. */
function columnOfSamples({ pictures }: Services): vscode.ViewColumn | undefined {
  return vscode.window.tabGroups.all.find(({ tabs }) =>
    tabs.some(({ input }) => {
      const uri = input instanceof vscode.TabInputCustom ? input.uri : undefined;
      return uri !== undefined && dirname(uri.fsPath) === pictures.fsPath;
    }),
  )?.viewColumn;
}

export async function openRunFolder(services: Services, run: string | undefined): Promise<void> {
  const chosen = run ?? (await pickRun(services.store, "Open the folder of which run?", () => true));
  if (chosen === undefined) return;
  const uri = vscode.Uri.file(chosen);
  const isInWorkspace = vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  await vscode.commands.executeCommand(isInWorkspace ? "revealInExplorer" : "revealFileInOS", uri);
}

export async function copyJson({ store }: Services, run: string): Promise<void> {
  const known = await store.find(run);
  if (!isKnown(known)) throw known.problem;
  await vscode.env.clipboard.writeText(`${JSON.stringify(known.record.experiment, null, 2)}\n`);
  vscode.window.setStatusBarMessage("Copied the experiment as JSON", 3000);
}

export async function copyPyTorch({ store }: Services, run: string): Promise<void> {
  const known = await store.find(run);
  if (!isKnown(known)) throw known.problem;
  await vscode.env.clipboard.writeText(pytorchScript(known.record.experiment));
  vscode.window.setStatusBarMessage("Copied the experiment as a PyTorch script", 3000);
}

/** The command behind a dashboard's button. */
export const commandOfAction: Readonly<Record<DashboardAction, string>> = {
  stop: "latentLab.stop",
  resume: "latentLab.resume",
  "train-longer": "latentLab.trainLonger",
  "copy-json": "latentLab.copyJson",
  "copy-pytorch": "latentLab.copyPyTorch",
  "open-folder": "latentLab.openRunFolder",
  "show-log": "latentLab.showLog",
  compare: "latentLab.compareRuns",
  sample: "latentLab.generateSamples",
  delete: "latentLab.deleteRun",
};
