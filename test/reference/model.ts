/**
 * Both models in float64: a Network's forward pass, its gradients and its Adam steps, put together from
 * operations.ts. It knows nothing of datasets, seeds or engines: images and latent noise are handed in.
 */
import type { TrainingState } from "../../src/ml/engine/engine.ts";
import { type DenseLayer, lossScale, type Network, networkTensors } from "../../src/ml/model/network.ts";
import { Matrix } from "./matrix.ts";
import * as operations from "./operations.ts";

/** What one forward pass computed, kept for the backward pass. */
export interface Pass {
  /** The images [rows, pixels], then the output of each encoder layer. */
  readonly encoder: readonly Matrix[];
  /** [rows, latent]: the mean μ of a VAE, the latents of a plain autoencoder. */
  readonly mean: Matrix;
  /** [rows, latent], before clamping; null for a plain autoencoder. */
  readonly logVariance: Matrix | null;
  /** The latents [rows, latent], then the output of each decoder layer; the last is the reconstruction. */
  readonly decoder: readonly Matrix[];
  /** What the output activation is applied to, [rows, pixels]. */
  readonly logits: Matrix;
  /** Before any scale: [rows, pixels] and [rows, latent] (no columns for a plain autoencoder). */
  readonly reconstructionLosses: Matrix;
  readonly divergences: Matrix;
}

export interface Parameter {
  readonly value: Matrix;
  readonly firstMoment: Matrix;
  readonly secondMoment: Matrix;
}

/** Sums over the images of a step, in the experiment's unit, as an engine's StepLosses. */
export interface StepLoss {
  readonly reconstruction: number;
  readonly kl: number;
}

export class ReferenceModel {
  readonly network: Network;
  /** By the network's tensor names; a bias [outputs] is a matrix of one row. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  #step: number;

  /** Starts from a session's state, whose float32 numbers are exact in float64. */
  constructor(network: Network, state: TrainingState) {
    this.network = network;
    this.#step = state.step;
    this.parameters = new Map(
      networkTensors(network).map(({ name, shape }) => {
        const tensor = state.tensors.get(name);
        if (!tensor) throw new RangeError(`the state has no tensor ${name}`);
        const [rows, cols] = shape.length === 2 ? (shape as [number, number]) : [1, shape[0] as number];
        const copy = (values: Float32Array) => new Matrix(rows, cols, Float64Array.from(values));
        return [
          name,
          {
            value: copy(tensor.value),
            firstMoment: copy(tensor.firstMoment),
            secondMoment: copy(tensor.secondMoment),
          },
        ];
      }),
    );
  }

  /** Steps taken so far. */
  get step(): number {
    return this.#step;
  }

  /** The latents, or for a VAE their means: [rows, latent]. */
  encode(images: Matrix): Matrix {
    return this.#mean(last(this.#forward(this.network.encoder, images)));
  }

