/**
 * `latent-lab train`: from the command line to a run, told as text or as JSON lines. What training does is in
 * ../train; this chooses the experiment, the data and the engine, and shows what happens.
 */
import { resolve } from "node:path";
import type { TrainingEvent } from "../../contract/events.ts";
import type { Experiment } from "../../contract/experiment.ts";
import { Failure } from "../../contract/failure.ts";
import { checkAgainstDataset } from "../../contract/parse-experiment.ts";
import type { ControlSocket } from "../control/control-socket.ts";
import type { Dataset } from "../data/dataset.ts";
import { loadDataset } from "../data/load-dataset.ts";
import {
  chooseForTraining,
  rememberSilence,
  rememberTraining,
  requireChoice,
} from "../engine/choose-engine.ts";
import type { ChosenEngine } from "../engine/race.ts";
import { buildNetwork } from "../model/network.ts";
import { withEpochs } from "../train/longer-run.ts";
import { defaultRunsFolder, RunWriter } from "../train/run-folder.ts";
import { trainRun } from "../train/train-run.ts";
import { requireSameData } from "../train/training-failures.ts";
import { type ChosenExperiment, chooseExperiment, type ExperimentChoice } from "./choose-experiment.ts";
import type { Context } from "./context.ts";
import { ControlledReport } from "./controlled-report.ts";
import { findRun } from "./find-run.ts";
import { type Interruption, listenForInterruption } from "./interruption.ts";
import type { EngineChoice } from "./options.ts";
import { errorEvent } from "./report-failure.ts";
import { loadRunData } from "./run-data.ts";
import { JsonTrainingReport, TextTrainingReport, type TrainingReport } from "./training-report.ts";
import { productVersion } from "./version.ts";

export interface TrainArguments extends ExperimentChoice, EngineChoice {
  readonly data?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly json?: boolean;
  readonly control?: string;
}

/** Throws a Failure, interrupted among them. */
export async function train(context: Context, options: TrainArguments): Promise<void> {
  const { terminal, environment } = context;
  const report = options.json
    ? new JsonTrainingReport(terminal.out, terminal.err)
    : new TextTrainingReport(terminal, environment);
  const interruption = listenForInterruption(() => report.stopping());
  // A run that is ending already keeps the time it needs.
  const stop = () => {
    if (!interruption.signal.aborted) interruption.interrupt();
  };
  if (options.control === undefined) {
    // Nobody would learn how it ends: better a checkpoint now.
    terminal.out.whenReaderGone(stop);
    return await trainAsAsked(context, options, report, interruption);
  }
  terminal.out.whenReaderGone(() => {});
  const control = await openControl(options.control, stop);
  try {
    await trainAsAsked(context, options, new ControlledReport(report, control), interruption);
  } catch (error) {
    control.event(errorEvent(error));
    throw error;
  } finally {
    await control.end(interruption.signal);
  }
}

async function openControl(folder: string, onStop: () => void): Promise<ControlSocket> {
  // Few need it, and nobody should wait for it.
  const { ControlSocket } = await import("../control/control-socket.ts");
  return ControlSocket.open({ folder, productVersion: await productVersion(), onStop });
}

async function trainAsAsked(
  context: Context,
  options: TrainArguments,
  report: TrainingReport,
  interruption: Interruption,
): Promise<void> {
  try {
    const started =
      options.resume === undefined
        ? await startRun(context, options, report, interruption)
        : await resumeRun(context, options, options.resume, report, interruption);
    await trainRun({
      ...started,
      threads: options.threads ?? 0,
      tell: (remark) => report.remark(remark),
      signal: interruption.signal,
      onEvent: (event: TrainingEvent) => report.onEvent(event),
    });
    await rememberTraining(started.engine.name);
  } catch (error) {
    await rememberSilence(error);
    throw error;
  } finally {
    report.close();
  }
}

interface Started {
  readonly run: RunWriter;
  readonly dataset: Dataset;
  readonly engine: ChosenEngine["engine"];
  readonly engineReason: string | null;
  /** Of a run that goes on, where it shall have other than it planned. */
  readonly epochs: number | undefined;
}

