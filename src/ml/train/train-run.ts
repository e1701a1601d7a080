/**
 * The training loop of one run: steps, evaluations, checkpoints, and what is told about them. It is the only writer
 * of the run folder; the arithmetic is the engine's.
 *
 * What survives a kill at any moment rests on one order: the lines of an epoch are on the disk before the checkpoint
 * that covers them. So going on from a checkpoint means cutting the lines after it and training the same steps
 * again, which give the same numbers. A model file counts only when run.json names its hash, which is written last.
 */
import {
  type DoneEvent,
  type EpochEvent,
  protocolVersion,
  type StartEvent,
  type TrainingEvent,
} from "../../contract/events.ts";
import type { Experiment } from "../../contract/experiment.ts";
import type { Evaluation } from "../../contract/losses.ts";
import { type MetricsLine, type RunRecord, runFiles } from "../../contract/run.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine, Session, StepLosses } from "../engine/engine.ts";
import { buildNetwork, type Network, parameterCount } from "../model/network.ts";
import {
  type Checkpoint,
  type LatentSpread,
  nonFinitePlace,
  readCheckpoint,
  writeCheckpoint,
  writeModel,
} from "./checkpoint.ts";
import { compressionOf } from "./compression.ts";
import { LineLog } from "./durable-file.ts";
import { goingOn } from "./longer-run.ts";
import { cutMetrics } from "./metrics-file.ts";
import { measureSpread } from "./pictures.ts";
import { afterEpoch, afterSteps, endReason, meanLosses, type Progress, startOfRun } from "./progress.ts";
import type { RunWriter } from "./run-folder.ts";
import { keepsPreview, removePictures, writePictures, writePreview } from "./run-pictures.ts";
import { StepPace } from "./step-pace.ts";
import { StepReport } from "./step-report.ts";
import {
  asFolderGone,
  divergence,
  recordFailure,
  requireCheckpoint,
  requireConsistent,
  requireSameData,
  stopped,
  withResumption,
} from "./training-failures.ts";

export interface TrainOptions {
  /** Closed when training is over, however it ends. */
  readonly run: RunWriter;
  /** The one the run was made with. */
  readonly dataset: Dataset;
  readonly engine: Engine;
  /** One line: why this engine; null where the user named it. */
  readonly engineReason?: string | null;
  /** In all, where the run shall have more than it planned, or fewer; see longer-run.ts. */
  readonly epochs?: number | undefined;
  /** Worker threads; 0 leaves the choice to the engine. */
  readonly threads: number;
  /** Hears of what the engine does once and takes its time for. */
  readonly tell?: (remark: string) => void;
  /** Aborting stops after the current call of the engine, with a checkpoint. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: TrainingEvent) => void;
  /** Between checkpoints within an epoch that takes longer; 30 where left out. */
  readonly checkpointSeconds?: number;
}

const defaultCheckpointSeconds = 30;
/** Epochs that follow each other faster share a checkpoint. */
const leastSecondsBetweenCheckpoints = 1;

/**
 * Trains `run` to its end, from its checkpoint where it has one, else from its seed. Gives the last event, which
 * `onEvent` gets as well. Throws a Failure, also written to run.json: interrupted (after a checkpoint; the hint says
 * how to go on), diverged, dataset-invalid, run-invalid, storage-*, engine-*, out-of-memory. A new run that the engine
 * cannot even open is taken back.
 */
export async function trainRun(options: TrainOptions): Promise<DoneEvent> {
  const { run } = options;
  try {
    return await openAndTrain(options);
  } catch (thrown) {
    const error = await asFolderGone(withResumption(thrown, run), run);
    if (!(await run.takeBack())) await recordFailure(run, error);
    throw error;
  } finally {
    await run.close();
  }
}

async function openAndTrain(options: TrainOptions): Promise<DoneEvent> {
  const { run, dataset, engine, threads, epochs, tell = () => {} } = options;
  requireSameData(run, dataset);
  const network = buildNetwork(run.record.experiment);
  const checkpoint = await readCheckpoint(run.file(runFiles.checkpoint), run.record.id, network);
  const stepsPerEpoch = Math.ceil(dataset.train.count / network.batch);
  if (checkpoint === null) requireCheckpoint(run);
  else requireConsistent(run, checkpoint.progress, stepsPerEpoch);
  const experiment =
    epochs === undefined ? run.record.experiment : goingOn(run, epochs, checkpoint?.progress ?? startOfRun);
  await cutMetrics(run.file(runFiles.metrics), checkpoint?.progress ?? startOfRun);
  const { arrangement } = run.record;
  const steps = experiment.training.epochs * stepsPerEpoch - (checkpoint?.state.step ?? 0);
  const session = await engine.open(network, dataset, { threads, tell, arrangement, steps });
  try {
    if (checkpoint !== null) await session.restore(checkpoint.state);
    const log = await LineLog.open(run.file(runFiles.metrics));
    try {
      return await new Training(options, network, session, log, stepsPerEpoch, checkpoint).run(experiment);
    } finally {
      await log.close();
    }
  } finally {
    await session.close();
  }
}

