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
  const active = variational && sums.images > 1 ? activeDimensions(perDimension(1), perDimension(2)) : null;
  return {
    loss: reconstruction + loss.beta * kl,
    reconstruction,
    kl,
    aboveFloor:
      loss.reconstruction === "bce" ? reconstruction - floorPerPixel() * pixels * lossScale(network) : null,
    pixelMse: sums.squares / (sums.images * pixels),
    klPerDimension: variational ? perDimension(0) : [],
    activeUnits: active?.length ?? null,
    ...(active === null ? {} : { activeDimensions: active }),
  };
}

/** From the means of μ and of μ² over the images, dimension by dimension. */
function activeDimensions(means: readonly number[], squares: readonly number[]): number[] {
  return [...means.keys()].filter((index) => {
    const variance = (squares[index] ?? 0) - (means[index] ?? 0) ** 2;
    return variance > activeVariance;
  });
}