async function startRun(
  context: Context,
  options: TrainArguments,
  report: TrainingReport,
  interruption: Interruption,
): Promise<Started> {
  const engineOptions = {
    threads: options.threads ?? 0,
    tell: (remark: string) => report.remark(remark),
  };
  requireChoice(options.engine, engineOptions);
  const chosen = await chooseExperiment(options);
  const loading = loadOrDraw(chosen, context, options, report, interruption).then(
    ({ experiment, dataset }) => {
      checkAgainstDataset(experiment, chosen.source, dataset.width, dataset.height);
      return { experiment, dataset, network: buildNetwork(experiment) };
    },
  );
  const { engine, device, reason } = await chooseForTraining(options.engine, engineOptions, loading);
  const { experiment, dataset } = await loading;
  const run = await RunWriter.create({
    experiment,
    experimentFile: chosen.file,
    baseFolder: chosen.baseFolder,
    dataFolder: options.data ?? null,
    dataset,
    engine: engine.name,
    device: device.description,
    productVersion: await productVersion(),
    out: options.out ?? null,
    runsFolder: defaultRunsFolder(process.cwd()),
  });
  return { run, dataset, engine, engineReason: reason, epochs: undefined };
}

async function resumeRun(
  context: Context,
  options: TrainArguments,
  named: string,
  report: TrainingReport,
  interruption: Interruption,
): Promise<Started> {
  refuseWithResume(options);
  const engineOptions = {
    threads: options.threads ?? 0,
    tell: (remark: string) => report.remark(remark),
  };
  requireChoice(options.engine, engineOptions);
  const run = await RunWriter.resume(await findRun(named));
  try {
    const { epochs } = options;
    // What asks for nothing is refused before anything takes time.
    if (epochs !== undefined) withEpochs(run, epochs);
    const source = datasetOptions(context, options, report, interruption);
    const loading = loadRunData(run.record, source).then((dataset) => {
      // Other images than those of the run are told as such, before an engine chokes on their size.
      requireSameData(run, dataset);
      return { dataset, network: buildNetwork(run.record.experiment) };
    });
    const { arrangement } = run.record;
    const chosen = await chooseForTraining(options.engine, { ...engineOptions, arrangement }, loading);
    const { engine, reason } = chosen;
    const { dataset } = await loading;
    if (options.data !== undefined) await run.update({ dataFolder: resolve(options.data) });
    return { run, dataset, engine, engineReason: reason, epochs };
  } catch (error) {
    await run.close();
    throw error;
  }
}

/** A run goes on as it was planned, if need be for longer; what else would change it is refused rather than ignored. */
function refuseWithResume(options: TrainArguments): void {
  const given = {
    "an experiment file": options.file,
    "--preset": options.preset,
    "--set": options.set[0],
    "--batch": options.batch,
    "--seed": options.seed,
    "--out": options.out,
  };
  const refused = Object.entries(given).find(([, value]) => value !== undefined);
  if (refused === undefined) return;
  throw new Failure(
    "usage",
    `${refused[0]} cannot be combined with --resume: a run goes on as it was planned`,
    "Leave it out, or start a new run without --resume.",
  );
}

/** The dataset that the experiment names; where MNIST cannot be had at all, drawn digits, and no secret made of it. */
async function loadOrDraw(
  { experiment, baseFolder }: ChosenExperiment,
  context: Context,
  options: TrainArguments,
  report: TrainingReport,
  interruption: Interruption,
): Promise<{ readonly experiment: Experiment; readonly dataset: Dataset }> {
  const watched = { baseFolder, ...datasetOptions(context, options, report, interruption) };
  try {
    return { experiment, dataset: await loadDataset(experiment.dataset, watched) };
  } catch (error) {
    if (experiment.dataset.kind !== "mnist") throw error;
    if (!(error instanceof Failure) || error.code !== "download-failed") throw error;
    report.drawsInstead(error);
    const drawn = {
      ...experiment,
      dataset: { kind: "drawn-digits", train: 60_000, test: 10_000, seed: 1 } as const,
    };
    const dataset = await loadDataset(drawn.dataset, watched);
    return {
      experiment: drawn,
      dataset: { ...dataset, source: `${dataset.source}, for want of MNIST` },
    };
  }
}

function datasetOptions(
  { environment }: Context,
  { data }: TrainArguments,
  report: TrainingReport,
  { signal }: Interruption,
): Parameters<typeof loadRunData>[1] {
  return {
    environment,
    allowDownload: true,
    signal,
    onProgress: (progress) => report.onDatasetProgress(progress),
    data,
  };
}
