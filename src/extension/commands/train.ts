/** Train…, Train This Experiment, Resume, Train Longer, Stop: from what the user picks to a training process. */
import { existsSync } from "node:fs";
import { basename, relative } from "node:path";
import * as vscode from "vscode";
import { type Experiment, maximumEpochs } from "../../contract/experiment.ts";
import { Failure } from "../../contract/failure.ts";
import { presets } from "../../contract/presets.ts";
import { findExperimentFiles } from "../experiments/experiment-files.ts";
import { checkExperimentText, parseExperimentText } from "../experiments/experiment-text.ts";
import { nameOnFolder } from "../experiments/name-on-folder.ts";
import { isExtendable, isKnown, isResumable, type KnownRun, labelOf, runLabel } from "../runs/listed-run.ts";
import type { Services } from "../services.ts";
import { progressInWords } from "../status-bar.ts";
import { countInWords } from "../words.ts";
import { back, pickOrGoBack, pickRun, pickWorkspaceFolder, requireTrust } from "./pick.ts";

/** What the quick picks begin with: the exercise that shows the most. */
const firstPreset = "mnist-vae";

interface Choice extends vscode.QuickPickItem {
  readonly args?: readonly string[];
  /** Of an experiment file. */
  readonly file?: vscode.Uri;
  readonly asksFolder?: "pictures" | "idx";
}

export async function train(services: Services): Promise<void> {
  requireTrust("train a model");
  const folder = await pickWorkspaceFolder();
  const args = await askWhatToTrain(folder);
  if (args !== undefined) await start(services, folder, args);
}

/** Arguments for the process; undefined where the user thought better of it. */
async function askWhatToTrain(folder: string): Promise<readonly string[] | undefined> {
  for (;;) {
    const model = await pickModel(folder);
    if (model === undefined) return undefined;
    const data = await pickData(model);
    if (data !== back) return data && [...(model.args ?? []), ...data];
  }
}

export async function trainThis(services: Services, uri: vscode.Uri | undefined): Promise<void> {
  requireTrust("train a model");
  const target = uri ?? vscode.window.activeTextEditor?.document.uri;
  if (target === undefined)
    throw new Failure(
      "usage",
      "no experiment file is open",
      "Open one, or run: Latent Lab: New Experiment File.",
    );
  const document = await vscode.workspace.openTextDocument(target);
  const checked = checkExperimentText(document);
  if (checked instanceof Failure) throw checked;
  // The process reads the file from the disk.
  if (document.isDirty && !(await document.save())) return;
  const folder = vscode.workspace.getWorkspaceFolder(target)?.uri.fsPath ?? (await pickWorkspaceFolder());
  await start(services, folder, [target.fsPath, ...dataFolderFor(checked)]);
}

export async function resume(services: Services, given: string | undefined): Promise<void> {
  requireTrust("resume a run");
  const run = given ?? (await pickRun(services.store, "Resume which run?", isResumable));
  if (run === undefined) return;
  await goOn(services, await knownRun(services, run));
}

/** More epochs for a run that has trained all it planned. */
export async function trainLonger(services: Services, given: string | undefined): Promise<void> {
  requireTrust("train a model");
  const run = given ?? (await pickRun(services.store, "Train which run longer?", isExtendable));
  if (run === undefined) return;
  const known = await knownRun(services, run);
  const epochs = await askEpochs(known);
  if (epochs === undefined) return;
  await goOn(services, known, "--epochs", epochs);
}

/** How many epochs in all. */
async function askEpochs(run: KnownRun): Promise<string | undefined> {
  const { epochsDone } = run.record;
  const fits = (text: string) =>
    /^\d{1,9}$/.test(text) && Number(text) > epochsDone && Number(text) <= maximumEpochs;
  return vscode.window.showInputBox({
    title: `Train ${runLabel(run)} longer`,
    prompt: `How many epochs in all? ${epochsDone === 1 ? "1 is" : `${countInWords(epochsDone)} are`} trained.`,
    value: String(Math.min(2 * epochsDone, maximumEpochs)),
    validateInput: (text) =>
      fits(text)
        ? null
        : `A whole number from ${countInWords(epochsDone + 1)} to ${countInWords(maximumEpochs)}`,
  });
}

/** Throws a Failure for a run that cannot be read. */
async function knownRun({ store }: Services, path: string): Promise<KnownRun> {
  const run = await store.find(path);
  if (isKnown(run)) return run;
  throw run.problem;
}

async function goOn(services: Services, { path, record }: KnownRun, ...more: string[]): Promise<void> {
  const folder =
    vscode.workspace.getWorkspaceFolder(vscode.Uri.file(path))?.uri.fsPath ?? (await pickWorkspaceFolder());
  // Where its images are no more, the setting says where they have gone.
  const data =
    record.dataFolder !== null && existsSync(record.dataFolder) ? [] : dataFolderFor(record.experiment);
  await start(services, folder, ["--resume", path, ...data, ...more]);
}

export async function stop(services: Services, run: string | undefined): Promise<void> {
  const { all } = services.trainings;
  if (run !== undefined && services.trainings.of(run) === null) {
    const known = await services.store.find(run);
    if (!isKnown(known) || known.state !== "training") return;
    throw new Failure(
      "run-busy",
      `${basename(run)} is trained by a program that this window did not start`,
      "Stop it where it was started: Ctrl-C in its terminal.",
    );
  }
  const [only] = all;
  if (only === undefined) return;
  const chosen = run === undefined && all.length > 1 ? await pickTraining(services) : undefined;
  const training =
    run === undefined ? (chosen ?? (all.length === 1 ? only : undefined)) : services.trainings.of(run);
  training?.stop();
}