  /** Images in 0..1 where the output is a sigmoid: [rows, pixels]. */
  decode(latents: Matrix): Matrix {
    return last(this.#forward(this.network.decoder, latents));
  }

  /** `images` [rows, pixels] in 0..1; `noise` ε [rows, latent], standard normal, unused by a plain autoencoder. */
  forward(images: Matrix, noise: Matrix): Pass {
    const { network } = this;
    const encoder = this.#forward(network.encoder, images);
    const mean = this.#mean(last(encoder));
    const logVariance = network.variational ? this.#dense(this.#head(1), last(encoder)) : null;
    const latents = logVariance ? operations.sampleForward(mean, logVariance, noise) : mean;
    const output = last(network.decoder);
    const hidden = this.#forward(network.decoder.slice(0, -1), latents);
    const logits = this.#dense(output, last(hidden));
    return {
      encoder,
      mean,
      logVariance,
      decoder: [...hidden, operations.activationForward(output.activation, logits)],
      logits,
      reconstructionLosses:
        network.loss.reconstruction === "bce"
          ? operations.crossEntropyForward(logits, images)
          : operations.squaredErrorForward(output.activation, logits, images),
      divergences: logVariance ? operations.divergenceForward(mean, logVariance) : new Matrix(images.rows, 0),
    };
  }

  /**
   * The number whose gradients `backward` returns. Under reduction "sum", over all images of the batch: the sum
   * over pixels of the reconstruction loss, plus β·KL. Under "mean" the same, divided by pixels and by images.
   */
  objective(pass: Pass): number {
    const { reconstruction, kl } = this.losses(pass);
    const images = this.network.loss.reduction === "mean" ? pass.mean.rows : 1;
    return (reconstruction + this.network.loss.beta * kl) / images;
  }

  losses(pass: Pass): StepLoss {
    const scale = lossScale(this.network);
    return { reconstruction: pass.reconstructionLosses.sum() * scale, kl: pass.divergences.sum() * scale };
  }

  /** The gradient of the objective with respect to every parameter, by tensor name. */
  backward(images: Matrix, noise: Matrix, pass: Pass): Map<string, Matrix> {
    const { network } = this;
    const gradients = new Map<string, Matrix>();
    const scale = network.loss.reduction === "mean" ? 1 / (network.pixels * images.rows) : 1;
    const dLogits = (
      network.loss.reconstruction === "bce"
        ? operations.crossEntropyBackward(pass.logits, images)
        : operations.squaredErrorBackward(last(network.decoder).activation, pass.logits, images)
    ).map((value) => value * scale);
    const dLatents = this.#backward(network.decoder, pass.decoder, dLogits, gradients);
    const dHeads = this.#latentBackward(pass, noise, dLatents, scale * network.loss.beta);
    const hidden = last(pass.encoder);
    const dHidden = dHeads
      .map((gradient, index) => this.#denseBackward(this.#head(index), hidden, gradient, gradients))
      .reduce((sum, part) => sum.map((value, row, col) => value + part.at(row, col)));
    const lastEncoder = network.encoder.at(-1);
    if (lastEncoder) {
      const gradient = operations.activationBackward(lastEncoder.activation, hidden, dHidden);
      this.#backward(network.encoder, pass.encoder, gradient, gradients);
    }
    return gradients;
  }

  /** Forward, backward, Adam. Returns the losses before the step. */
  trainStep(images: Matrix, noise: Matrix): StepLoss {
    const pass = this.forward(images, noise);
    const gradients = this.backward(images, noise, pass);
    this.#step++;
    for (const [name, { value, firstMoment, secondMoment }] of this.parameters)
      operations.adamStep(
        this.network.optimizer,
        this.#step,
        value,
        firstMoment,
        secondMoment,
        gradients.get(name) as Matrix,
      );
    return this.losses(pass);
  }

  /** Gradients before the activation of each latent head: one head for an autoencoder, [dμ, dlogσ²] for a VAE. */
  #latentBackward(pass: Pass, noise: Matrix, dLatents: Matrix, divergenceScale: number): Matrix[] {
    if (!pass.logVariance)
      return [operations.activationBackward(this.#head(0).activation, pass.mean, dLatents)];
    const sample = operations.sampleBackward(pass.logVariance, noise, dLatents);
    const divergence = operations.divergenceBackward(pass.mean, pass.logVariance);
    return (["mean", "logVariance"] as const).map((part) =>
      sample[part].map((value, row, col) => value + divergenceScale * divergence[part].at(row, col)),
    );
  }

  /** The input, then every layer's output. */
  #forward(layers: readonly DenseLayer[], input: Matrix): Matrix[] {
    const outputs = [input];
    for (const layer of layers)
      outputs.push(operations.activationForward(layer.activation, this.#dense(layer, last(outputs))));
    return outputs;
  }

  /**
   * `outputs` as #forward returned them; `gradient` belongs to the last layer *before* its activation. Adds every
   * layer's parameter gradients to `gradients` and returns the gradient of the chain's input.
   */
  #backward(
    layers: readonly DenseLayer[],
    outputs: readonly Matrix[],
    gradient: Matrix,
    gradients: Map<string, Matrix>,
  ): Matrix {
    let beforeActivation = gradient;
    for (let index = layers.length - 1; ; index--) {
      const input = outputs[index] as Matrix;
      const dInput = this.#denseBackward(layers[index] as DenseLayer, input, beforeActivation, gradients);
      const previous = layers[index - 1];
      if (!previous) return dInput;
      beforeActivation = operations.activationBackward(previous.activation, input, dInput);
    }
  }

  #dense(layer: DenseLayer, input: Matrix): Matrix {
    return operations.denseForward(
      input,
      this.#value(`${layer.name}.weight`),
      this.#value(`${layer.name}.bias`),
    );
  }

  #denseBackward(layer: DenseLayer, input: Matrix, gradient: Matrix, gradients: Map<string, Matrix>): Matrix {
    const result = operations.denseBackward(input, this.#value(`${layer.name}.weight`), gradient);
    gradients.set(`${layer.name}.weight`, result.weight);
    gradients.set(`${layer.name}.bias`, result.bias);
    return result.x;
  }

  #head(index: number): DenseLayer {
    const head = this.network.latentHeads[index];
    if (!head) throw new RangeError(`no latent head ${index}`);
    return head;
  }

  /** The latents, or their means, from the last encoder layer's output. */
  #mean(hidden: Matrix): Matrix {
    const head = this.#head(0);
    return operations.activationForward(head.activation, this.#dense(head, hidden));
  }

  #value(name: string): Matrix {
    const parameter = this.parameters.get(name);
    if (!parameter) throw new RangeError(`no tensor ${name}`);
    return parameter.value;
  }
}

function last<T>(items: readonly T[]): T {
  const item = items.at(-1);
  if (item === undefined) throw new RangeError("empty list");
  return item;
}
