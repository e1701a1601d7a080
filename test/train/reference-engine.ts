/**
 * The float64 reference behind the engine boundary: slow, plain, and the same on every machine. Lets the training
 * loop be tested by itself, also for what no good engine does, such as taking a long time over a step.
 * Parameters are rounded to float32 after each step, so that a session's state is complete.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Dataset } from "../../src/ml/data/dataset.ts";
import type { Engine, Session, StepLosses, TrainingState } from "../../src/ml/engine/engine.ts";
import { initialParameters } from "../../src/ml/model/initialise.ts";
import type { Network } from "../../src/ml/model/network.ts";
import { imagesAt } from "../reference/datasets.ts";
import { evaluateReference } from "../reference/evaluation.ts";
import { Matrix } from "../reference/matrix.ts";
import { type Parameter, ReferenceModel } from "../reference/model.ts";
import { trainingBatch, trainingNoise } from "../reference/schedule.ts";

/** `secondsPerCall` is how long a call of `train` takes at least. */
export function createReferenceEngine(secondsPerCall = 0): Engine {
  const device = {
    available: true,
    description: "float64 reference",
    threads: 1,
    memory: null,
    driver: null,
  } as const;
  return {
    name: "reference",
    probe: async () => device,
    open: async (network, dataset) => ({ device, ...referenceSession(network, dataset, secondsPerCall) }),
  };
}

function referenceSession(
  network: Network,
  dataset: Dataset | null,
  secondsPerCall: number,
): Omit<Session, "device"> {
  const data = () => {
    if (dataset === null) throw new Error("this session has no dataset");
    return dataset;
  };
  let model = new ReferenceModel(network, initialState(network));
  return {
    arrangement: null,
    async train(steps) {
      const [losses] = await Promise.all([
        takeSteps(model, data(), steps),
        secondsPerCall > 0 && delay(secondsPerCall * 1000),
      ]);
      return losses;
    },
    evaluate: async (split) => evaluateReference(model, data()[split]),
    encode: async (images) => floats(model.encode(rowsOf(images, network.pixels))),
    decode: async (latents) => floats(model.decode(rowsOf(latents, network.latent))),
    state: async () => stateOf(model),
    async restore(state) {
      model = new ReferenceModel(network, state);
    },
    async close() {},
  };
}

async function takeSteps(model: ReferenceModel, dataset: Dataset, steps: number): Promise<StepLosses> {
  const reconstruction = new Float64Array(steps);
  const kl = new Float64Array(steps);
  const imagesPerStep = new Int32Array(steps);
  for (let index = 0; index < steps; index++) {
    const batch = trainingBatch(model.network, dataset.train.count, model.step);
    const noise = trainingNoise(model.network, model.step, batch.length);
    const loss = model.trainStep(imagesAt(dataset.train, batch), noise);
    for (const { value, firstMoment, secondMoment } of model.parameters.values())
      for (const matrix of [value, firstMoment, secondMoment]) roundToFloat32(matrix);
    reconstruction[index] = loss.reconstruction;
    kl[index] = loss.kl;
    imagesPerStep[index] = batch.length;
  }
  return {
    images: imagesPerStep.reduce((sum, images) => sum + images, 0),
    reconstruction,
    kl,
    imagesPerStep,
  };
}

function initialState(network: Network): TrainingState {
  const tensors = [...initialParameters(network)].map(
    ([name, value]) =>
      [
        name,
        {
          value,
          firstMoment: new Float32Array(value.length),
          secondMoment: new Float32Array(value.length),
        },
      ] as const,
  );
  return { step: 0, tensors: new Map(tensors) };
}

function stateOf(model: ReferenceModel): TrainingState {
  const tensor = ({ value, firstMoment, secondMoment }: Parameter) => ({
    value: floats(value),
    firstMoment: floats(firstMoment),
    secondMoment: floats(secondMoment),
  });
  const tensors = [...model.parameters].map(([name, parameter]) => [name, tensor(parameter)] as const);
  return { step: model.step, tensors: new Map(tensors) };
}

function roundToFloat32({ values }: Matrix): void {
  values.set(Float32Array.from(values));
}

function rowsOf(values: Float32Array, columns: number): Matrix {
  return new Matrix(values.length / columns, columns, Float64Array.from(values));
}

function floats({ values }: Matrix): Float32Array {
  return Float32Array.from(values);
}
