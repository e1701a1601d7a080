/**
 * One open network on TensorFlow.js: its variables, its images, and the calls of the engine boundary. It is given the
 * library, so the same code runs on CUDA, on TensorFlow's CPU build and on pure JavaScript.
 */
import { setImmediate } from "node:timers/promises";
import type { Scalar, Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import type { Evaluation } from "../../../contract/losses.ts";
import { bceFloorPerPixel } from "../../data/bce-floor.ts";
import type { Dataset, SplitName } from "../../data/dataset.ts";
import { latentNoise } from "../../model/latent-noise.ts";
import { lossScale, type Network } from "../../model/network.ts";
import { permutation, RandomSequence, type Stream, streams } from "../../random.ts";
import type { Device, Session, StepLosses, TrainingState } from "../engine.ts";
import { requireWhole } from "../require-whole.ts";
import { rowsAtATime } from "../rows-at-a-time.ts";
import { BatchSums } from "./batch-sums.ts";
import { DenseModel } from "./dense-model.ts";
import { ImageStore } from "./image-store.ts";
import type { Tensorflow } from "./library.ts";
import { ParameterVariables } from "./parameter-variables.ts";

/** To read a loss is to wait for the GPU: the losses of so many steps are read at once. */
const stepsBetweenReads = 64;

interface SplitImages {
  readonly store: ImageStore;
  /** Of the cross-entropy; see bce-floor.ts. */
  readonly floorPerPixel: number;
}

export class TensorflowSession implements Session {
  readonly device: Device;
  readonly arrangement = null;
  readonly #tf: Tensorflow;
  readonly #network: Network;
  readonly #parameters: ParameterVariables;
  readonly #model: DenseModel;
  readonly #splits: Readonly<Record<SplitName, SplitImages>> | null;
  readonly #rows: number;
  #step = 0;
  /** The order of one epoch's images. */
  #order: { readonly epoch: number; readonly images: Uint32Array } | null = null;

  constructor(tf: Tensorflow, network: Network, dataset: Dataset | null, device: Device) {
    this.device = device;
    this.#tf = tf;
    this.#network = network;
    this.#rows = rowsAtATime(network);
    this.#parameters = new ParameterVariables(tf, network);
    this.#model = new DenseModel(tf, network, this.#parameters.values());
    const open = (name: SplitName, { [name]: split }: Dataset): SplitImages => ({
      store: new ImageStore(tf, split, network.pixels),
      floorPerPixel: bceFloorPerPixel(split.pixels),
    });
    this.#splits = dataset && { train: open("train", dataset), test: open("test", dataset) };
  }

  async train(steps: number): Promise<StepLosses> {
    requireWhole(steps, "steps");
    const { store } = this.#requireSplits().train;
    const losses = {
      reconstruction: new Float64Array(steps),
      kl: new Float64Array(steps),
      imagesPerStep: new Int32Array(steps),
    };
    const scale = lossScale(this.#network);
    for (let done = 0; done < steps; ) {
      const count = Math.min(steps - done, stepsBetweenReads);
      const sums: Tensor[] = [];
      for (let index = 0; index < count; index++) {
        const batch = this.#batchOf(this.#step, store.count);
        losses.imagesPerStep[done + index] = batch.length;
        sums.push(this.#takeStep(store, batch));
        this.#step++;
        // The process has others to listen to: signals, and editors that watch it.
        await setImmediate();
      }
      const read = await this.#read(() => this.#tf.stack(sums), sums);
      for (let index = 0; index < count; index++) {
        losses.reconstruction[done + index] = (read[2 * index] ?? Number.NaN) * scale;
        losses.kl[done + index] = (read[2 * index + 1] ?? Number.NaN) * scale;
      }
      done += count;
    }
    return { ...losses, images: losses.imagesPerStep.reduce((sum, images) => sum + images, 0) };
  }

  async evaluate(name: SplitName): Promise<Evaluation> {
    const { store, floorPerPixel } = this.#requireSplits()[name];
    const sums = new BatchSums(this.#network);
    for (let first = 0; first < store.count; first += this.#rows) {
      const rows = Math.min(this.#rows, store.count - first);
      // Each image's losses, and for a VAE each latent's: they are summed here, in float64.
      const parts = this.#tf.tidy(() => {
        const images = store.range(first, rows);
        const encoded = this.#model.encode(images);
        const noise = this.#noise(streams.evaluationNoise, 0, first, rows);
        const logits = this.#model.logits(this.#model.sample(encoded, noise));
        // The reconstruction that is looked at is that of the means, without noise.
        const still = noise === null ? logits : this.#model.logits(encoded.mean);
        const errors = this.#tf.squaredDifference(this.#model.output(still), images);
        const divergences = this.#model.divergences(encoded);
        return [
          this.#tf.sum(this.#model.reconstructionLosses(logits, images), 1),
          this.#tf.sum(errors, 1),
          ...(divergences === null ? [] : [divergences, encoded.mean]),
        ];
      });
      const [reconstruction, squares, divergences, means] = await this.#readAll(parts);
      sums.add({ reconstruction, squares, divergences, means });
      await setImmediate();
    }
    return sums.evaluation(store.count, floorPerPixel);
  }

  encode(images: Float32Array): Promise<Float32Array> {
    const { pixels, latent } = this.#network;
    return this.#transform(images, pixels, latent, (rows) => this.#model.encode(rows).mean);
  }

  decode(latents: Float32Array): Promise<Float32Array> {
    const { pixels, latent } = this.#network;
    return this.#transform(latents, latent, pixels, (rows) => this.#model.output(this.#model.logits(rows)));
  }

  async state(): Promise<TrainingState> {
    return { step: this.#step, tensors: await this.#parameters.read() };
  }

  restore(state: TrainingState): Promise<void> {
    this.#parameters.write(state.tensors);
    this.#step = state.step;
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#parameters.dispose();
    for (const split of Object.values(this.#splits ?? {})) split.store.dispose();
    return Promise.resolve();
  }

  /** Forward, backward, Adam. Returns [reconstruction, KL], summed over the batch, from before the step. */
  #takeStep(store: ImageStore, batch: Uint32Array): Tensor {
    const tf = this.#tf;
    const { loss } = this.#network;
    const scale = lossScale(this.#network) / (loss.reduction === "mean" ? batch.length : 1);
    return tf.tidy(() => {
      const images = store.batch(batch);
      const noise = this.#noise(streams.trainingNoise, this.#step, 0, batch.length);
      const sums: Tensor[] = [];
      const { grads } = tf.variableGrads(() => {
        const encoded = this.#model.encode(images);
        const logits = this.#model.logits(this.#model.sample(encoded, noise));
        const reconstruction = tf.sum(this.#model.reconstructionLosses(logits, images));
        const divergences = this.#model.divergences(encoded);
        const kl = divergences === null ? tf.scalar(0) : tf.sum(divergences);
        sums.push(tf.keep(tf.stack([reconstruction, kl])));
        return tf.mul<Scalar>(tf.add(reconstruction, tf.mul(kl, loss.beta)), scale);
      }, [...this.#parameters.values().values()]);
      this.#parameters.applyAdam(grads, this.#step + 1);
      return requireOne(sums);
    });
  }

  /** ε for `rows` rows from `first`: [rows, latent]; null for a plain autoencoder. */
  #noise(stream: Stream, step: number, first: number, rows: number): Tensor2D | null {
    const { seed, latent, variational } = this.#network;
    if (!variational) return null;
    const values = Float32Array.from({ length: rows * latent }, (_, index) =>
      latentNoise(seed, stream, latent, step, first + Math.floor(index / latent), index % latent),
    );
    return this.#tf.tensor2d(values, [rows, latent]);
  }

  /** Indices of the images of step `step`, counted from 0 over all epochs; an epoch's last batch may be short. */
  #batchOf(step: number, images: number): Uint32Array {
    const { batch, seed } = this.#network;
    const stepsPerEpoch = Math.ceil(images / batch);
    const epoch = Math.floor(step / stepsPerEpoch);
    if (this.#order?.epoch !== epoch)
      this.#order = {
        epoch,
        images: permutation(images, new RandomSequence(seed, streams.shuffle, epoch)),
      };
    const first = (step % stepsPerEpoch) * batch;
    return this.#order.images.subarray(first, first + batch);
  }

  async #transform(
    input: Float32Array,
    from: number,
    to: number,
    of: (rows: Tensor2D) => Tensor2D,
  ): Promise<Float32Array> {
    const count = input.length / from;
    requireWhole(count, `rows of ${from} values`);
    const output = new Float32Array(count * to);
    for (let first = 0; first < count; first += this.#rows) {
      const rows = Math.min(this.#rows, count - first);
      const values = input.slice(first * from, (first + rows) * from);
      output.set(await this.#read(() => of(this.#tf.tensor2d(values, [rows, from])), []), first * to);
    }
    return output;
  }

  /** The values of what `compute` returns; disposes of it, and of `used`. */
  async #read(compute: () => Tensor, used: readonly Tensor[]): Promise<Float32Array> {
    const tensor = this.#tf.tidy(compute);
    const values = Float32Array.from(await tensor.data<"float32">());
    for (const other of [tensor, ...used]) other.dispose();
    return values;
  }

  async #readAll(tensors: readonly Tensor[]): Promise<Float32Array[]> {
    const values: Float32Array[] = [];
    for (const tensor of tensors) values.push(await this.#read(() => tensor, []));
    return values;
  }

  #requireSplits(): Readonly<Record<SplitName, SplitImages>> {
    if (this.#splits === null) throw new RangeError("this session was opened without a dataset");
    return this.#splits;
  }
}

function requireOne(tensors: readonly Tensor[]): Tensor {
  const [tensor] = tensors;
  if (tensor === undefined) throw new RangeError("the losses were not computed");
  return tensor;
}
