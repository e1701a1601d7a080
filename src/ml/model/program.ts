/**
 * A Program: a Network laid out as a flat list of operations over named matrices, in the order they run.
 * Every engine that computes for itself implements this short list; what a matrix looks like in memory is the
 * engine's own business. `plan.ts` writes Programs one plain operation at a time (the reference);
 * `fuse.ts` rewrites them into fewer, fused ones.
 *
 * Notation: B images in the batch, K inputs and N outputs of a layer, L latent dimensions.
 */
import type { Activation } from "../../contract/experiment.ts";

/** A matrix with one row per image of the batch: [B, sum of blocks]. Blocks are columns side by side. */
export interface BatchMatrix {
  readonly name: string;
  readonly blocks: readonly number[];
}

/**
 * The parameters of one dense operation: weight [K, N] and bias [N], with their gradients and Adam's moments.
 * A VAE's two latent heads share their input and so one operation: their outputs are two blocks of columns.
 */
export interface LayerParameters {
  readonly name: string;
  readonly inputs: number;
  readonly blocks: readonly number[];
  /** The network's tensors, one weight and bias per block. */
  readonly tensors: readonly { readonly weight: string; readonly bias: string }[];
}

export type Noise = "training" | "evaluation";

/** Each forward operation stands before the operation that carries its gradient back. */
export type Operation =
  /** out[b, :] = pixels of the batch's b-th image / 255. */
  | { readonly kind: "gather"; readonly out: BatchMatrix }
  /** out = input · W. */
  | {
      readonly kind: "product";
      readonly input: BatchMatrix;
      readonly layer: LayerParameters;
      readonly out: BatchMatrix;
    }
  /** out = gradient · Wᵀ: the gradient by the input. */
  | {
      readonly kind: "inputGradient";
      readonly gradient: BatchMatrix;
      readonly layer: LayerParameters;
      readonly out: BatchMatrix;
    }
  /** dW = inputᵀ · gradient. */
  | {
      readonly kind: "weightGradient";
      readonly input: BatchMatrix;
      readonly gradient: BatchMatrix;
      readonly layer: LayerParameters;
    }
  /** out[b, :] += bias. */
  | { readonly kind: "addBias"; readonly layer: LayerParameters; readonly out: BatchMatrix }
  /** db = Σ over b of gradient[b, :]. */
  | { readonly kind: "biasGradient"; readonly gradient: BatchMatrix; readonly layer: LayerParameters }
  /** out = activation(out). */
  | { readonly kind: "activate"; readonly activation: Activation; readonly out: BatchMatrix }
  /** gradient = gradient ⊙ activation′, the derivative written in terms of the activation's output. */
  | {
      readonly kind: "activateGradient";
      readonly activation: Activation;
      readonly output: BatchMatrix;
      readonly gradient: BatchMatrix;
    }
  /**
   * out = μ + deviation, deviation = ε·exp(½ logσ²), ε standard normal (Kingma and Welling 2014, the
   * reparameterisation); adds the KL divergence −½ Σ (1 + logσ² − μ² − σ²) to the step's losses.
   * statistics = [μ | logσ²]; logσ² is held within −30 … 20, so that σ² stays within float32 whatever the
   * network says.
   */
  | {
      readonly kind: "sample";
      readonly statistics: BatchMatrix;
      readonly noise: Noise;
      readonly deviation: BatchMatrix;
      readonly out: BatchMatrix;
    }
  /** out = [dz + β·μ | ½(dz ⊙ deviation + β(σ² − 1))]: reconstruction's gradient and the KL divergence's together. */
  | {
      readonly kind: "sampleGradient";
      readonly statistics: BatchMatrix;
      readonly deviation: BatchMatrix;
      readonly latentGradient: BatchMatrix;
      readonly out: BatchMatrix;
    }
  /** out = μ. */
  | { readonly kind: "mean"; readonly statistics: BatchMatrix; readonly out: BatchMatrix }
  /**
   * Adds the reconstruction loss of `logits` (the last layer before its activation) against `target`, and leaves
   * its gradient by the logits in `gradient` unless that is null.
   */
  | {
      readonly kind: "reconstructionLoss";
      readonly logits: BatchMatrix;
      readonly target: BatchMatrix;
      readonly gradient: BatchMatrix | null;
    }
  /** Adds Σ (reconstruction − target)² over pixels and images. */
  | { readonly kind: "pixelError"; readonly logits: BatchMatrix; readonly target: BatchMatrix }
  /** Adds, per latent dimension over the batch's images: KL divergence, Σ μ, Σ μ². */
  | { readonly kind: "latentStatistics"; readonly statistics: BatchMatrix }
  /** W and b take a step of Adam (Kingma and Ba 2015) along dW and db. */
  | { readonly kind: "adam"; readonly layer: LayerParameters }
  /** Fused: product, addBias, activate and, for the last layer, reconstructionLoss. */
  | {
      readonly kind: "dense";
      readonly input: BatchMatrix;
      readonly layer: LayerParameters;
      readonly activation: Activation;
      readonly out: BatchMatrix;
      readonly loss: { readonly target: BatchMatrix; readonly gradient: BatchMatrix | null } | null;
    }
  /** Fused: inputGradient, activateGradient. */
  | {
      readonly kind: "denseInputGradient";
      readonly gradient: BatchMatrix;
      readonly layer: LayerParameters;
      readonly activation: Activation;
      readonly output: BatchMatrix;
      readonly out: BatchMatrix;
    }
  /** Fused: weightGradient, biasGradient, adam. */
  | {
      readonly kind: "denseUpdate";
      readonly input: BatchMatrix;
      readonly gradient: BatchMatrix;
      readonly layer: LayerParameters;
    };

export interface Program {
  readonly operations: readonly Operation[];
}

/** Everything a Network is run with: parameters shared by four programs, and the matrices to read and write. */
export interface Plan {
  readonly layers: readonly LayerParameters[];
  /** [B, pixels]: filled by gather, or by the caller before `encode`. */
  readonly images: BatchMatrix;
  /** [B, L]: written by `encode`, filled by the caller before `decode`. */
  readonly latents: BatchMatrix;
  /** [B, pixels]: written by `decode`. */
  readonly reconstructions: BatchMatrix;
  readonly train: Program;
  readonly evaluate: Program;
  readonly encode: Program;
  readonly decode: Program;
}
