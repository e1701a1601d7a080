/**
 * The ways in which training ends otherwise than planned, in words: what happened, what was kept, what to do.
 */
import { stat } from "node:fs/promises";
import { Failure, type FailureCode, firstLine, hasSystemCode } from "../../contract/failure.ts";
import { runFiles } from "../../contract/run.ts";
import type { Dataset } from "../data/dataset.ts";
import { shellWord } from "../shell-word.ts";
import type { Progress } from "./progress.ts";
import type { RunWriter } from "./run-folder.ts";
import type { Run } from "./run-record.ts";

/** `what` says which number stopped being one, and at which step. */
export function divergence(
  runPath: string,
  what: string,
  learningRate: number,
  savedStep: number | null,
): Failure {
  const lower = Number((learningRate / 10).toPrecision(3));
  const kept = savedStep === null ? "Nothing was saved yet." : `The checkpoint of step ${savedStep} stays.`;
  return new Failure(
    "diverged",
    `${runPath}: ${what}; the learning rate is ${learningRate}`,
    `Train with a lower learning rate: --set optimizer.learningRate=${lower}. ${kept}`,
  );
}

/** Somebody asked for it; everything is saved. */
export function stopped({ path, record }: Run, { step, epochsDone }: Progress): Failure {
  return new Failure(
    "interrupted",
    `stopped after step ${step}, in epoch ${epochsDone + 1} of ${record.experiment.training.epochs}; nothing is lost`,
    `To go on: latent-lab train --resume ${shellWord(path)}`,
  );
}

/** What could not be written because somebody has deleted or moved the run's folder says so. */
export async function asFolderGone(error: unknown, { path }: Run): Promise<unknown> {
  if (!(error instanceof Failure && error.code === "storage-failed")) return error;
  const isThere = await stat(path).then(
    () => true,
    (reason) => !hasSystemCode(reason, "ENOENT"),
  );
  if (isThere) return error;
  const message = `${path}: the run's folder is gone: somebody has deleted or moved it during the training`;
  return new Failure("storage-failed", message, "Train again to have a new one.", { cause: error });
}

const resumable: readonly FailureCode[] = ["engine-failed", "out-of-memory", "storage-full"];

/**
 * An engine that failed, or a full disk, costs what was trained since the last checkpoint: where there is one, how to
 * go on from it.
 */
export function withResumption(error: unknown, { path, record }: Run): unknown {
  if (!(error instanceof Failure && resumable.includes(error.code)) || record.step === 0) return error;
  const resume = `To go on from step ${record.step}: latent-lab train --resume ${shellWord(path)}`;
  return new Failure(error.code, error.message, `${error.hint} ${resume}`, { cause: error });
}

export function requireSameData({ path, record }: Run, dataset: Dataset): void {
  if (dataset.sha256 === record.dataset.sha256) return;
  throw new Failure(
    "dataset-invalid",
    `${path}: was trained on other images (${imagesInWords(record.dataset)}) than those given now (${imagesInWords({ ...dataset, train: dataset.train.count, test: dataset.test.count })})`,
    "Go on with the same images, or start a new run.",
  );
}

function imagesInWords({ source, train, test, sha256 }: Run["record"]["dataset"]): string {
  return `${source}: ${train} + ${test} images, SHA-256 ${sha256.slice(0, 8)}…`;
}

/** run.json counts a checkpoint's steps only after the checkpoint was written. */
export function requireCheckpoint(run: RunWriter): void {
  const { step } = run.record;
  if (step === 0) return;
  throw new Failure(
    "run-invalid",
    `${run.file(runFiles.checkpoint)}: is missing, though run.json says that it was written at step ${step}`,
    "Restore it from a copy, or start a new run.",
  );
}

export function requireConsistent(run: RunWriter, progress: Progress, stepsPerEpoch: number): void {
  const inEpoch = progress.step - progress.epochsDone * stepsPerEpoch;
  if (inEpoch >= 0 && inEpoch < stepsPerEpoch) return;
  throw new Failure(
    "run-invalid",
    `${run.file(runFiles.checkpoint)}: step ${progress.step} does not follow ${progress.epochsDone} epochs of ${stepsPerEpoch} steps`,
    "run.json and the checkpoint belong to different runs: restore them from a copy, or train again.",
  );
}

/** Leaves a run that was stopped, that finished before its pictures failed, or that was asked what cannot be, as it is. */
export async function recordFailure(run: RunWriter, error: unknown): Promise<void> {
  const { status } = run.record;
  if (status === "finished" || status === "stopped") return;
  if (error instanceof Failure && error.code === "usage") return;
  const { code, message, hint } =
    error instanceof Failure
      ? error
      : {
          code: "internal" as const,
          message: firstLine(String(error)),
          hint: "This is a mistake in Latent Lab.",
        };
  // Where even this cannot be written, the failure itself is what counts.
  await run.update({ status: "failed", failure: { code, message, hint } }).catch(() => {});
}
