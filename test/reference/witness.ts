/**
 * Both models once more, in TensorFlow.js on its pure JavaScript backend: other people's operations, gradients and
 * Adam, to check the reference's formulas by. Float32. Where its defaults differ from ours they are set explicitly:
 *
 * - `tf.losses.*` default to SUM_BY_NONZERO_WEIGHTS, a mean over all elements; here SUM, scaled afterwards.
 * - `tf.train.adam` defaults to ε = the backend's epsilon, 1e-7; here the experiment's. It adds ε to √(v/(1−β₂ᵗ)),
 *   so after the bias correction (tfjs-core 4.22, optimizers/adam_optimizer): our "corrected" placement, which is
 *   PyTorch's and not Keras's. It knows no other, so it can be no witness for "uncorrected".
 */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import type { Activation } from "../../src/contract/experiment.ts";
import type { TrainingState } from "../../src/ml/engine/engine.ts";
import { type DenseLayer, lossScale, type Network, networkTensors } from "../../src/ml/model/network.ts";
import type { Matrix } from "./matrix.ts";
import { logVarianceRange } from "./operations.ts";
import { registerGradients } from "./tensorflow-gradients.ts";

interface Losses {
  readonly reconstruction: tf.Scalar;
  readonly kl: tf.Scalar;
}

/** Once per process, before the first Witness. */
export async function callWitness(): Promise<void> {
  await registerGradients();
  // Production mode leaves out a notice that praises another backend.
  tf.enableProdMode();
  await tf.setBackend("cpu");
}

export class Witness {
  readonly #network: Network;
  readonly #variables: ReadonlyMap<string, tf.Variable>;
  readonly #optimizer: tf.AdamOptimizer;

  constructor(network: Network, state: TrainingState) {
    const { optimizer } = network;
    if (optimizer.epsilonPlacement !== "corrected")
      throw new RangeError("tfjs corrects before it adds epsilon");
    this.#network = network;
    this.#variables = new Map(
      networkTensors(network).map(({ name, shape }) => [
        name,
        tf.variable(tf.tensor(state.tensors.get(name)?.value as Float32Array, [...shape])),
      ]),
    );
    this.#optimizer = tf.train.adam(
      optimizer.learningRate,
      optimizer.beta1,
      optimizer.beta2,
      optimizer.epsilon,
    );
  }

  /** Sums over the images in the experiment's unit, and the gradient of every parameter by tensor name. */
  gradients(
    images: Matrix,
    noise: Matrix,
  ): { losses: [number, number]; gradients: Map<string, Float32Array> } {
    tf.engine().startScope();
    try {
      const losses = this.#losses(tensorOf(images), tensorOf(noise));
      const { grads } = tf.variableGrads(
        () => this.#objective(tensorOf(images), tensorOf(noise)),
        [...this.#variables.values()],
      );
      const gradients = new Map<string, Float32Array>();
      for (const [name, variable] of this.#variables)
        gradients.set(name, floats(grads[variable.name] as tf.Tensor));
      return { losses: [number(losses.reconstruction), number(losses.kl)], gradients };
    } finally {
      tf.engine().endScope();
    }
  }

  trainStep(images: Matrix, noise: Matrix): void {
    this.#optimizer.minimize(() => this.#objective(tensorOf(images), tensorOf(noise)), false, [
      ...this.#variables.values(),
    ]);
  }

  parameter(name: string): Float32Array {
    return floats(this.#variable(name));
  }

  dispose(): void {
    this.#optimizer.dispose();
    for (const variable of this.#variables.values()) variable.dispose();
  }

  #objective(images: tf.Tensor2D, noise: tf.Tensor2D): tf.Scalar {
    const { reconstruction, kl } = this.#losses(images, noise);
    const count = this.#network.loss.reduction === "mean" ? images.shape[0] : 1;
    return tf.div(tf.add(reconstruction, tf.mul(kl, this.#network.loss.beta)), count);
  }

  #losses(images: tf.Tensor2D, noise: tf.Tensor2D): Losses {
    const network = this.#network;
    const hidden = this.#chain(network.encoder, images);
    const [first, second] = network.latentHeads as [DenseLayer, DenseLayer | undefined];
    const mean = activate(first.activation, this.#dense(first, hidden));
    const { least, most } = logVarianceRange;
    const logVariance = second ? tf.clipByValue(this.#dense(second, hidden), least, most) : null;
    const latents = logVariance
      ? tf.add<tf.Tensor2D>(mean, tf.mul(tf.exp(tf.mul(logVariance, 0.5)), noise))
      : mean;
    const output = network.decoder.at(-1) as DenseLayer;
    const logits = this.#dense(output, this.#chain(network.decoder.slice(0, -1), latents));
    const { SUM } = tf.Reduction;
    const reconstruction =
      network.loss.reconstruction === "bce"
        ? tf.losses.sigmoidCrossEntropy<tf.Tensor2D, tf.Scalar>(images, logits, undefined, 0, SUM)
        : tf.losses.meanSquaredError<tf.Tensor2D, tf.Scalar>(
            images,
            activate(output.activation, logits),
            undefined,
            SUM,
          );
    const kl = logVariance ? divergence(mean, logVariance) : tf.scalar(0);
    const scale = lossScale(network);
    return { reconstruction: tf.mul(reconstruction, scale), kl: tf.mul(kl, scale) };
  }

  #chain(layers: readonly DenseLayer[], input: tf.Tensor2D): tf.Tensor2D {
    return layers.reduce((x, layer) => activate(layer.activation, this.#dense(layer, x)), input);
  }

  #dense(layer: DenseLayer, input: tf.Tensor2D): tf.Tensor2D {
    const weight = this.#variable(`${layer.name}.weight`) as tf.Variable<tf.Rank.R2>;
    return tf.add(tf.matMul(input, weight, false, true), this.#variable(`${layer.name}.bias`));
  }

  #variable(name: string): tf.Variable {
    const variable = this.#variables.get(name);
    if (!variable) throw new RangeError(`no tensor ${name}`);
    return variable;
  }
}

/** −½ Σ (1 + logσ² − μ² − σ²). */
function divergence(mean: tf.Tensor2D, logVariance: tf.Tensor2D): tf.Scalar {
  const terms = tf.sub(tf.sub(tf.add(logVariance, 1), tf.square(mean)), tf.exp(logVariance));
  return tf.mul(tf.sum(terms), -0.5);
}

function activate(activation: Activation, x: tf.Tensor2D): tf.Tensor2D {
  switch (activation) {
    case "relu":
      return tf.relu(x);
    case "tanh":
      return tf.tanh(x);
    case "sigmoid":
      return tf.sigmoid(x);
    case "linear":
      return x;
  }
}

function tensorOf(matrix: Matrix): tf.Tensor2D {
  return tf.tensor2d(Float32Array.from(matrix.values), [matrix.rows, matrix.cols]);
}

function floats(tensor: tf.Tensor): Float32Array {
  return tensor.dataSync<"float32">();
}

function number(scalar: tf.Scalar): number {
  return floats(scalar)[0] ?? Number.NaN;
}
