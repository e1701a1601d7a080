/**
 * A seeded supply of odd networks: widths, batches and images sit on and beside every edge that kernels have (panels
 * of 16 columns, vectors of 4, tiles of 6 rows, batches cut short), with every activation and loss.
 */
import { activations } from "../../src/contract/experiment.ts";
import { RandomSequence, streams } from "../../src/ml/random.ts";
import { patchDataset } from "./datasets.ts";
import { experiment } from "./experiments.ts";
import type { TrainingSetting } from "./sessions.ts";

const widths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 20, 31, 32, 33, 63, 64, 65, 127, 128, 129];
const batches = [1, 2, 5, 6, 7, 16, 128, 131];
const images: readonly (readonly [number, number])[] = [
  [1, 1],
  [3, 5],
  [16, 1],
  [9, 11],
  [256, 1],
];

/** The case of this number: the same each time. */
export function drawCase(index: number): TrainingSetting {
  const random = new RandomSequence(41, streams.drawing, index);
  const pick = <T>(options: readonly T[]): T => options[random.integer(options.length)] as T;
  const [width, height] = pick(images);
  const batch = pick(batches);
  const reconstruction = pick(["bce", "mse"] as const);
  const hidden = (count: number) => Array.from({ length: count }, () => pick(widths));
  const latent = pick(widths);
  return {
    experiment: experiment({
      model: {
        kind: pick(["autoencoder", "variational"] as const),
        encoder: [width * height, ...hidden(random.integer(3)), latent],
        decoder: [latent, ...hidden(random.integer(3)), width * height],
        activation: pick(activations),
        latentActivation: pick(activations),
        outputActivation: reconstruction === "mse" ? pick(["sigmoid", "linear"] as const) : "sigmoid",
      },
      loss: { reconstruction, reduction: pick(["sum", "mean"] as const), beta: pick([0, 0.5, 1, 4]) },
      optimizer: { epsilonPlacement: pick(["corrected", "uncorrected"] as const) },
      training: { batch, seed: index },
    }),
    // From less than a batch to a little more than two: short last batches, and epochs of one to three steps.
    dataset: patchDataset(width, height, 1 + random.integer(2 * batch + 3), 1, index),
    threads: 1 + random.integer(3),
  };
}

/** What distinguishes a case, for a test's name. */
export function caseInWords({ experiment: { model, loss, training }, dataset }: TrainingSetting): string {
  return [
    `${model.kind} ${model.encoder.join("-")} and ${model.decoder.join("-")}`,
    `${model.activation}, ${model.latentActivation}, ${model.outputActivation}`,
    `${loss.reconstruction} ${loss.reduction}, β ${loss.beta}`,
    `batch ${training.batch} of ${dataset.train.count}`,
  ].join("; ");
}
