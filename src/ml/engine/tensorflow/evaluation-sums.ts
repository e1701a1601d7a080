/** What an evaluation adds up over a split's batches, in float64, and the figures that come of it. */
import type { Evaluation } from "../../../contract/losses.ts";
import { lossScale, type Network } from "../../model/network.ts";

/** A latent dimension is active when the variance of its μ over the data exceeds this (Burda et al. 2016). */
const activeVariance = 0.01;

/** Of one batch: losses and squared errors of each image [rows]; a VAE's divergences and means [rows, latent]. */
export interface BatchFigures {
  readonly reconstruction: Float32Array | undefined;
  readonly squares: Float32Array | undefined;
  readonly divergences: Float32Array | undefined;
  readonly means: Float32Array | undefined;
}

export class EvaluationSums {
  readonly #network: Network;
  readonly #divergences: Float64Array;
  readonly #means: Float64Array;
  readonly #squaredMeans: Float64Array;
  #reconstruction = 0;
  #squares = 0;

  constructor(network: Network) {
    this.#network = network;
    this.#divergences = new Float64Array(network.latent);
    this.#means = new Float64Array(network.latent);
    this.#squaredMeans = new Float64Array(network.latent);
  }

  add({ reconstruction, squares, divergences, means }: BatchFigures): void {
    this.#reconstruction += sum(reconstruction);
    this.#squares += sum(squares);
    const { latent } = this.#network;
    divergences?.forEach((value, index) => {
      addAt(this.#divergences, index % latent, value);
    });
    means?.forEach((value, index) => {
      addAt(this.#means, index % latent, value);
      addAt(this.#squaredMeans, index % latent, value * value);
    });
  }

  /** Of a split of so many images. */
  evaluation(images: number, floorPerPixel: number): Evaluation {
    const { pixels, variational, loss } = this.#network;
    const scale = lossScale(this.#network) / images;
    const reconstruction = this.#reconstruction * scale;
    const kl = sum(this.#divergences) * scale;
    const variances = this.#squaredMeans.map(
      (squares, index) => squares / images - ((this.#means[index] ?? 0) / images) ** 2,
    );
    return {
      loss: reconstruction + loss.beta * kl,
      reconstruction,
      kl,
      aboveFloor:
        loss.reconstruction === "bce"
          ? reconstruction - floorPerPixel * pixels * lossScale(this.#network)
          : null,
      pixelMse: this.#squares / (images * pixels),
      klPerDimension: variational ? Array.from(this.#divergences, (total) => total / images) : [],
      activeUnits: variational ? variances.filter((variance) => variance > activeVariance).length : null,
    };
  }
}

function sum(values: ArrayLike<number> | undefined): number {
  let total = 0;
  for (let index = 0; index < (values?.length ?? 0); index++) total += values?.[index] ?? 0;
  return total;
}

function addAt(sums: Float64Array, index: number, value: number): void {
  sums[index] = (sums[index] ?? 0) + value;
}
