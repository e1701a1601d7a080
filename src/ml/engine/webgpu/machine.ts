/**
 * A Plan on a GPU: its arenas filled and its programs compiled, ready to run steps of them. It knows matrices, layers
 * and result slots; epochs, losses and states are the session's business.
 */
import type { Dataset, SplitName } from "../../data/dataset.ts";
import type { Network } from "../../model/network.ts";
import type { BatchMatrix, LayerParameters, Plan, Program } from "../../model/program.ts";
import {
  BATCH,
  CONTROL_WORDS,
  COUNT,
  FIRST,
  GLOBAL_STEP,
  LATENT_SUMS,
  ORDERED,
  PIXELS,
} from "./control-words.ts";
import { type GpuDevice, mostOnTheWay, type Pipeline } from "./gpu-device.ts";
import { lower } from "./lower.ts";
import { MemoryMap } from "./memory-map.ts";
import { type Dispatch, dispatchesOf, initialCounters } from "./module.ts";
import { packedPixels, padded, pixelStride, unpadded } from "./padding.ts";
import { StepsPerSubmission } from "./steps-per-submission.ts";
import type { Tiles } from "./tiles.ts";
import { quadsOf } from "./wgsl/matrix.ts";
import { type ArenaName, arenas } from "./wgsl/prelude.ts";

export type ProgramName = "train" | "evaluate" | "encode" | "decode";

export interface MachineOptions {
  readonly network: Network;
  readonly plan: Plan;
  readonly dataset: Dataset | null;
  /** Rows of every matrix: the largest batch of any program. */
  readonly rows: number;
  readonly program: "fused" | "plain";
  readonly tiles: Tiles;
  /** Every word of the arenas before anything is put there; NaN finds what is read and was never written. */
  readonly fill?: number;
}

/** The images a call goes through, in steps of `batch`. */
export interface ImageRange {
  /** Null: the program reads no images. */
  readonly split: SplitName | null;
  /** Whether in the epoch's order. */
  readonly ordered: boolean;
  readonly count: number;
  readonly batch: number;
  /** Step of the range to begin with. */
  readonly firstStep: number;
  /** Training steps taken before. */
  readonly globalStep: number;
}

type Programs = Readonly<Record<ProgramName, readonly Dispatch[]>>;

/** What a machine will be, before it takes any memory. */
interface Layout {
  readonly map: MemoryMap;
  readonly slot: number;
  readonly stepsPerCall: number;
  readonly programs: Programs;
  readonly bytes: Readonly<Record<ArenaName, number>>;
  /** First word of the test split in the dataset. */
  readonly testPixels: number;
}

interface Parts extends Layout {
  readonly buffers: ReadonlyMap<ArenaName, GPUBuffer>;
}

/** Steps whose results are kept until they are read, at most, and the room that they may take. */
const mostSteps = 1024;
const mostResultBytes = 2 ** 24;
const bytesPerQuad = 16;
/** Of a call's first submission; each has twice as many as the one before, so that the GPU soon has something to do. */
const firstSteps = 8;

export class Machine {
  /** Words in a step's result slot. */
  readonly slot: number;
  /** Steps of one call, at most. */
  readonly stepsPerCall: number;
  readonly map: MemoryMap;
  readonly #device: GpuDevice;
  readonly #buffers: ReadonlyMap<ArenaName, GPUBuffer>;
  readonly #bindings: GPUBindGroup;
  readonly #programs: Programs;
  readonly #testPixels: number;
  readonly #compiled = new Map<ProgramName, Promise<readonly Pipeline[]>>();
  readonly #pace = new Map<ProgramName, StepsPerSubmission>();

  /** Throws a Failure: out-of-memory, engine-failed. Nothing is held then. */
  static async open(device: GpuDevice, options: MachineOptions): Promise<Machine> {
    const { network, dataset } = options;
    const layout = Machine.#layoutOf(options);
    // Compiled meanwhile, and waited for below.
    if (dataset !== null) compiled(device, "train", layout.programs.train).catch(() => {});
    const buffers = await allocate(device, layout.bytes);
    try {
      const machine = new Machine(device, { ...layout, buffers });
      if (options.fill !== undefined) machine.#fill(options.fill);
      if (dataset !== null) {
        await machine.#upload(dataset, network.pixels);
        await machine.#pipelines("train");
      }
      return machine;
    } catch (error) {
      free(buffers);
      throw error;
    }
  }

