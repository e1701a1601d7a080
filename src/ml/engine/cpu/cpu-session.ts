/**
 * One open network on the CPU engine: its memory, its workers, and the calls of the engine boundary.
 */
import type { Evaluation } from "../../../contract/losses.ts";
import { bceFloorPerPixel } from "../../data/bce-floor.ts";
import type { Dataset, SplitName } from "../../data/dataset.ts";
import { initialParameters } from "../../model/initialise.ts";
import { lossScale, type Network } from "../../model/network.ts";
import type { Plan } from "../../model/program.ts";
import { permutation, RandomSequence, streams } from "../../random.ts";
import { adamSlot } from "../adam-slot.ts";
import type { Device, Session, StepLosses, TensorState, TrainingState } from "../engine.ts";
import { evaluationOf } from "../evaluation-sums.ts";
import { requireWhole } from "../require-whole.ts";
import { rowsAtATime } from "../rows-at-a-time.ts";
import { ControlBlock, type ImageRange } from "./control-block.ts";
import type { Kernels } from "./kernels.ts";
import { MemoryMap, maximumStepsPerCall } from "./memory-map.ts";
import { packRows, panelLength, storedColumns, unpackRows } from "./panels.ts";
import { ParameterStore } from "./parameter-store.ts";
import { type PlacedProgram, type Programs, placePrograms, writePrograms } from "./programs.ts";
import { allocateMemory } from "./shared-memory.ts";
import { WorkerPool } from "./worker-pool.ts";

export class CpuSession implements Session {
  readonly device: Device;
  readonly arrangement = null;
  readonly #network: Network;
  readonly #plan: Plan;
  /** Images in each split; null without a dataset. */
  readonly #counts: Readonly<Record<SplitName, number>> | null;
  readonly #floors = new Map<SplitName, number>();
  readonly #map: MemoryMap;
  readonly #buffer: ArrayBufferLike;
  readonly #control: ControlBlock;
  readonly #parameters: ParameterStore;
  readonly #pool: WorkerPool;
  readonly #rows: number;
  readonly #programs: Programs;
  #step = 0;
  /** The epoch whose order is in memory; -1: none. */
  #orderedEpoch = -1;