class Training {
  readonly #options: TrainOptions;
  readonly #network: Network;
  readonly #session: Session;
  readonly #log: LineLog;
  readonly #stepsPerEpoch: number;
  readonly #pace = new StepPace();
  readonly #report: StepReport;
  #progress: Progress;
  #isPrepared = false;
  /** Of the last checkpoint; null before the first. */
  #savedStep: number | null;
  #savedAt = performance.now();
  #latestTest: Evaluation | null = null;
  #measuredSpread: { readonly step: number; readonly spread: LatentSpread | null } | null = null;

  constructor(
    options: TrainOptions,
    network: Network,
    session: Session,
    log: LineLog,
    stepsPerEpoch: number,
    checkpoint: Checkpoint | null,
  ) {
    this.#options = options;
    this.#network = network;
    this.#session = session;
    this.#log = log;
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#progress = checkpoint?.progress ?? startOfRun;
    this.#savedStep = checkpoint?.progress.step ?? null;
    this.#report = new StepReport(log, network.loss.beta, options.onEvent);
  }

  async run(experiment: Experiment): Promise<DoneEvent> {
    const { run, engine, signal } = this.#options;
    await run.update({
      experiment,
      engine: engine.name,
      device: this.#session.device.description,
      arrangement: this.#session.arrangement,
      status: "training",
      reason: null,
      failure: null,
      modelSha256: null,
    });
    this.#emit(this.#startEvent());
    if (endReason(this.#progress, experiment) === null) await removePictures(run);
    for (;;) {
      const reason = endReason(this.#progress, experiment);
      if (reason !== null) return this.#finish(reason);
      if (signal.aborted) await this.#stop();
      await this.#takeSteps();
      if (this.#stepInEpoch === this.#stepsPerEpoch) await this.#endEpoch();
      else if (this.#secondsUnsaved > this.#checkpointSeconds) await this.#checkpoint();
    }
  }

  get #stepInEpoch(): number {
    return this.#progress.step - this.#progress.epochsDone * this.#stepsPerEpoch;
  }

  get #checkpointSeconds(): number {
    return this.#options.checkpointSeconds ?? defaultCheckpointSeconds;
  }

  get #secondsUnsaved(): number {
    return (performance.now() - this.#savedAt) / 1000;
  }

  async #takeSteps(): Promise<void> {
    const steps = this.#pace.next(this.#stepsPerEpoch - this.#stepInEpoch);
    const began = performance.now();
    const losses = await this.#session.train(steps);
    const seconds = (performance.now() - began) / 1000;
    this.#refuseDivergence(losses);
    this.#pace.measured(steps, seconds);
    this.#progress = afterSteps(this.#progress, losses, seconds);
    await this.#report.steps(this.#progress, losses, seconds, this.#secondsLeft);
    if (!this.#isPrepared) this.#session.prepare?.();
    this.#isPrepared = true;
  }

  get #secondsLeft(): number {
    const { epochs } = this.#options.run.record.experiment.training;
    return (epochs * this.#stepsPerEpoch - this.#progress.step) * this.#pace.secondsPerStep;
  }

  async #endEpoch(): Promise<void> {
    const { run, signal } = this.#options;
    const { epochSums, step } = this.#progress;
    const test = await this.#session.evaluate("test");
    const train = meanLosses(epochSums, this.#network.loss.beta);
    if (!Number.isFinite(test.loss)) this.#diverged(`the test loss became ${test.loss} after step ${step}`);
    this.#latestTest = test;
    const ended = afterEpoch(this.#progress, test.loss, run.record.experiment);
    const over = endReason(ended, run.record.experiment) !== null;
    if (over || signal.aborted) await this.#report.rest(this.#progress, over ? 0 : this.#secondsLeft);
    this.#report.epochEnds();
    this.#progress = ended;
    const { epochsDone } = this.#progress;
    const event: EpochEvent = {
      event: "epoch",
      epoch: epochsDone,
      step,
      train,
      test,
      seconds: epochSums.seconds,
      imagesPerSecond: epochSums.images / Math.max(epochSums.seconds, 1e-9),
    };
    await this.#log.append(JSON.stringify(event satisfies MetricsLine));
    const first = this.#savedStep === null;
    // What ends the run writes a checkpoint and a preview of its own.
    if (!over && (first || this.#secondsUnsaved > leastSecondsBetweenCheckpoints)) await this.#checkpoint();
    this.#emit(event);
    // Nor is its preview written before that: a disk with no room for a picture must not cost an epoch.
    const goesOn = !over && !signal.aborted;
    if (goesOn && keepsPreview(epochsDone, run.record.experiment.training.epochs))
      await writePreview(this.#pictureSource, epochsDone, await this.#spread());
  }

  /** Measured once for the step that training is at. */
  async #spread(): Promise<LatentSpread | null> {
    const { step } = this.#progress;
    if (this.#measuredSpread?.step !== step) {
      const spread = await measureSpread(this.#session, this.#network, this.#options.dataset);
      this.#measuredSpread = { step, spread };
    }
    return this.#measuredSpread.spread;
  }

  async #checkpoint(): Promise<Checkpoint> {
    const { run } = this.#options;
    const state = await this.#session.state();
    const progress = this.#progress;
    const wrong = nonFinitePlace(state);
    if (wrong !== null) this.#diverged(`${wrong} holds NaN or infinity after step ${progress.step}`);
    const checkpoint = { progress, state, spread: await this.#spread() };
    await this.#log.sync();
    await writeCheckpoint(run.file(runFiles.checkpoint), run.record.id, this.#network, checkpoint);
    await run.update({ epochsDone: progress.epochsDone, step: progress.step });
    this.#savedStep = progress.step;
    this.#savedAt = performance.now();
    return checkpoint;
  }

  /** Writes what is needed to go on, and the model as it is. */
  async #save(outcome: Pick<RunRecord, "status" | "reason">): Promise<Checkpoint> {
    const { run } = this.#options;
    const checkpoint = await this.#checkpoint();
    const modelSha256 = await writeModel(run.file(runFiles.model), this.#network, checkpoint);
    await run.update({ ...outcome, modelSha256 });
    return checkpoint;
  }

  async #stop(): Promise<never> {
    await this.#report.rest(this.#progress, this.#secondsLeft);
    const { spread } = await this.#save({ status: "stopped", reason: null });
    const { epochsDone } = this.#progress;
    // In the middle of an epoch, the last finished one has its pictures already. All else is safe by now, and the run as
    // well stopped without them.
    if (epochsDone > 0 && this.#stepInEpoch === 0)
      await writePreview(this.#pictureSource, epochsDone, spread).catch(() => {});
    throw stopped(this.#options.run, this.#progress);
  }

  async #finish(reason: "finished" | "early-stopping"): Promise<DoneEvent> {
    const { run } = this.#options;
    const { spread } = await this.#save({ status: "finished", reason });
    const done: DoneEvent = {
      event: "done",
      run: run.path,
      epochs: this.#progress.epochsDone,
      seconds: this.#progress.seconds,
      reason,
      test: this.#latestTest ?? (await this.#session.evaluate("test")),
      compression: compressionOf(this.#network),
    };
    // The results are safe by now: a run whose pictures fail is finished all the same.
    await writePreview(this.#pictureSource, done.epochs, spread);
    await writePictures(this.#pictureSource, spread, this.#startEvent(), done);
    this.#emit(done);
    return done;
  }

  #refuseDivergence({ reconstruction, kl, imagesPerStep }: StepLosses): void {
    for (let index = 0; index < imagesPerStep.length; index++) {
      const sum = (reconstruction[index] ?? Number.NaN) + this.#network.loss.beta * (kl[index] ?? Number.NaN);
      if (!Number.isFinite(sum))
        this.#diverged(`the loss became ${sum} at step ${this.#progress.step + index + 1}`);
    }
  }

  #diverged(what: string): never {
    throw divergence(this.#options.run.path, what, this.#network.optimizer.learningRate, this.#savedStep);
  }

  #startEvent(): StartEvent {
    const { run, engine, engineReason = null } = this.#options;
    const { experiment, dataset } = run.record;
    const { description, threads } = this.#session.device;
    return {
      event: "start",
      protocol: protocolVersion,
      run: run.path,
      experiment,
      engine: engine.name,
      engineReason,
      device: description,
      threads,
      parameters: parameterCount(this.#network),
      dataset,
      stepsPerEpoch: this.#stepsPerEpoch,
      epochs: experiment.training.epochs,
      resumedAtStep: this.#progress.step,
    };
  }

  get #pictureSource() {
    const { run, dataset } = this.#options;
    return { run, session: this.#session, network: this.#network, dataset };
  }

  #emit(event: TrainingEvent): void {
    this.#options.onEvent(event);
  }
}
