/** A run small enough to be trained many times in a test: drawn digits, a few layers, on the float64 reference. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EpochEvent, TrainingEvent } from "../../src/contract/events.ts";
import type { Experiment, ExperimentFile } from "../../src/contract/experiment.ts";
import { Failure } from "../../src/contract/failure.ts";
import type { Dataset } from "../../src/ml/data/dataset.ts";
import { drawDigits } from "../../src/ml/data/drawn-digits.ts";
import type { Engine } from "../../src/ml/engine/engine.ts";
import { readEpochs } from "../../src/ml/train/metrics-file.ts";
import { RunWriter } from "../../src/ml/train/run-folder.ts";
import { type TrainOptions, trainRun } from "../../src/ml/train/train-run.ts";
import { experiment } from "../reference/experiments.ts";
import { createReferenceEngine } from "./reference-engine.ts";

/** 100 images in batches of 16: seven steps an epoch, the last of four images. */
export const smallDataset: Dataset = await drawDigits({ train: 100, test: 30, seed: 3 });

export const smallVae = smallExperiment({
  model: { kind: "variational", encoder: [784, 8, 3] },
  loss: { beta: 0.5 },
});

export const smallAutoencoder = smallExperiment({
  model: { kind: "autoencoder", encoder: [784, 8, 3] },
  loss: { reduction: "mean" },
});

export function smallExperiment(file: ExperimentFile): Experiment {
  return experiment({
    name: "Small run",
    dataset: { kind: "drawn-digits", train: 100, test: 30, seed: 3 },
    ...file,
    training: { epochs: 3, batch: 16, ...file.training },
  });
}

export function createRun(out: string, choice: Experiment): Promise<RunWriter> {
  return RunWriter.create({
    experiment: choice,
    baseFolder: ".",
    dataset: smallDataset,
    engine: "reference",
    device: "float64 reference",
    productVersion: "0.0.0-test",
    out,
    runsFolder: out,
  });
}

export interface Trained {
  readonly events: TrainingEvent[];
  /** Null where the run came to its end. */
  readonly failure: Failure | null;
}

/** Trains and gathers what happened; anything but a Failure is thrown. */
export async function train(
  run: RunWriter,
  options: Partial<TrainOptions> & { readonly stopAt?: (event: TrainingEvent) => boolean } = {},
): Promise<Trained> {
  const events: TrainingEvent[] = [];
  const controller = new AbortController();
  const engine: Engine = createReferenceEngine();
  const onEvent = (event: TrainingEvent) => {
    events.push(event);
    if (options.stopAt?.(event)) controller.abort();
  };
  try {
    await trainRun({
      run,
      dataset: smallDataset,
      engine,
      threads: 1,
      signal: controller.signal,
      onEvent,
      ...options,
    });
    return { events, failure: null };
  } catch (failure) {
    if (failure instanceof Failure) return { events, failure };
    throw failure;
  }
}

/** The whole of a run that must not depend on how often it was stopped: the model file's hash, every epoch but its timings. */
export async function outcome(path: string): Promise<{ model: string; epochs: Partial<EpochEvent>[] }> {
  const epochs = await readEpochs(join(path, "metrics.jsonl"));
  return {
    model: createHash("sha256")
      .update(readFileSync(join(path, "model.safetensors")))
      .digest("hex"),
    epochs: epochs.map(({ seconds: _, imagesPerSecond: __, ...epoch }) => epoch),
  };
}
