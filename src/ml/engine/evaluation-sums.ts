/** From what an engine adds up over a split to what an evaluation says (contract/losses.ts). */
import type { Evaluation } from "../../contract/losses.ts";
import { lossScale, type Network } from "../model/network.ts";

/** Sums over all images of a split, in nats or squared errors. */
export interface EvaluationSums {
  readonly images: number;
  readonly reconstruction: number;
  readonly kl: number;
  /** Squared errors of the deterministic reconstruction. */
  readonly squares: number;
  /** Per latent dimension KL divergence, then Σ μ, then Σ μ²: [3, latent]. Not read for a plain autoencoder. */
  readonly latent: ArrayLike<number>;
}

/** A latent dimension is active when the variance of its μ over the data exceeds this (Burda et al. 2016). */
const activeVariance = 0.01;

/** `floorPerPixel`: the split's cross-entropy against itself, asked for only where the loss is cross-entropy. */
export function evaluationOf(
  network: Network,
  sums: EvaluationSums,
  floorPerPixel: () => number,
): Evaluation {
  const { latent, pixels, variational, loss } = network;
  const scale = lossScale(network) / sums.images;
  const reconstruction = sums.reconstruction * scale;
  const kl = sums.kl * scale;
  const perDimension = (part: number): number[] =>
    Array.from({ length: latent }, (_, index) => (sums.latent[part * latent + index] ?? 0) / sums.images);
  const means = perDimension(1);
  const variances = perDimension(2).map((square, index) => square - (means[index] ?? 0) ** 2);
  return {
    loss: reconstruction + loss.beta * kl,
    reconstruction,
    kl,
    aboveFloor:
      loss.reconstruction === "bce" ? reconstruction - floorPerPixel() * pixels * lossScale(network) : null,
    pixelMse: sums.squares / (sums.images * pixels),
    klPerDimension: variational ? perDimension(0) : [],
    activeUnits: variational ? variances.filter((variance) => variance > activeVariance).length : null,
  };
}