  /** Takes the memory of a machine and gives it back. Throws a Failure: out-of-memory, engine-failed. */
  static async requireRoom(device: GpuDevice, options: MachineOptions): Promise<void> {
    free(await allocate(device, Machine.#layoutOf(options).bytes));
  }

  /** Compiles what `open` would wait for, and takes no memory. Throws a Failure (engine-failed). */
  static async compile(device: GpuDevice, options: MachineOptions): Promise<void> {
    await compiled(device, "train", Machine.#layoutOf(options).programs.train);
  }

  static #layoutOf(options: MachineOptions): Layout {
    const { network, plan, dataset, rows } = options;
    const map = new MemoryMap(plan, rows);
    const slot = LATENT_SUMS + (network.variational ? 3 * network.latent : 0);
    const stepsPerCall = Math.max(1, Math.min(mostSteps, Math.floor(mostResultBytes / (slot * 4))));
    const words = quadsOf(network.pixels);
    const dispatches = (program: Program, programRows: number) =>
      dispatchesOf(
        lower(program, network, map, {
          program: options.program,
          rows: programRows,
          slot,
          tiles: options.tiles,
        }),
        words,
      );
    const programs: Programs = {
      train: dispatches(plan.train, network.batch),
      evaluate: dispatches(plan.evaluate, rows),
      encode: dispatches(plan.encode, rows),
      decode: dispatches(plan.decode, rows),
    };
    // Matrices that no operation writes, but a caller does, have their place as well.
    for (const matrix of [plan.images, plan.latents, plan.reconstructions]) map.matrix(matrix);
    const images = (dataset?.train.count ?? 0) + (dataset?.test.count ?? 0);
    const bytes: Record<ArenaName, number> = {
      parameters: map.parameters.length * bytesPerQuad,
      activations: map.activations.length * bytesPerQuad,
      dataset: images * words * 4 + bytesPerQuad,
      order: (dataset?.train.count ?? 0) * 4,
      control: CONTROL_WORDS * 4,
      counters: Math.max(...Object.values(programs).map(({ length }) => length)) * 4,
      results: stepsPerCall * slot * 4,
      adam: stepsPerCall * bytesPerQuad,
    };
    return { map, slot, stepsPerCall, programs, bytes, testPixels: (dataset?.train.count ?? 0) * words };
  }

  private constructor(device: GpuDevice, parts: Parts) {
    this.#device = device;
    this.map = parts.map;
    this.slot = parts.slot;
    this.stepsPerCall = parts.stepsPerCall;
    this.#programs = parts.programs;
    this.#buffers = parts.buffers;
    this.#bindings = device.bind([...parts.buffers.values()]);
    this.#testPixels = parts.testPixels;
  }

  /** Compiles, on the side, what is needed beside training. */
  prepare(): void {
    // Whoever needs them hears of what went wrong.
    for (const name of ["evaluate", "encode", "decode"] as const) this.#pipelines(name).catch(() => {});
  }

  /** Runs `steps` steps of a program, at most `stepsPerCall`, and resolves when they are on their way. */
  async run(name: ProgramName, steps: number, range: ImageRange): Promise<void> {
    const pipelines = await this.#pipelines(name);
    const control = new Uint32Array(CONTROL_WORDS);
    control[FIRST] = range.firstStep;
    control[COUNT] = range.count;
    control[BATCH] = range.batch;
    control[ORDERED] = range.ordered ? 1 : 0;
    control[PIXELS] = range.split === "test" ? this.#testPixels : 0;
    control[GLOBAL_STEP] = range.globalStep;
    this.#device.write(this.#buffer("control"), 0, control);
    this.#device.write(this.#buffer("counters"), 0, initialCounters(pipelines.length));
    const pace = this.#paceOf(name);
    let most = firstSteps;
    for (let done = 0; done < steps; ) {
      const count = pace.next(pace.wantsMeasurement ? steps - done : Math.min(steps - done, most));
      most *= 2;
      const began = performance.now();
      if (pace.isApart) await this.#device.submitApart(this.#bindings, pipelines);
      else await this.#device.submit(this.#bindings, pipelines, count);
      if (pace.wantsMeasurement) {
        await this.#device.finish();
        pace.measured(count, (performance.now() - began) / 1000);
      }
      done += count;
    }
  }

  writeAdam(slots: Float32Array<ArrayBuffer>): void {
    this.#device.write(this.#buffer("adam"), 0, slots);
  }

  writeOrder(order: Uint32Array<ArrayBuffer>): void {
    this.#device.write(this.#buffer("order"), 0, order);
  }

  /** The result slots of the last call's first `steps` steps. */
  async results(steps: number): Promise<Float32Array> {
    return new Float32Array(await this.#device.read(this.#buffer("results"), 0, steps * this.slot * 4));
  }

  /** `values`: [rows, columns], the first rows of a matrix. */
  writeMatrix(matrix: BatchMatrix, rows: number, values: Float32Array): void {
    const placed = this.map.matrix(matrix);
    this.#device.write(this.#buffer("activations"), placed.at * bytesPerQuad, padded(values, placed, rows));
  }

  async readMatrix(matrix: BatchMatrix, rows: number): Promise<Float32Array> {
    const placed = this.map.matrix(matrix);
    return unpadded(await this.#readQuads("activations", placed.at, rows * placed.quads), placed, rows);
  }

  /** A layer's weight and bias, or a moment of them: [inputs + 1, outputs], the bias last. */
  async readLayer(layer: LayerParameters, part: LayerPart): Promise<Float32Array> {
    const placed = this.map.layer(layer);
    const rows = placed.inputs + 1;
    const quads = await this.#readQuads("parameters", placed[part], rows * placed.quads);
    return unpadded(quads, { columns: placed.outputs, quads: placed.quads }, rows);
  }

  async writeLayer(layer: LayerParameters, part: LayerPart, values: Float32Array): Promise<void> {
    const { inputs, outputs: columns, quads, [part]: at } = this.map.layer(layer);
    const rows = padded(values, { columns, quads }, inputs + 1);
    await this.#device.upload(this.#buffer("parameters"), at * bytesPerQuad, rows);
  }

  /** Zeroes every layer and its moments, as a machine that was just opened has them. */
  clearLayers(): void {
    this.#device.clear(this.#buffer("parameters"));
  }

  /** Lets go of its memory. */
  close(): void {
    free(this.#buffers);
  }

  /** A whole arena, as it is. */
  async arena(name: "parameters" | "activations"): Promise<Float32Array> {
    return this.#readQuads(name, 0, this.map[name].length);
  }

  async #readQuads(name: ArenaName, at: number, quads: number): Promise<Float32Array> {
    return new Float32Array(
      await this.#device.read(this.#buffer(name), at * bytesPerQuad, quads * bytesPerQuad),
    );
  }

  #pipelines(name: ProgramName): Promise<readonly Pipeline[]> {
    const known = this.#compiled.get(name);
    if (known !== undefined) return known;
    const compiling = compiled(this.#device, name, this.#programs[name]);
    this.#compiled.set(name, compiling);
    return compiling;
  }

  #paceOf(name: ProgramName): StepsPerSubmission {
    const pace = this.#pace.get(name) ?? new StepsPerSubmission();
    this.#pace.set(name, pace);
    return pace;
  }

  #buffer(name: ArenaName): GPUBuffer {
    const buffer = this.#buffers.get(name);
    if (buffer === undefined) throw new RangeError(`there is no arena ${name}`);
    return buffer;
  }

  /** Both splits' pixels, training first, packed piece by piece. */
  async #upload(dataset: Dataset, pixels: number): Promise<void> {
    const stride = pixelStride(pixels);
    const perPiece = Math.max(1, Math.floor(mostOnTheWay / stride));
    let offset = 0;
    for (const split of [dataset.train, dataset.test])
      for (let image = 0; image < split.count; image += perPiece) {
        const piece = packedPixels(split, pixels, image, Math.min(image + perPiece, split.count));
        await this.#device.upload(this.#buffer("dataset"), offset, piece);
        offset += piece.byteLength;
      }
  }

  #fill(value: number): void {
    for (const name of ["parameters", "activations"] as const)
      this.#device.write(this.#buffer(name), 0, new Float32Array(this.map[name].length * 4).fill(value));
  }
}

export type LayerPart = "weight" | "firstMoment" | "secondMoment" | "gradient";

/** All arenas or none. */
async function allocate(
  device: GpuDevice,
  bytes: Readonly<Record<ArenaName, number>>,
): Promise<ReadonlyMap<ArenaName, GPUBuffer>> {
  const buffers = new Map<ArenaName, GPUBuffer>();
  try {
    for (const { name } of arenas) buffers.set(name, await device.buffer(name, bytes[name]));
    return buffers;
  } catch (error) {
    free(buffers);
    throw error;
  }
}

function free(buffers: ReadonlyMap<ArenaName, GPUBuffer>): void {
  for (const buffer of buffers.values()) buffer.destroy();
}

function compiled(
  device: GpuDevice,
  name: ProgramName,
  dispatches: readonly Dispatch[],
): Promise<readonly Pipeline[]> {
  return Promise.all(
    dispatches.map(async ({ name: does, source, groups }) => ({
      pipeline: await device.compile(`${name}: ${does}`, source),
      groups,
    })),
  );
}
