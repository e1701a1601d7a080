/** What an evaluation adds up over a split's batches, in float64. */
import type { Evaluation } from "../../../contract/losses.ts";
import type { Network } from "../../model/network.ts";
import { evaluationOf } from "../evaluation-sums.ts";

/** Of one batch: losses and squared errors of each image [rows]; a VAE's divergences and means [rows, latent]. */
export interface BatchFigures {
  readonly reconstruction: Float32Array | undefined;
  readonly squares: Float32Array | undefined;
  readonly divergences: Float32Array | undefined;
  readonly means: Float32Array | undefined;
}

export class BatchSums {
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
    const sums = {
      images,
      reconstruction: this.#reconstruction,
      kl: sum(this.#divergences),
      squares: this.#squares,
      latent: [...this.#divergences, ...this.#means, ...this.#squaredMeans],
    };
    return evaluationOf(this.#network, sums, () => floorPerPixel);
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
