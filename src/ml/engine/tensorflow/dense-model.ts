/**
 * A Network in TensorFlow.js's operations: the forward pass and the losses. Derivatives are TensorFlow.js's own, but
 * for the cross-entropy's, which is simpler than what differentiating its formula gives.
 */
import type { GradSaveFunc, Tensor, Tensor2D, Variable } from "@tensorflow/tfjs-core";
import type { Activation } from "../../../contract/experiment.ts";
import type { DenseLayer, Network } from "../../model/network.ts";
import type { Tensorflow } from "./library.ts";

/** The log-variance is clamped to this range before use, so that e^logσ² stays finite in float32. */
const logVarianceRange = { least: -30, most: 20 } as const;

/** What the encoder makes of images; `logVariance`, clamped, is null for a plain autoencoder. All [rows, latent]. */
export interface Encoded {
  readonly mean: Tensor2D;
  readonly logVariance: Tensor2D | null;
}

export class DenseModel {
  readonly #tf: Tensorflow;
  readonly #network: Network;
  readonly #variables: ReadonlyMap<string, Variable>;

  /** `variables` by the network's tensor names. */
  constructor(tf: Tensorflow, network: Network, variables: ReadonlyMap<string, Variable>) {
    this.#tf = tf;
    this.#network = network;
    this.#variables = variables;
  }

  /** `images`: [rows, pixels] in 0..1. */
  encode(images: Tensor2D): Encoded {
    const { encoder, latentHeads } = this.#network;
    const [first, second] = latentHeads;
    if (first === undefined) throw new RangeError("a network without latents");
    const hidden = this.#chain(encoder, images);
    const mean = this.#activate(first.activation, this.#dense(first, hidden));
    if (second === undefined) return { mean, logVariance: null };
    const { least, most } = logVarianceRange;
    return { mean, logVariance: this.#tf.clipByValue(this.#dense(second, hidden), least, most) };
  }

  /** z = μ + e^(½·logσ²)·ε; the latents themselves for a plain autoencoder. `noise` ε: [rows, latent]. */
  sample({ mean, logVariance }: Encoded, noise: Tensor2D | null): Tensor2D {
    if (logVariance === null || noise === null) return mean;
    const tf = this.#tf;
    return tf.add(mean, tf.mul(tf.exp(tf.mul(logVariance, 0.5)), noise));
  }

  /** What the output activation is applied to: [rows, pixels]. */
  logits(latents: Tensor2D): Tensor2D {
    const { decoder } = this.#network;
    return this.#dense(this.#outputLayer(), this.#chain(decoder.slice(0, -1), latents));
  }

  /** The output of the decoder, from its logits. */
  output(logits: Tensor2D): Tensor2D {
    return this.#activate(this.#outputLayer().activation, logits);
  }

  /** The loss of every pixel, before any scale: [rows, pixels]. */
  reconstructionLosses(logits: Tensor2D, images: Tensor2D): Tensor2D {
    return this.#network.loss.reconstruction === "bce"
      ? this.#crossEntropy(logits, images)
      : this.#tf.squaredDifference(this.output(logits), images);
  }

  /** KL(N(μ, σ²) ‖ N(0, 1)) = −½·(1 + logσ² − μ² − σ²), in nats: [rows, latent]; null for a plain autoencoder. */
  divergences({ mean, logVariance }: Encoded): Tensor2D | null {
    if (logVariance === null) return null;
    const tf = this.#tf;
    const sum = tf.sub(tf.sub(tf.add(logVariance, 1), tf.square(mean)), tf.exp(logVariance));
    return tf.mul(sum, -0.5);
  }

  /** max(x,0) − x·t + log1p(e^−|x|), whose derivative by x is sigmoid(x) − t. */
  #crossEntropy(logits: Tensor2D, targets: Tensor2D): Tensor2D {
    const tf = this.#tf;
    const losses = tf.customGrad<Tensor2D>((...inputs) => {
      // As customGrad promises: its arguments, then the function that keeps tensors for the derivative.
      const [x, save] = inputs as [Tensor2D, GradSaveFunc];
      save([x]);
      const value = tf.add<Tensor2D>(
        tf.sub(tf.relu(x), tf.mul(x, targets)),
        tf.log1p(tf.exp(tf.neg(tf.abs(x)))),
      );
      return {
        value,
        gradFunc: (gradient: Tensor2D, [saved]: Tensor[]) =>
          tf.mul(gradient, tf.sub(tf.sigmoid(saved ?? x), targets)),
      };
    });
    return losses(logits);
  }

  #chain(layers: readonly DenseLayer[], input: Tensor2D): Tensor2D {
    return layers.reduce((x, layer) => this.#activate(layer.activation, this.#dense(layer, x)), input);
  }

  /** y = x·Wᵀ + b. */
  #dense({ name }: DenseLayer, x: Tensor2D): Tensor2D {
    const product = this.#tf.matMul<Tensor2D>(x, this.#variable(`${name}.weight`), false, true);
    return this.#tf.add(product, this.#variable(`${name}.bias`));
  }

  #activate(activation: Activation, x: Tensor2D): Tensor2D {
    switch (activation) {
      case "relu":
        return this.#tf.relu(x);
      case "tanh":
        return this.#tf.tanh(x);
      case "sigmoid":
        return this.#tf.sigmoid(x);
      case "linear":
        return x;
      default:
        return activation satisfies never;
    }
  }

  #outputLayer(): DenseLayer {
    const layer = this.#network.decoder.at(-1);
    if (layer === undefined) throw new RangeError("a network without a decoder");
    return layer;
  }

  #variable(name: string): Variable {
    const variable = this.#variables.get(name);
    if (variable === undefined) throw new RangeError(`no tensor ${name}`);
    return variable;
  }
}
