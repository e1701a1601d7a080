/**
 * Whether this GPU, its driver and this runtime compute the right thing: a tiny VAE takes two steps, and its losses
 * must be those of the float64 reference. A runtime that cannot read a GPU's memory back (Electron is one) fails here.
 */
import { Failure } from "../../../contract/failure.ts";
import type { Dataset } from "../../data/dataset.ts";
import type { Network } from "../../model/network.ts";
import type { Session } from "../engine.ts";

export const selfTestNetwork: Network = {
  pixels: 20,
  latent: 3,
  variational: true,
  encoder: [{ name: "encoder.fc1", inputs: 20, outputs: 9, activation: "relu" }],
  latentHeads: [
    { name: "encoder.fc_mu", inputs: 9, outputs: 3, activation: "linear" },
    { name: "encoder.fc_logvar", inputs: 9, outputs: 3, activation: "linear" },
  ],
  decoder: [
    { name: "decoder.fc1", inputs: 3, outputs: 9, activation: "relu" },
    { name: "decoder.fc2", inputs: 9, outputs: 20, activation: "sigmoid" },
  ],
  loss: { reconstruction: "bce", reduction: "sum", beta: 1 },
  optimizer: {
    kind: "adam",
    learningRate: 0.01,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    epsilonPlacement: "corrected",
  },
  initialisation: "pytorch",
  batch: 6,
  seed: 1,
};

/** Ten images: the second step of two holds four. */
export function selfTestDataset(): Dataset {
  const split = (count: number) => ({
    count,
    pixels: Uint8Array.from({ length: count * 20 }, (_, index) => (index * 37) % 256),
    labels: null,
  });
  return {
    name: "self-test",
    source: "made for the self-test",
    width: 5,
    height: 4,
    labelNames: [],
    train: split(10),
    test: split(1),
    sha256: "",
  };
}

/** Reconstruction loss and KL divergence of both steps, summed over their images. */
export const selfTestLosses = {
  reconstruction: [84.727156, 56.145372],
  kl: [0.293036, 0.226773],
} as const;
/** Far above what rounding does in two steps, far below what a wrong kernel does. */
const tolerance = 1e-4;

/** Throws a Failure (engine-unavailable, engine-failed). `session` has just opened the network and dataset above. */
export async function runSelfTest(session: Session): Promise<void> {
  const { reconstruction, kl } = await session.train(2);
  const found = [...reconstruction, ...kl];
  const expected = [...selfTestLosses.reconstruction, ...selfTestLosses.kl];
  const wrong = expected.findIndex(
    (loss, index) => !(Math.abs((found[index] ?? 0) - loss) <= tolerance * loss),
  );
  if (wrong < 0) return;
  throw new Failure(
    "engine-unavailable",
    `${session.device.description} computes wrongly: a loss of ${found[wrong]} where ${expected[wrong]} is right`,
    "Update the driver of the GPU; until then use the CPU engine.",
  );
}
