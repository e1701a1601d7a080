/**
 * One open network on a GPU: epochs, losses, evaluations and states over a Machine.
 */
import type { Evaluation } from "../../../contract/losses.ts";
import { bceFloorPerPixel } from "../../data/bce-floor.ts";
import type { Dataset, SplitName } from "../../data/dataset.ts";
import { initialParameters } from "../../model/initialise.ts";
import { lossScale, type Network } from "../../model/network.ts";
import type { BatchMatrix, Plan } from "../../model/program.ts";
import { permutation, RandomSequence, streams } from "../../random.ts";
import { adamSlot } from "../adam-slot.ts";
import type { Device, Session, StepLosses, TensorState, TrainingState } from "../engine.ts";
import { evaluationOf } from "../evaluation-sums.ts";
import { requireWhole } from "../require-whole.ts";
import { KL, LATENT_SUMS, RECONSTRUCTION, SQUARES } from "./control-words.ts";
import type { GpuDevice } from "./gpu-device.ts";
import type { Machine, ProgramName } from "./machine.ts";
import { readTensors, writeTensors } from "./parameter-tensors.ts";

export interface SessionParts {
  readonly device: Device;
  readonly arrangement: string;
  readonly network: Network;
  readonly plan: Plan;
  /** Null without one. */
  readonly dataset: Dataset | null;
  readonly gpu: GpuDevice;
  readonly machine: Machine;
}

export class WebgpuSession implements Session {
  readonly device: Device;
  readonly arrangement: string;
  readonly #network: Network;
  readonly #plan: Plan;
  readonly #gpu: GpuDevice;
  readonly #machine: Machine;
  readonly #dataset: Dataset | null;
  /** The least cross-entropy of a pixel, of the splits that were evaluated: to count all pixels takes a while. */
  readonly #floors = new Map<SplitName, number>();
  #step = 0;
  /** The epoch whose order the GPU has; -1: none. */
  #orderedEpoch = -1;
  #nextOrder: { readonly epoch: number; readonly order: Uint32Array<ArrayBuffer> } | null = null;

  /** On a machine that was just opened. Throws a Failure: out-of-memory, engine-failed. */
  static async open(parts: SessionParts): Promise<WebgpuSession> {
    const { machine, plan, network } = parts;
    // Moments are zero, as all memory is that a machine begins with.
    await writeTensors(machine, plan.layers, "weight", initialParameters(network));
    return new WebgpuSession(parts);
  }

  private constructor({ device, arrangement, network, plan, dataset, gpu, machine }: SessionParts) {
    this.device = device;
    this.arrangement = arrangement;
    this.#network = network;
    this.#plan = plan;
    this.#gpu = gpu;
    this.#machine = machine;
    this.#dataset = dataset;
  }

  prepare(): void {
    this.#machine.prepare();
  }

