/**
 * Times the dispatches of a training step one by one, on the engine as it is: what it compiles and submits is seen on
 * its way to the device. A dispatch that follows itself does what it does within a step, on other numbers: it reads
 * the same images and weights, and only its results are of no use.
 */
import type { Dataset } from "../../src/ml/data/dataset.ts";
import { wakingSeconds } from "../../src/ml/engine/speed.ts";
import { GpuDevice, type Pipeline } from "../../src/ml/engine/webgpu/gpu-device.ts";
import { Machine } from "../../src/ml/engine/webgpu/machine.ts";
import { type ProductShape, type Tiles, tileName, tilesFor } from "../../src/ml/engine/webgpu/tiles.ts";
import { createWebgpuEngine } from "../../src/ml/engine/webgpu/webgpu-engine.ts";
import type { Network } from "../../src/ml/model/network.ts";
import { median } from "../statistics.ts";
import { createTunedEngine } from "./tuned-engine.ts";

export interface DispatchTime {
  readonly name: string;
  readonly groups: number;
  readonly seconds: number;
}

export interface StepProfile {
  readonly dispatches: readonly DispatchTime[];
  /** A kernel that does nothing: what a dispatch costs at least, on the GPU or the host. */
  readonly emptyDispatch: number;
  /** Seconds a step of whole epochs, results read back after each; null: too slow to wait for. */
  readonly step: number | null;
}

export interface TileTime {
  /** "32×32×64": rows, columns, depth. */
  readonly tile: string;
  /** Of the dispatch that this product is in; its other jobs keep their tiles. */
  readonly seconds: number;
  readonly chosen: boolean;
}

export interface ProductProfile {
  readonly product: string;
  /** Index of the first it is in. */
  readonly dispatch: number;
  readonly tiles: readonly TileTime[];
}

/** As many as a training submits at once. */
const timesPerSubmission = 64;
const enoughSeconds = 0.05;
const mostTimes = 1 << 15;
const repetitions = 5;
/** A GPU in software takes minutes for all. */
const tilesInTrial = 1;

/** What the engine last handed to the device, and the source of each pipeline. */
interface Seen {
  device: GpuDevice | null;
  submitted: { readonly bindings: GPUBindGroup; readonly pipelines: readonly Pipeline[] } | null;
  readonly sources: Map<GPUComputePipeline, string>;
  /** Of the machine that was opened last: that of the training, after those that only measure kernels. */
  tiles: Tiles | null;
}

const seen: Seen = { device: null, submitted: null, sources: new Map(), tiles: null };
const { submit, compile } = GpuDevice.prototype;
const { open } = Machine;

/** From here on, for the life of this process, which does nothing else. */
function watchDevices(): void {
  GpuDevice.prototype.submit = function (bindings, pipelines, times) {
    seen.device = this;
    seen.submitted = { bindings, pipelines };
    return submit.call(this, bindings, pipelines, times);
  };
  GpuDevice.prototype.compile = async function (name, source) {
    const pipeline = await compile.call(this, name, source);
    seen.sources.set(pipeline, source);
    return pipeline;
  };
  Machine.open = (device, options) => {
    seen.tiles = options.tiles;
    return open.call(Machine, device, options);
  };
}

/** An engine with these tiles, of which a step was trained. */
class OpenEngine {
  readonly device: GpuDevice;
  readonly bindings: GPUBindGroup;
  readonly pipelines: readonly Pipeline[];
  readonly rewind: () => Promise<void>;
  readonly trainEpoch: () => Promise<void>;
  readonly close: () => Promise<void>;

  /** `tiles` left out: those that the engine finds to be the fastest. */
  static async open(network: Network, dataset: Dataset, tiles?: Tiles): Promise<OpenEngine> {
    const engine = tiles === undefined ? createTunedEngine() : createWebgpuEngine({ tiles });
    const session = await engine.open(network, dataset, { threads: 0 });
    // Whatever is compiled on the side is done then, and disturbs nothing.
    await session.evaluate("test");
    const beginning = await session.state();
    const rewind = async () => {
      await session.restore(beginning);
      // Counters stand at a step of the epoch that exists, with a slot of Adam's that was filled.
      await session.train(2);
      await session.train(1);
    };
    await rewind();
    const { train } = dataset;
    const trainEpoch = async () => {
      await session.train(Math.ceil(train.count / network.batch));
    };
    return new OpenEngine(rewind, trainEpoch, () => session.close());
  }

  private constructor(
    rewind: () => Promise<void>,
    trainEpoch: () => Promise<void>,
    close: () => Promise<void>,
  ) {
    const { device, submitted } = seen;
    if (device === null || submitted === null) throw new Error("the engine submitted nothing");
    this.device = device;
    this.bindings = submitted.bindings;
    this.pipelines = submitted.pipelines;
    this.rewind = rewind;
    this.trainEpoch = trainEpoch;
    this.close = close;
  }

  sources(): readonly string[] {
    return this.pipelines.map(({ pipeline }) => seen.sources.get(pipeline) ?? "");
  }

