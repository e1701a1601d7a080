/**
 * Opens what a run has learnt, to be used and not trained: the right weights, checked, in a session of an engine.
 */
import { join } from "node:path";
import { Failure } from "../../contract/failure.ts";
import { runFiles } from "../../contract/run.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Engine, Session, TensorState } from "../engine/engine.ts";
import { buildNetwork, type Network } from "../model/network.ts";
import { shellWord } from "../shell-word.ts";
import { readCheckpoint, readModel, type Weights, weightsOf } from "./checkpoint.ts";
import type { Run } from "./run-record.ts";

export interface UseOptions {
  readonly run: Run;
  readonly engine: Engine;
  /** Worker threads; 0 leaves the choice to the engine. */
  readonly threads: number;
}

export interface TrainedModel {
  readonly network: Network;
  readonly session: Session;
  readonly weights: Weights;
  /** Which file of the run the weights are from. */
  readonly file: string;
}

/**
 * Hands the model of a run to `use` and closes it whatever happens. `dataset` is null where only encoding and
 * decoding are wanted. Throws a Failure: run-invalid when there is no model yet, or one that was changed;
 * engine-unavailable, out-of-memory, storage-*.
 */
export async function withTrainedModel<T>(
  { run, engine, threads }: UseOptions,
  dataset: Dataset | null,
  use: (model: TrainedModel) => Promise<T>,
): Promise<T> {
  const network = buildNetwork(run.record.experiment);
  const { weights, file } = await readWeights(run, network);
  const session = await engine.open(network, dataset, { threads, arrangement: run.record.arrangement });
  try {
    await session.restore({ step: 0, tensors: untrainedMoments(weights) });
    return await use({ network, session, weights, file });
  } finally {
    await session.close();
  }
}

/** The model file where run.json vouches for it, else the checkpoint of a run that is going on or was killed. */
async function readWeights(
  { path, record }: Run,
  network: Network,
): Promise<{ weights: Weights; file: string }> {
  if (record.modelSha256 !== null) {
    const weights = await readModel(join(path, runFiles.model), network, record.modelSha256);
    return { weights, file: runFiles.model };
  }
  const checkpoint = await readCheckpoint(join(path, runFiles.checkpoint), record.id, network);
  if (checkpoint === null)
    throw new Failure(
      "run-invalid",
      `${path}: has no model yet: it was not trained as far as its first checkpoint`,
      `Wait for its first epoch, or go on with it: latent-lab train --resume ${shellWord(path)}`,
    );
  return { weights: weightsOf(network, checkpoint), file: runFiles.checkpoint };
}

/** A session restores whole states; moments matter to training alone. */
function untrainedMoments({ values }: Weights): Map<string, TensorState> {
  return new Map(
    [...values].map(([name, value]) => [
      name,
      {
        value,
        firstMoment: new Float32Array(value.length),
        secondMoment: new Float32Array(value.length),
      },
    ]),
  );
}
