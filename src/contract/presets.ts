/**
 * Experiments that come with Latent Lab. A preset is an experiment with a name and nothing more; each says which
 * framework's initialisation and optimiser it reproduces, because published figures depend on them.
 */
import type { ExperimentFile } from "./experiment.ts";
import { Failure } from "./failure.ts";
import { suggestion } from "./nearest.ts";

export interface Preset {
  readonly name: string;
  /** One line, for lists and pickers. */
  readonly description: string;
  readonly experiment: ExperimentFile;
}

/** Keras adds its ε of 1e-7 before the bias correction of the second moment; see Adam in Keras's documentation. */
const kerasAdam = {
  kind: "adam",
  learningRate: 0.001,
  epsilon: 1e-7,
  epsilonPlacement: "uncorrected",
} as const;

const pytorchAdam = {
  kind: "adam",
  learningRate: 0.001,
  epsilon: 1e-8,
  epsilonPlacement: "corrected",
} as const;

const denseAutoencoder = {
  kind: "autoencoder",
  encoder: [784, 128, 64, 32],
  activation: "relu",
  latentActivation: "relu",
  outputActivation: "sigmoid",
  initialisation: "keras",
} satisfies ExperimentFile["model"];

export const presets: readonly Preset[] = [
  {
    name: "mnist-autoencoder",
    description:
      "Dense autoencoder 784-128-64-32-64-128-784, binary cross-entropy, 50 epochs; as Keras trains it.",
    experiment: {
      name: "mnist-autoencoder",
      dataset: { kind: "mnist" },
      model: denseAutoencoder,
      loss: { reconstruction: "bce", reduction: "mean" },
      optimizer: kerasAdam,
      training: { epochs: 50, batch: 256, seed: 1 },
    },
  },
  {
    name: "mnist-autoencoder-mse",
    description: "The same autoencoder with squared error, 50 epochs; as Keras trains it.",
    experiment: {
      name: "mnist-autoencoder-mse",
      dataset: { kind: "mnist" },
      model: denseAutoencoder,
      loss: { reconstruction: "mse", reduction: "mean" },
      optimizer: kerasAdam,
      training: { epochs: 50, batch: 256, seed: 1 },
    },
  },
  {
    name: "mnist-vae",
    description:
      "Variational autoencoder 784-400-20-400-784, cross-entropy + KL, 5 epochs; as PyTorch trains it.",
    experiment: {
      name: "mnist-vae",
      dataset: { kind: "mnist" },
      model: { kind: "variational", encoder: [784, 400, 20], initialisation: "pytorch" },
      loss: { reconstruction: "bce", reduction: "sum", beta: 1 },
      optimizer: pytorchAdam,
      training: { epochs: 5, batch: 128, seed: 1 },
    },
  },
  {
    name: "mnist-vae-6",
    description:
      "Variational autoencoder with 6 latent dimensions, squared error + KL, 5 epochs; as PyTorch trains it.",
    experiment: {
      name: "mnist-vae-6",
      dataset: { kind: "mnist" },
      model: { kind: "variational", encoder: [784, 400, 6], initialisation: "pytorch" },
      loss: { reconstruction: "mse", reduction: "sum", beta: 1 },
      optimizer: pytorchAdam,
      training: { epochs: 5, batch: 128, seed: 1 },
    },
  },
];

/** Throws Failure("usage") with the nearest name. */
export function findPreset(name: string): Preset {
  const preset = presets.find((candidate) => candidate.name === name);
  if (preset !== undefined) return preset;
  const names = presets.map((candidate) => candidate.name);
  throw new Failure("usage", `there is no preset "${name}"`, suggestion(name, names, "Presets"));
}
