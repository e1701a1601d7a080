/**
 * How far a run has come, as values: what a checkpoint must hold beside the tensors so that a run that was stopped
 * anywhere goes on to the same numbers. Pure functions; the loop is train-run.ts.
 */
import * as z from "zod/mini";
import type { Experiment } from "../../contract/experiment.ts";
import type { Losses } from "../../contract/losses.ts";
import type { StepLosses } from "../engine/engine.ts";

const count = z.int().check(z.minimum(0));

/**
 * Sums in float64, added step by step in order: the same however steps are grouped into calls, and JSON keeps
 * every bit of them.
 */
const lossSumsSchema = z.object({
  images: count,
  reconstruction: z.number(),
  kl: z.number(),
  /** Of training alone. */
  seconds: z.number().check(z.minimum(0)),
});
export type LossSums = z.infer<typeof lossSumsSchema>;

export const progressSchema = z.object({
  /** Optimiser steps taken, over all epochs. */
  step: count,
  /** Epochs trained and evaluated. */
  epochsDone: count,
  /** Of the epoch that is not yet done. */
  epochSums: lossSumsSchema,
  /** Of training alone, over all epochs. */
  seconds: z.number().check(z.minimum(0)),
  /** The lowest test loss so far that counted as an improvement; null before the first epoch is done. */
  best: z.nullable(z.object({ loss: z.number(), epoch: count })),
});
export type Progress = z.infer<typeof progressSchema>;

export const noLosses: LossSums = { images: 0, reconstruction: 0, kl: 0, seconds: 0 };

export const startOfRun: Progress = { step: 0, epochsDone: 0, epochSums: noLosses, seconds: 0, best: null };

export function addLosses(sums: LossSums, losses: StepLosses, seconds: number): LossSums {
  const { imagesPerStep, reconstruction, kl } = losses;
  return {
    images: imagesPerStep.reduce((sum, images) => sum + images, sums.images),
    reconstruction: reconstruction.reduce((sum, loss) => sum + loss, sums.reconstruction),
    kl: kl.reduce((sum, loss) => sum + loss, sums.kl),
    seconds: sums.seconds + seconds,
  };
}

/** Per image: loss = reconstruction + β·kl. */
export function meanLosses(sums: LossSums, beta: number): Losses {
  const reconstruction = sums.reconstruction / sums.images;
  const kl = sums.kl / sums.images;
  return { loss: reconstruction + beta * kl, reconstruction, kl };
}

export function afterSteps(progress: Progress, losses: StepLosses, seconds: number): Progress {
  return {
    ...progress,
    step: progress.step + losses.imagesPerStep.length,
    epochSums: addLosses(progress.epochSums, losses, seconds),
    seconds: progress.seconds + seconds,
  };
}

export function afterEpoch(progress: Progress, testLoss: number, experiment: Experiment): Progress {
  const { best } = progress;
  const epoch = progress.epochsDone + 1;
  const needed = experiment.training.earlyStopping?.minimumImprovement ?? 0;
  const improved = best === null || testLoss < best.loss - needed;
  return {
    ...progress,
    epochsDone: epoch,
    epochSums: noLosses,
    best: improved ? { loss: testLoss, epoch } : best,
  };
}

/** Why training is over; null while it is not. */
export function endReason(progress: Progress, experiment: Experiment): "finished" | "early-stopping" | null {
  const { epochs, earlyStopping } = experiment.training;
  if (progress.epochsDone >= epochs) return "finished";
  const { best } = progress;
  if (earlyStopping === undefined || best === null) return null;
  return progress.epochsDone - best.epoch >= earlyStopping.patience ? "early-stopping" : null;
}