  /** Throws a Failure (out-of-memory). */
  constructor(network: Network, plan: Plan, dataset: Dataset | null, kernels: Kernels, device: Device) {
    this.device = device;
    this.#network = network;
    this.#plan = plan;
    this.#counts = dataset && { train: dataset.train.count, test: dataset.test.count };
    this.#rows = rowsAtATime(network);
    this.#map = new MemoryMap({
      plan,
      pixels: network.pixels,
      latent: network.latent,
      rows: this.#rows,
      threads: device.threads,
      trainImages: dataset?.train.count ?? 0,
      testImages: dataset?.test.count ?? 0,
    });
    this.#programs = placePrograms(plan, network, this.#map, device.threads, {
      skipZeros: dataset !== null && isSparse(dataset.train.pixels),
    });
    const memory = allocateMemory(this.#map.end);
    this.#buffer = memory.buffer;
    writePrograms(this.#programs, this.#buffer);
    this.#control = new ControlBlock(this.#buffer, this.#map, network, kernels.wide);
    this.#parameters = new ParameterStore(plan.layers, this.#map, this.#buffer);
    this.#parameters.write(initialParameters(network));
    if (dataset) {
      this.#bytes(this.#map.trainPixels, dataset.train.pixels.length).set(dataset.train.pixels);
      this.#bytes(this.#map.testPixels, dataset.test.pixels.length).set(dataset.test.pixels);
    }
    this.#pool = new WorkerPool({
      module: kernels.module,
      memory,
      control: this.#map.control,
      threads: device.threads,
    });
  }

  async train(steps: number): Promise<StepLosses> {
    requireWhole(steps, "steps");
    const images = this.#requireCounts().train;
    const stepsPerEpoch = Math.ceil(images / this.#network.batch);
    const losses = {
      reconstruction: new Float64Array(steps),
      kl: new Float64Array(steps),
      imagesPerStep: new Int32Array(steps),
    };
    for (let done = 0; done < steps; ) {
      const epoch = Math.floor(this.#step / stepsPerEpoch);
      const epochStep = this.#step % stepsPerEpoch;
      const count = Math.min(steps - done, stepsPerEpoch - epochStep, maximumStepsPerCall);
      this.#orderEpoch(epoch, images);
      this.#writeAdamSlots(count);
      await this.#run(this.#programs.train, count, {
        pixels: this.#map.trainPixels,
        order: this.#map.order,
        count: images,
        batch: this.#network.batch,
        firstStep: epochStep,
      });
      const scale = lossScale(this.#network);
      const slots = this.#lossSlots(count);
      for (let index = 0; index < count; index++) {
        losses.reconstruction[done + index] = (slots[index * 3] ?? 0) * scale;
        losses.kl[done + index] = (slots[index * 3 + 1] ?? 0) * scale;
        const first = (epochStep + index) * this.#network.batch;
        losses.imagesPerStep[done + index] = Math.min(this.#network.batch, images - first);
      }
      this.#step += count;
      done += count;
    }
    return { ...losses, images: losses.imagesPerStep.reduce((sum, images) => sum + images, 0) };
  }

  async evaluate(name: SplitName): Promise<Evaluation> {
    const images = this.#requireCounts()[name];
    const { latent } = this.#network;
    const sums = new Float64Array(this.#buffer, this.#map.latentSums, 3 * latent);
    sums.fill(0);
    const total = { reconstruction: 0, kl: 0, squares: 0 };
    const batches = Math.ceil(images / this.#rows);
    for (let done = 0; done < batches; ) {
      const count = Math.min(batches - done, maximumStepsPerCall);
      await this.#run(this.#programs.evaluate, count, {
        pixels: this.#pixelsOf(name),
        order: 0,
        count: images,
        batch: this.#rows,
        firstStep: done,
      });
      const slots = this.#lossSlots(count);
      for (let index = 0; index < count; index++) {
        total.reconstruction += slots[index * 3] ?? 0;
        total.kl += slots[index * 3 + 1] ?? 0;
        total.squares += slots[index * 3 + 2] ?? 0;
      }
      done += count;
    }
    return evaluationOf(this.#network, { images, ...total, latent: sums }, () => this.#floorPerPixel(name));
  }

  encode(images: Float32Array): Promise<Float32Array> {
    return this.#transform(
      this.#programs.encode,
      images,
      { matrix: this.#plan.images, columns: this.#network.pixels },
      { matrix: this.#plan.latents, columns: this.#network.latent },
    );
  }

  decode(latents: Float32Array): Promise<Float32Array> {
    return this.#transform(
      this.#programs.decode,
      latents,
      { matrix: this.#plan.latents, columns: this.#network.latent },
      { matrix: this.#plan.reconstructions, columns: this.#network.pixels },
    );
  }

  state(): Promise<TrainingState> {
    return Promise.resolve({ step: this.#step, tensors: this.#parameters.read() });
  }

  restore(state: TrainingState): Promise<void> {
    const values = new Map<string, Float32Array>();
    const moments = new Map<string, TensorState>();
    for (const [name, tensor] of state.tensors) {
      values.set(name, tensor.value);
      moments.set(name, tensor);
    }
    this.#parameters.write(values);
    this.#parameters.writeMoments(moments);
    this.#step = state.step;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #transform(
    program: PlacedProgram,
    input: Float32Array,
    from: { readonly matrix: Plan["images"]; readonly columns: number },
    to: { readonly matrix: Plan["images"]; readonly columns: number },
  ): Promise<Float32Array> {
    const count = input.length / from.columns;
    requireWhole(count, `rows of ${from.columns} values`);
    const output = new Float32Array(count * to.columns);
    for (let done = 0; done < count; done += this.#rows) {
      const rows = Math.min(this.#rows, count - done);
      packRows(
        input.subarray(done * from.columns, (done + rows) * from.columns),
        rows,
        from.columns,
        this.#matrix(from.matrix),
        this.#map.capacity,
      );
      await this.#run(program, 1, { pixels: 0, order: 0, count: rows, batch: rows, firstStep: 0 });
      unpackRows(
        this.#matrix(to.matrix),
        this.#map.capacity,
        rows,
        to.columns,
        output.subarray(done * to.columns, (done + rows) * to.columns),
      );
    }
    return output;
  }

  #run(program: PlacedProgram, steps: number, images: ImageRange): Promise<void> {
    this.#control.prepare(program, images, this.#step);
    return this.#pool.run(steps);
  }

  #writeAdamSlots(count: number): void {
    const slots = new Float32Array(this.#buffer, this.#map.adamSlots, count * 4);
    for (let index = 0; index < count; index++)
      slots.set(adamSlot(this.#network.optimizer, this.#step + index + 1), index * 4);
  }

  #orderEpoch(epoch: number, count: number): void {
    if (this.#orderedEpoch === epoch) return;
    const order = permutation(count, new RandomSequence(this.#network.seed, streams.shuffle, epoch));
    new Uint32Array(this.#buffer, this.#map.order, count).set(order);
    this.#orderedEpoch = epoch;
  }

  #lossSlots(count: number): Float64Array {
    return new Float64Array(this.#buffer, this.#map.lossSlots, count * 3);
  }

  #matrix(matrix: Plan["images"]): Float32Array {
    const length = panelLength(this.#map.capacity, storedColumns(matrix.blocks));
    return new Float32Array(this.#buffer, this.#map.matrix(matrix), length);
  }

  #bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, address, length);
  }

  #pixelsOf(name: SplitName): number {
    return name === "train" ? this.#map.trainPixels : this.#map.testPixels;
  }

  #floorPerPixel(name: SplitName): number {
    const known = this.#floors.get(name);
    if (known !== undefined) return known;
    const floor = bceFloorPerPixel(
      this.#bytes(this.#pixelsOf(name), this.#requireCounts()[name] * this.#network.pixels),
    );
    this.#floors.set(name, floor);
    return floor;
  }

  #requireCounts(): Readonly<Record<SplitName, number>> {
    if (this.#counts === null) throw new RangeError("this session was opened without a dataset");
    return this.#counts;
  }
}

/** Whether so many pixels are zero that walking lists of the others beats multiplying by zero. */
function isSparse(pixels: Uint8Array): boolean {
  const samples = Math.min(pixels.length, 1 << 18);
  const stride = pixels.length / samples;
  let zeros = 0;
  for (let index = 0; index < samples; index++) if (pixels[Math.floor(index * stride)] === 0) zeros++;
  return zeros > 0.5 * samples;
}