  async secondsOf(index: number): Promise<number> {
    const pipeline = this.pipelines[index];
    if (pipeline === undefined) throw new RangeError(`there is no dispatch ${index}`);
    // A dispatch counts up the one before it, which must not run on beyond the epoch afterwards.
    await this.rewind();
    return this.secondsEach(pipeline);
  }

  /** Many times in submissions of training's size, several in flight, so that encoding hides behind the GPU's work. */
  async secondsEach(pipeline: Pipeline): Promise<number> {
    let times = 1;
    let seconds = await this.#seconds(pipeline, times);
    // While kernels were compiled the GPU had nothing to do, and has slowed down.
    const awake = performance.now() + wakingSeconds * 1000;
    while (seconds < wakingSeconds && performance.now() < awake)
      await this.#seconds(pipeline, timesPerSubmission);
    while (seconds < enoughSeconds && times < mostTimes) {
      times *= 4;
      seconds = await this.#seconds(pipeline, times);
    }
    const all = [seconds / times];
    // Slow enough to be a GPU in software, which is for trials.
    if (times > 1) while (all.length < repetitions) all.push((await this.#seconds(pipeline, times)) / times);
    return median(all);
  }

  async #seconds(pipeline: Pipeline, times: number): Promise<number> {
    await this.device.finish();
    const began = performance.now();
    for (let done = 0; done < times; done += timesPerSubmission)
      await submit.call(this.device, this.bindings, [pipeline], Math.min(timesPerSubmission, times - done));
    await this.device.finish();
    return (performance.now() - began) / 1000;
  }
}

/** `slow`: a GPU in software, on which whole epochs are not waited for. */
export async function profileStep(network: Network, dataset: Dataset, slow: boolean): Promise<StepProfile> {
  watchDevices();
  const engine = await OpenEngine.open(network, dataset);
  try {
    const dispatches: DispatchTime[] = [];
    for (const [index, { pipeline, groups }] of engine.pipelines.entries())
      dispatches.push({
        name: pipeline.label.replace(/^train: /, "").replaceAll(" | ", " + "),
        groups: groups[0] * groups[1],
        seconds: await engine.secondsOf(index),
      });
    const nothing = await compile.call(engine.device, "nothing", "@compute @workgroup_size(1) fn main() {}");
    const emptyDispatch = await engine.secondsEach({ pipeline: nothing, groups: [1, 1] });
    const steps = Math.ceil(dataset.train.count / network.batch);
    return { dispatches, emptyDispatch, step: slow ? null : (await secondsOfEpoch(engine)) / steps };
  } finally {
    await engine.close();
  }
}

async function secondsOfEpoch({ trainEpoch }: OpenEngine): Promise<number> {
  const seconds: number[] = [];
  // The first ones find out how many steps to submit at once.
  for (let epoch = 0; epoch < 3 + repetitions; epoch++) {
    const began = performance.now();
    await trainEpoch();
    seconds.push((performance.now() - began) / 1000);
  }
  return median(seconds.slice(3));
}

/** Every product of a step with every tile, one after the other, all else as the engine has it. */
export async function* profileTiles(
  network: Network,
  dataset: Dataset,
  slow: boolean,
): AsyncGenerator<ProductProfile> {
  watchDevices();
  // Its own choice, that is; by opening it once, it makes it.
  const chosen = await chosenTiles(network, dataset);
  const shapes = new Map<string, ProductShape>();
  const standard = await OpenEngine.open(network, dataset, (shape) => {
    shapes.set(nameOf(shape), shape);
    return chosen(shape);
  });
  try {
    const sources = standard.sources();
    for (const [product, shape] of shapes) {
      let dispatch = -1;
      const tiles: TileTime[] = [];
      const own = tileName(chosen(shape));
      const all = tilesFor(shape, standard.device.workgroupMemory);
      for (const tile of all.slice(0, slow ? tilesInTrial : all.length)) {
        if (tileName(tile) === own) continue;
        const other = await OpenEngine.open(network, dataset, (each) =>
          nameOf(each) === product ? tile : chosen(each),
        );
        try {
          // Those after it may differ in where they find things.
          dispatch = other.sources().findIndex((source, index) => source !== sources[index]);
          // A product of another program.
          if (dispatch < 0) break;
          tiles.push({ tile: tileName(tile), seconds: await other.secondsOf(dispatch), chosen: false });
        } finally {
          await other.close();
        }
      }
      if (dispatch < 0) continue;
      tiles.push({ tile: own, seconds: await standard.secondsOf(dispatch), chosen: true });
      yield { product, dispatch, tiles };
    }
  } finally {
    await standard.close();
  }
}

async function chosenTiles(network: Network, dataset: Dataset): Promise<Tiles> {
  const engine = await OpenEngine.open(network, dataset);
  const { tiles } = seen;
  await engine.close();
  if (tiles === null) throw new Error("the engine opened no machine");
  return tiles;
}

function nameOf({ kind, rows, columns, inner }: ProductShape): string {
  return `${kind} ${rows}×${columns}, inner ${inner}`;
}
