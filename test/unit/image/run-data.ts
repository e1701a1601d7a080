/** Plain data of finished runs for the tests of charts and reports. */
import type { EpochEvent, StartEvent } from "../../../src/contract/events.ts";
import type { Experiment } from "../../../src/contract/experiment.ts";
import type { ImageStack } from "../../../src/ml/image/picture-grid.ts";
import type { ReportData } from "../../../src/ml/image/report-data.ts";

const shared: Omit<Experiment, "name" | "model" | "loss"> = {
  dataset: { kind: "mnist" },
  optimizer: {
    kind: "adam",
    learningRate: 0.001,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    epsilonPlacement: "corrected",
  },
  training: { epochs: 3, batch: 128, seed: 1 },
};
const layers = {
  activation: "relu",
  latentActivation: "linear",
  outputActivation: "sigmoid",
  initialisation: "pytorch",
} as const;

export const vae: Experiment = {
  ...shared,
  name: "mnist-vae",
  model: { ...layers, kind: "variational", encoder: [784, 400, 4], decoder: [4, 400, 784] },
  loss: { reconstruction: "bce", reduction: "sum", beta: 1 },
};

export const autoencoder: Experiment = {
  ...shared,
  name: "mnist-autoencoder",
  model: { ...layers, kind: "autoencoder", encoder: [784, 64, 4], decoder: [4, 64, 784] },
  loss: { reconstruction: "bce", reduction: "mean", beta: 1 },
};

export const start: StartEvent = {
  event: "start",
  protocol: 1,
  run: "/runs/one",
  experiment: {},
  engine: "cpu",
  engineReason: null,
  device: "WebAssembly SIMD, 2 threads",
  threads: 2,
  parameters: 652_824,
  dataset: {
    name: "MNIST",
    source: "MNIST from the cache",
    sha256: "ab".repeat(32),
    train: 60_000,
    test: 10_000,
    width: 28,
    height: 28,
  },
  stepsPerEpoch: 469,
  epochs: 3,
  resumedAtStep: 0,
};

/** One epoch per training loss: a fifth of it KL, the test loss two hundredths below. */
export function epochsOf(losses: readonly number[]): EpochEvent[] {
  const parts = (loss: number) => ({ loss, reconstruction: loss * 0.8, kl: loss * 0.2 });
  return losses.map((loss, index) => ({
    event: "epoch",
    epoch: index + 1,
    step: 469 * (index + 1),
    train: parts(loss),
    test: {
      ...parts(loss * 0.98),
      aboveFloor: null,
      pixelMse: 0.0125,
      klPerDimension: [2.5, 0.001, 1.25, 0.002],
      activeUnits: 2,
      activeDimensions: [1, 2],
    },
    seconds: 1.4,
    imagesPerSecond: 43_000,
  }));
}

interface ImageSize {
  readonly width: number;
  readonly height: number;
}

export function stackOf(count: number, { width, height }: ImageSize): ImageStack {
  return {
    width,
    height,
    pixels: Float32Array.from({ length: count * width * height }, (_, i) => (i % 97) / 96),
  };
}

/** A VAE's run of three epochs on images of this size: all that its report is made of. */
export function finished(size: ImageSize): ReportData {
  const epochs = epochsOf([165, 122, 115]);
  return {
    start: { ...start, dataset: { ...start.dataset, ...size } },
    experiment: vae,
    epochs,
    done: {
      event: "done",
      run: start.run,
      epochs: 3,
      seconds: 4.2,
      reason: "finished",
      test: (epochs.at(-1) as EpochEvent).test,
      compression: { dimensions: 196, bytesFloat32: 49, bytesInt8: 196 },
    },
    startedAt: new Date("2025-03-01T10:11:12Z"),
    version: "0.1.0",
    reconstructions: {
      originals: stackOf(10, size),
      reconstructions: stackOf(10, size),
      labels: [..."7210414959"],
    },
    samples: stackOf(16, size),
  };
}
