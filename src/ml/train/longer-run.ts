/**
 * Another number of epochs than a run planned. How many there are changes nothing in an epoch itself, so a run that is
 * trained longer ends as one that planned so many from the start.
 */
import type { Experiment } from "../../contract/experiment.ts";
import { Failure } from "../../contract/failure.ts";
import { endReason, type Progress } from "./progress.ts";
import type { Run } from "./run-record.ts";

/** The run's experiment with `epochs` in all. Throws a Failure (usage) where that asks for no training. */
export function withEpochs({ path, record }: Run, epochs: number): Experiment {
  const { experiment, epochsDone, reason } = record;
  if (epochs <= epochsDone)
    throw new Failure(
      "usage",
      `${path}: ${epochsDone === 1 ? "1 epoch is" : `${epochsDone} epochs are`} trained already, so --epochs ${epochs} asks for no more`,
      `Name more than ${epochsDone}: --epochs counts those from before as well.`,
    );
  if (reason === "early-stopping") throw outOfPatience({ path, record });
  return { ...experiment, training: { ...experiment.training, epochs } };
}

/** The same of a run that has come so far: its patience may be at an end, though its epochs came to theirs first. */
export function goingOn(run: Run, epochs: number, progress: Progress): Experiment {
  const experiment = withEpochs(run, epochs);
  if (endReason(progress, experiment) === "early-stopping") throw outOfPatience(run);
  return experiment;
}

function outOfPatience({ path, record }: Run): Failure {
  return new Failure(
    "usage",
    `${path}: after epoch ${record.epochsDone} early stopping ends it, and would again`,
    "Start a new run without training.earlyStopping, or with more patience.",
  );
}
