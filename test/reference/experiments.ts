/**
 * Experiments for tests: the contract's defaults, a test's own numbers on top. The two MNIST models are
 * stated here in full, so that a change of a preset cannot quietly change what is measured.
 */
import { type Experiment, type ExperimentFile, experimentSchema } from "../../src/contract/experiment.ts";

/** An experiment with every default filled in; the decoder, where left out, mirrors the encoder. */
export function experiment(file: ExperimentFile): Experiment {
  const { $schema: _, ...parsed } = experimentSchema.parse(file);
  const decoder = parsed.model.decoder ?? parsed.model.encoder.toReversed();
  return { ...parsed, model: { ...parsed.model, decoder } };
}

/** 784-128-64-32-64-128-784 as Keras would train it: mean binary cross-entropy per pixel. */
export function mnistAutoencoder(): Experiment {
  return experiment({
    model: {
      kind: "autoencoder",
      encoder: [784, 128, 64, 32],
      latentActivation: "relu",
      initialisation: "keras",
    },
    loss: { reconstruction: "bce", reduction: "mean" },
    optimizer: { epsilon: 1e-7, epsilonPlacement: "uncorrected" },
    training: { epochs: 50, batch: 256, seed: 1 },
  });
}

/** 784-400-20-400-784 as the PyTorch example trains it: binary cross-entropy summed over pixels, plus KL. */
export function mnistVae(): Experiment {
  return experiment({
    model: { kind: "variational", encoder: [784, 400, 20] },
    training: { epochs: 5, batch: 128, seed: 1 },
  });
}