async function pickTraining({ trainings, store }: Services) {
  const items = await Promise.all(
    trainings.all.map(async (training) => ({
      label: training.run === null ? "Getting ready" : labelOf(await store.find(training.run)),
      description: progressInWords(training),
      training,
    })),
  );
  return (await vscode.window.showQuickPick(items, { title: "Stop which training?" }))?.training;
}

async function start(services: Services, folder: string, args: readonly string[]): Promise<void> {
  const { trainings, log, dashboards } = services;
  const settings = vscode.workspace.getConfiguration("latentLab");
  const engine = settings.get("engine", "auto");
  const threads = settings.get("threads", 0);
  const options = ["--engine", engine, ...(threads > 0 ? ["--threads", String(threads)] : [])];
  log.info(`latent-lab train ${args.join(" ")}`);
  const training = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: "Latent Lab: starting" },
    () => trainings.start(folder, [...args, ...options]),
  );
  if (training.run !== null) {
    dashboards.open([training.run]);
    return;
  }
  const told = training.onDidTell((event) => {
    if (event.event !== "start") return;
    told.dispose();
    dashboards.open([event.run]);
  });
}

async function pickModel(folder: string): Promise<Choice | undefined> {
  const files = await findExperimentFiles();
  // The one that is being written is meant.
  const open = vscode.window.activeTextEditor?.document.uri.path;
  files.sort((a, b) => Number(b.path === open) - Number(a.path === open));
  const ofPresets = presets.map(
    ({ name, description }): Choice => ({
      label: name,
      detail: description,
      iconPath: new vscode.ThemeIcon("beaker"),
      args: ["--preset", name],
    }),
  );
  ofPresets.sort((a, b) => Number(b.label === firstPreset) - Number(a.label === firstPreset));
  const ofFiles = files.map(
    (file): Choice => ({
      label: relative(folder, file.fsPath) || file.fsPath,
      iconPath: new vscode.ThemeIcon("json"),
      args: [file.fsPath],
      file,
    }),
  );
  return vscode.window.showQuickPick(
    [
      ...(ofFiles.length === 0 ? [] : [heading("Experiment files"), ...ofFiles]),
      heading("Presets"),
      ...ofPresets,
    ],
    {
      title: "Train (1 of 2): which model?",
      placeHolder: "A preset or an experiment file",
      matchOnDetail: true,
    },
  );
}

/** Arguments that say what to train on; undefined where the user thought better of it. */
async function pickData(model: Choice): Promise<readonly string[] | typeof back | undefined> {
  const { file } = model;
  const choices: Choice[] = [
    file === undefined
      ? {
          label: "MNIST",
          description: "60,000 + 10,000 handwritten digits",
          detail: "Downloaded once where it is not here yet; without a network, digits are drawn instead",
          args: mnistFolder(),
        }
      : await dataOf(file),
    {
      label: "Drawn digits, a quick try",
      description: "2,000 + 400 images",
      detail: "Drawn by Latent Lab, no download: a first look within seconds",
      args: drawn(2000, 400),
    },
    {
      label: "Drawn digits",
      description: "60,000 + 10,000 images",
      detail: "Drawn by Latent Lab, no download",
      args: drawn(60_000, 10_000),
    },
    {
      label: "A folder of pictures…",
      description: "PNG, JPEG, WebP",
      detail: "Turned grey and resized to 28×28; subfolders are labels",
      asksFolder: "pictures",
    },
    { label: "A folder of IDX files…", description: "four files named as MNIST's", asksFolder: "idx" },
  ];
  const choice = await pickOrGoBack(choices, {
    title: "Train (2 of 2): on which images?",
    placeHolder: "What to learn from",
  });
  if (choice === back) return back;
  if (choice?.asksFolder === undefined) return choice?.args;
  const [picked] =
    (await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      title: choice.asksFolder === "pictures" ? "A folder of pictures" : "A folder of IDX files",
      openLabel: "Train on It",
    })) ?? [];
  if (picked === undefined) return undefined;
  const kind = choice.asksFolder === "pictures" ? "folder" : "idx";
  const name = await nameOf(model);
  const settings = [
    ...(name === null ? [] : [`name=${nameOnFolder(name, picked.fsPath)}`]),
    `dataset.kind=${kind}`,
    `dataset.path=${picked.fsPath}`,
  ];
  return settings.flatMap((setting) => ["--set", setting]);
}

/** Null of an experiment file that is not valid. */
async function nameOf({ label, file }: Choice): Promise<string | null> {
  if (file === undefined) return label;
  return parseExperimentText(await vscode.workspace.openTextDocument(file))?.name ?? null;
}

/** What an experiment file says itself. One that is not valid is refused when it is trained. */
async function dataOf(file: vscode.Uri): Promise<Choice> {
  const experiment = parseExperimentText(await vscode.workspace.openTextDocument(file));
  const choice = { label: "As the experiment says" };
  if (experiment === null) return { ...choice, args: [] };
  return { ...choice, description: experiment.dataset.kind, args: dataFolderFor(experiment) };
}

function dataFolderFor({ dataset }: Experiment): string[] {
  return dataset.kind === "mnist" ? mnistFolder() : [];
}

/** Where MNIST is looked for first. */
function mnistFolder(): string[] {
  const folder = vscode.workspace.getConfiguration("latentLab").get("dataFolder", "");
  return folder === "" ? [] : ["--data", folder];
}

function drawn(train: number, test: number): string[] {
  return ["dataset.kind=drawn-digits", `dataset.train=${train}`, `dataset.test=${test}`].flatMap(
    (setting) => ["--set", setting],
  );
}

function heading(label: string): Choice {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}