  async train(steps: number): Promise<StepLosses> {
    requireWhole(steps, "steps");
    const images = this.#requireDataset().train.count;
    const { batch } = this.#network;
    const stepsPerEpoch = Math.ceil(images / batch);
    const losses = {
      reconstruction: new Float64Array(steps),
      kl: new Float64Array(steps),
      imagesPerStep: new Int32Array(steps),
    };
    const scale = lossScale(this.#network);
    const { slot } = this.#machine;
    for (let done = 0; done < steps; ) {
      const epoch = Math.floor(this.#step / stepsPerEpoch);
      const firstStep = this.#step % stepsPerEpoch;
      const count = Math.min(steps - done, stepsPerEpoch - firstStep, this.#machine.stepsPerCall);
      this.#orderEpoch(epoch, images);
      this.#machine.writeAdam(this.#adamSlots(count));
      const range = { split: "train", ordered: true, count: images, batch, firstStep } as const;
      await this.#machine.run("train", count, { ...range, globalStep: this.#step });
      const reading = this.#machine.results(count);
      // The GPU is busy meanwhile.
      if (firstStep + count === stepsPerEpoch) this.#prepareOrder(epoch + 1, images);
      const results = await reading;
      for (let index = 0; index < count; index++) {
        losses.reconstruction[done + index] = (results[index * slot + RECONSTRUCTION] ?? 0) * scale;
        losses.kl[done + index] = this.#network.variational ? (results[index * slot + KL] ?? 0) * scale : 0;
        losses.imagesPerStep[done + index] = Math.min(batch, images - (firstStep + index) * batch);
      }
      this.#step += count;
      done += count;
    }
    return { ...losses, images: losses.imagesPerStep.reduce((sum, images) => sum + images, 0) };
  }

  async evaluate(name: SplitName): Promise<Evaluation> {
    const { count: images } = this.#requireDataset()[name];
    const { slot, map } = this.#machine;
    const batches = Math.ceil(images / map.rows);
    const sums = new Float64Array(slot);
    for (let done = 0; done < batches; ) {
      const count = Math.min(batches - done, this.#machine.stepsPerCall);
      const range = { split: name, ordered: false, count: images, batch: map.rows, firstStep: done } as const;
      await this.#machine.run("evaluate", count, { ...range, globalStep: 0 });
      const results = await this.#machine.results(count);
      for (const [index, value] of results.entries()) sums[index % slot] = (sums[index % slot] ?? 0) + value;
      done += count;
    }
    const { variational } = this.#network;
    return evaluationOf(
      this.#network,
      {
        images,
        reconstruction: sums[RECONSTRUCTION] ?? 0,
        kl: variational ? (sums[KL] ?? 0) : 0,
        squares: sums[SQUARES] ?? 0,
        latent: sums.subarray(LATENT_SUMS),
      },
      () => this.#floorOf(name),
    );
  }

  encode(images: Float32Array): Promise<Float32Array> {
    const { pixels, latent } = this.#network;
    return this.#transform("encode", images, [this.#plan.images, pixels], [this.#plan.latents, latent]);
  }

  decode(latents: Float32Array): Promise<Float32Array> {
    const { pixels, latent } = this.#network;
    return this.#transform(
      "decode",
      latents,
      [this.#plan.latents, latent],
      [this.#plan.reconstructions, pixels],
    );
  }

  async state(): Promise<TrainingState> {
    const { layers } = this.#plan;
    const [values, firstMoments, secondMoments] = [
      await readTensors(this.#machine, layers, "weight"),
      await readTensors(this.#machine, layers, "firstMoment"),
      await readTensors(this.#machine, layers, "secondMoment"),
    ];
    const tensors = new Map<string, TensorState>();
    for (const [name, value] of values)
      tensors.set(name, {
        value,
        firstMoment: firstMoments.get(name) ?? new Float32Array(),
        secondMoment: secondMoments.get(name) ?? new Float32Array(),
      });
    return { step: this.#step, tensors };
  }

  async restore(state: TrainingState): Promise<void> {
    const { layers } = this.#plan;
    const part = (name: keyof TensorState) =>
      new Map([...state.tensors].map(([tensor, parts]) => [tensor, parts[name]]));
    await writeTensors(this.#machine, layers, "weight", part("value"));
    await writeTensors(this.#machine, layers, "firstMoment", part("firstMoment"));
    await writeTensors(this.#machine, layers, "secondMoment", part("secondMoment"));
    this.#step = state.step;
    await this.#gpu.written();
  }

  close(): Promise<void> {
    this.#machine.close();
    return Promise.resolve();
  }

  async #transform(
    program: ProgramName,
    input: Float32Array,
    [from, fromColumns]: readonly [BatchMatrix, number],
    [to, toColumns]: readonly [BatchMatrix, number],
  ): Promise<Float32Array> {
    const count = input.length / fromColumns;
    requireWhole(count, `rows of ${fromColumns} values`);
    const { rows: most } = this.#machine.map;
    const output = new Float32Array(count * toColumns);
    for (let done = 0; done < count; done += most) {
      const rows = Math.min(most, count - done);
      this.#machine.writeMatrix(from, rows, input.subarray(done * fromColumns, (done + rows) * fromColumns));
      const range = { split: null, ordered: false, count: rows, batch: rows, firstStep: 0, globalStep: 0 };
      await this.#machine.run(program, 1, range);
      output.set(await this.#machine.readMatrix(to, rows), done * toColumns);
    }
    return output;
  }

  #adamSlots(count: number): Float32Array<ArrayBuffer> {
    const slots = new Float32Array(count * 4);
    for (let index = 0; index < count; index++)
      slots.set(adamSlot(this.#network.optimizer, this.#step + index + 1), index * 4);
    return slots;
  }

  #orderEpoch(epoch: number, count: number): void {
    if (this.#orderedEpoch === epoch) return;
    this.#prepareOrder(epoch, count);
    if (this.#nextOrder !== null) this.#machine.writeOrder(this.#nextOrder.order);
    this.#orderedEpoch = epoch;
  }

  /** Shuffling takes the host milliseconds, in which the GPU should not wait. */
  #prepareOrder(epoch: number, count: number): void {
    if (this.#nextOrder?.epoch === epoch) return;
    const sequence = new RandomSequence(this.#network.seed, streams.shuffle, epoch);
    this.#nextOrder = { epoch, order: new Uint32Array(permutation(count, sequence)) };
  }

  #floorOf(name: SplitName): number {
    const floor = this.#floors.get(name) ?? bceFloorPerPixel(this.#requireDataset()[name].pixels);
    this.#floors.set(name, floor);
    return floor;
  }

  #requireDataset(): Dataset {
    if (this.#dataset === null) throw new RangeError("this session was opened without a dataset");
    return this.#dataset;
  }
}
