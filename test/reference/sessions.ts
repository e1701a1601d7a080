/** Sessions as the engine tests use them: opened, used and closed, and compared with the reference or each other. */
import assert from "node:assert/strict";
import type { Experiment } from "../../src/contract/experiment.ts";
import type { Dataset } from "../../src/ml/data/dataset.ts";
import { createCpuEngine } from "../../src/ml/engine/cpu/cpu-engine.ts";
import type { Engine, Session, TensorState, TrainingState } from "../../src/ml/engine/engine.ts";
import { buildNetwork, type Network } from "../../src/ml/model/network.ts";
import { imagesAt } from "./datasets.ts";
import type { ReferenceModel, StepLoss } from "./model.ts";
import { trainingBatch, trainingNoise } from "./schedule.ts";

export interface Setting {
  readonly experiment: Experiment;
  /** Null: a session that cannot train. */
  readonly dataset: Dataset | null;
  /** 1 where left out. */
  readonly threads?: number;
  /** The CPU engine on the fused Program where left out. */
  readonly engine?: Engine;
}

export interface TrainingSetting extends Setting {
  readonly dataset: Dataset;
}

/** Opens a session, hands it to `use` with its network, and closes it whatever happens. */
export async function withSession<T>(
  setting: Setting,
  use: (session: Session, network: Network) => Promise<T>,
): Promise<T> {
  const network = buildNetwork(setting.experiment);
  const engine = setting.engine ?? createCpuEngine();
  const session = await engine.open(network, setting.dataset, { threads: setting.threads ?? 1 });
  try {
    return await use(session, network);
  } finally {
    await session.close();
  }
}

/** The state after `steps` steps from the seed. */
export function trainedState(setting: Setting, steps: number): Promise<TrainingState> {
  return withSession(setting, async (session) => {
    await session.train(steps);
    return await session.state();
  });
}

/** The reference takes `steps` steps on the batches and the noise that an engine would see. */
export function trainReference(model: ReferenceModel, dataset: Dataset, steps: number): StepLoss[] {
  const { network } = model;
  return Array.from({ length: steps }, () => {
    const batch = trainingBatch(network, dataset.train.count, model.step);
    const noise = trainingNoise(network, model.step, batch.length);
    return model.trainStep(imagesAt(dataset.train, batch), noise);
  });
}

const parts = ["value", "firstMoment", "secondMoment"] as const satisfies readonly (keyof TensorState)[];

/** The same step, and the same bits in every tensor: NaN equals the same NaN, 0 does not equal −0. */
export function assertSameBits(found: TrainingState, expected: TrainingState, what: string): void {
  assert.equal(found.step, expected.step, what);
  assert.deepEqual([...found.tensors.keys()], [...expected.tensors.keys()], what);
  for (const [name, tensor] of expected.tensors)
    for (const part of parts) {
      const other = found.tensors.get(name)?.[part] ?? new Float32Array();
      assert.ok(Buffer.compare(bytes(other), bytes(tensor[part])) === 0, `${what}: ${name}, ${part} differs`);
    }
}

function bytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
