/**
 * A Network: what an experiment's model is made of, before anything is computed. Layers, shapes, parameter
 * tensors and the rules of the loss; no buffers, no order of execution (see program.ts for those).
 */
import type { Activation, Experiment } from "../../contract/experiment.ts";

/** One trainable tensor, named and shaped as PyTorch would: weight [outputs, inputs], bias [outputs]. */
export interface ParameterTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A fully connected layer: y = activation(x·Wᵀ + b). */
export interface DenseLayer {
  /** "encoder.fc1": its tensors are `${name}.weight` and `${name}.bias`. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: Activation;
}

export interface Network {
  readonly pixels: number;
  readonly latent: number;
  readonly variational: boolean;
  /** From pixels to the last layer before the latents. */
  readonly encoder: readonly DenseLayer[];
  /**
   * The layer or layers that make the latents: one for a plain autoencoder;
   * for a VAE two that share their input, the mean μ and the log-variance.
   */
  readonly latentHeads: readonly DenseLayer[];
  /** From latents to pixels; the last one carries the output activation. */
  readonly decoder: readonly DenseLayer[];
  readonly loss: Experiment["loss"];
  readonly optimizer: Experiment["optimizer"];
  readonly initialisation: Experiment["model"]["initialisation"];
  readonly batch: number;
  readonly seed: number;
}

/** The Network an experiment describes. The experiment has been validated: its widths meet. */
export function buildNetwork(experiment: Experiment): Network {
  const { model, loss, optimizer, training } = experiment;
  const variational = model.kind === "variational";
  const encoderWidths = model.encoder.slice(0, -1);
  const pixels = widthAt(model.encoder, 0);
  const latent = widthAt(model.encoder, model.encoder.length - 1);
  const beforeLatent = widthAt(encoderWidths, encoderWidths.length - 1);
  const encoder = chain("encoder", encoderWidths, () => model.activation);
  const head = (name: string, activation: Activation): DenseLayer => ({
    name: `encoder.${name}`,
    inputs: beforeLatent,
    outputs: latent,
    activation,
  });
  const latentHeads = variational
    ? [head("fc_mu", "linear"), head("fc_logvar", "linear")]
    : [head(`fc${encoder.length + 1}`, model.latentActivation)];
  const lastDecoder = model.decoder.length - 2;
  const decoder = chain("decoder", model.decoder, (index) =>
    index === lastDecoder ? model.outputActivation : model.activation,
  );
  return {
    pixels,
    latent,
    variational,
    encoder,
    latentHeads,
    decoder,
    loss,
    optimizer,
    initialisation: model.initialisation,
    batch: training.batch,
    seed: training.seed,
  };
}

/** All layers in the order of their parameters. */
export function networkLayers(network: Network): readonly DenseLayer[] {
  return [...network.encoder, ...network.latentHeads, ...network.decoder];
}

export function networkTensors(network: Network): readonly ParameterTensor[] {
  return networkLayers(network).flatMap((layer) => [
    { name: `${layer.name}.weight`, shape: [layer.outputs, layer.inputs] },
    { name: `${layer.name}.bias`, shape: [layer.outputs] },
  ]);
}

/** How many numbers are trained. */
export function parameterCount(network: Network): number {
  return networkLayers(network).reduce((sum, layer) => sum + layer.outputs * (layer.inputs + 1), 0);
}

/** Divides a summed loss of one image into the unit the experiment reports. */
export function lossScale(network: Network): number {
  return network.loss.reduction === "mean" ? 1 / network.pixels : 1;
}

function chain(
  name: string,
  widths: readonly number[],
  activationOf: (index: number) => Activation,
): DenseLayer[] {
  return widths.slice(1).map((outputs, index) => ({
    name: `${name}.fc${index + 1}`,
    inputs: widthAt(widths, index),
    outputs,
    activation: activationOf(index),
  }));
}

function widthAt(widths: readonly number[], index: number): number {
  const width = widths[index];
  if (width === undefined) throw new RangeError(`no layer width at ${index}`);
  return width;
}
