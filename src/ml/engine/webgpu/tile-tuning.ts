/**
 * Which tile is fastest for which product on this very GPU: measured when a shape is first met, and remembered by the
 * GPU, its driver and the kernels' version in a file of the cache folder. The same tiles also mean the same bits: sums
 * are shared out among a tile's slices.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod/mini";
import type { Dataset } from "../../data/dataset.ts";
import type { Network } from "../../model/network.ts";
import type { LayerParameters, Operation, Plan } from "../../model/program.ts";
import type { GpuDevice } from "./gpu-device.ts";
import { lower } from "./lower.ts";
import { Machine } from "./machine.ts";
import { MemoryMap } from "./memory-map.ts";
import { allTiles, type ProductShape, type Tiles, tileIn, tileName } from "./tiles.ts";
import type { Tile } from "./wgsl/product.ts";

/** To be counted up when kernels change so that what was measured no longer holds. */
const kernelsVersion = 1;

const remembered = z.record(z.string(), z.record(z.string(), z.string()));
type Remembered = z.infer<typeof remembered>;

export interface TuningOptions {
  readonly device: GpuDevice;
  readonly network: Network;
  readonly plan: Plan;
  /** For shapes that no training of this network has, and while measuring fails. */
  readonly untuned: Tiles;
  /** Where measurements are remembered. */
  readonly file: string;
  /** Told once, before measurements begin. */
  readonly tell: (remark: string) => void;
}

/** Throws a Failure: engine-failed, out-of-memory. A file that cannot be read or written costs time, and nothing else. */
export async function tunedTiles(options: TuningOptions): Promise<Tiles> {
  const { device, network, plan, untuned, file, tell } = options;
  const all = await recall(file);
  const gpu = `${device.found.name}; ${device.found.driver}; kernels ${kernelsVersion}`;
  const known = new Map(Object.entries(all[gpu] ?? {}));
  const missing = [...shapesOf(network, plan, untuned)].filter(([key]) => tileIn(known.get(key)) === null);
  if (missing.length > 0) {
    tell(`finding the fastest kernels for this model on ${device.found.name}, once`);
    for (const [key, shape] of missing) known.set(key, tileName(await fastest(device, network, shape)));
    await remember(file, { ...all, [gpu]: Object.fromEntries(known) });
  }
  return (shape) => tileIn(known.get(keyOf(shape))) ?? untuned(shape);
}

function keyOf({ kind, rows, columns, inner }: ProductShape): string {
  return `${kind} ${rows}×${inner}×${columns}`;
}

/** The products of a training step, by their key. */
function shapesOf(network: Network, plan: Plan, untuned: Tiles): ReadonlyMap<string, ProductShape> {
  const shapes = new Map<string, ProductShape>();
  const tiles: Tiles = (shape) => {
    shapes.set(keyOf(shape), shape);
    return untuned(shape);
  };
  const map = new MemoryMap(plan, network.batch);
  lower(plan.train, network, map, { program: "fused", rows: network.batch, slot: 0, tiles });
  return shapes;
}

/** Every tile makes this product many times in a row. */
async function fastest(device: GpuDevice, network: Network, shape: ProductShape): Promise<Tile> {
  const machines = await Promise.all(
    allTiles.map(async (tile) => ({ tile, machine: await openAlone(device, network, shape, tile) })),
  );
  const { batch } = alone(shape);
  try {
    const timed: { readonly tile: Tile; readonly seconds: number }[] = [];
    for (const { tile, machine } of machines)
      timed.push({ tile, seconds: await secondsOf(device, machine, batch) });
    return timed.reduce((best, one) => (one.seconds < best.seconds ? one : best)).tile;
  } finally {
    for (const { machine } of machines) machine.close();
  }
}

const rounds = 3;
/** Of one round: far above what a submission costs. */
const leastSeconds = 0.002;

/** Of one product, the best of a few rounds. */
async function secondsOf(device: GpuDevice, machine: Machine, batch: number): Promise<number> {
  const timed = async (steps: number): Promise<number> => {
    const range = { split: null, ordered: false, count: batch, batch, firstStep: 0, globalStep: 0 };
    const began = performance.now();
    await machine.run("train", steps, range);
    await device.finish();
    return (performance.now() - began) / 1000;
  };
  await timed(1);
  let steps = 1;
  let seconds = await timed(steps);
  while (seconds < leastSeconds && steps < machine.stepsPerCall) {
    steps *= 4;
    seconds = await timed(steps);
  }
  for (let round = 1; round < rounds; round++) seconds = Math.min(seconds, await timed(steps));
  return seconds / steps;
}

/** A machine whose training is this one product, fused as in a real one. */
function openAlone(device: GpuDevice, network: Network, shape: ProductShape, tile: Tile): Promise<Machine> {
  const { layer, operation, batch } = alone(shape);
  const matrix = (name: string) => ({ name, blocks: [1] });
  const none = { operations: [] };
  const plan: Plan = {
    layers: [layer],
    images: matrix("images"),
    latents: matrix("latents"),
    reconstructions: matrix("reconstructions"),
    train: { operations: [operation] },
    evaluate: none,
    encode: none,
    decode: none,
  };
  return Machine.open(device, {
    network: { ...network, batch, pixels: 1 },
    plan,
    dataset: onePixel,
    rows: batch,
    program: "fused",
    tiles: () => tile,
  });
}

function alone({ kind, rows, columns, inner }: ProductShape): {
  readonly layer: LayerParameters;
  readonly operation: Operation;
  readonly batch: number;
} {
  const layerOf = (inputs: number, outputs: number): LayerParameters => ({
    name: "layer",
    inputs,
    blocks: [outputs],
    tensors: [],
  });
  const matrix = (name: string, width: number) => ({ name, blocks: [width] });
  switch (kind) {
    case "forward": {
      const layer = layerOf(inner, columns);
      const [input, out] = [matrix("input", inner), matrix("out", columns)];
      const operation = { kind: "dense", input, layer, out, activation: "relu", loss: null } as const;
      return { layer, operation, batch: rows };
    }
    case "inputGradient": {
      const layer = layerOf(columns, inner);
      const [gradient, out, output] = [
        matrix("gradient", inner),
        matrix("out", columns),
        matrix("output", columns),
      ];
      const operation = {
        kind: "denseInputGradient",
        gradient,
        layer,
        activation: "relu",
        output,
        out,
      } as const;
      return { layer, operation, batch: rows };
    }
    case "update": {
      const layer = layerOf(rows - 1, columns);
      const [input, gradient] = [matrix("input", rows - 1), matrix("gradient", columns)];
      return { layer, operation: { kind: "denseUpdate", input, gradient, layer }, batch: inner };
    }
    default:
      return kind satisfies never;
  }
}

const onePixel: Dataset = {
  name: "one pixel",
  source: "made to measure kernels",
  width: 1,
  height: 1,
  labelNames: [],
  train: { count: 1, pixels: new Uint8Array(1), labels: null },
  test: { count: 1, pixels: new Uint8Array(1), labels: null },
  sha256: "",
};

async function recall(file: string): Promise<Remembered> {
  try {
    const { success, data } = remembered.safeParse(JSON.parse(await readFile(file, "utf8")));
    return success ? data : {};
  } catch {
    // Not there, or not ours: it is measured anew.
    return {};
  }
}

async function remember(file: string, all: Remembered): Promise<void> {
  const temporary = `${file}.${process.pid}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(temporary, JSON.stringify(all, null, 2));
    await rename(temporary, file);
  } catch {
    // A cache that cannot be written is none.
  }
}
