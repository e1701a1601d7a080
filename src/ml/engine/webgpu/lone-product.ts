/** One product by itself, to be timed: a plan whose training step is nothing else but what adds up its parts. */
import type { Dataset } from "../../data/dataset.ts";
import type { Network } from "../../model/network.ts";
import type { BatchMatrix, LayerParameters, Operation, Plan } from "../../model/program.ts";
import { adamSlot } from "../adam-slot.ts";
import type { Machine, MachineOptions } from "./machine.ts";
import type { ProductShape } from "./tiles.ts";
import type { Tile } from "./wgsl/tile.ts";

export interface LoneProduct {
  /** A machine whose training is this one product, fused as in a real one. */
  readonly options: MachineOptions;
  /** Puts numbers into what it reads, the same every time. */
  readonly fillIn: (machine: Machine) => Promise<void>;
  /** What it has made of them in the first step after that. */
  readonly result: (machine: Machine) => Promise<Float32Array>;
}

interface Trial extends Pick<LoneProduct, "fillIn" | "result"> {
  readonly layers: readonly LayerParameters[];
  readonly operations: readonly Operation[];
  readonly batch: number;
}

export function loneProduct(network: Network, shape: ProductShape, tile: Tile): LoneProduct {
  const pixels = pixelsOf(shape);
  const images = matrix("images", pixels);
  const { layers, operations, batch, fillIn, result } = trialOf(network, shape, images);
  const none = { operations: [] };
  const plan: Plan = {
    layers,
    images,
    latents: matrix("latents", 1),
    reconstructions: matrix("reconstructions", 1),
    train: { operations: [{ kind: "gather", out: images }, ...operations] },
    evaluate: none,
    encode: none,
    decode: none,
  };
  const options: MachineOptions = {
    network: { ...network, batch, pixels },
    plan,
    dataset: imagesOf(pixels, batch),
    rows: batch,
    program: "fused",
    tiles: () => tile,
  };
  return { options, fillIn, result };
}

/** Of the images that it reads, as its input or in its loss. */
function pixelsOf({ kind, rows, columns, inner, input, end }: ProductShape): number {
  if (input === "images") return kind === "update" ? rows - 1 : inner;
  return end === "loss" ? columns : 1;
}

function trialOf(
  { optimizer }: Network,
  { kind, rows, columns, inner, input: from, end }: ProductShape,
  images: BatchMatrix,
): Trial {
  const inputOf = (width: number) => (from === "images" ? images : matrix("input", width));
  const writeInput = (machine: Machine, input: BatchMatrix, size: number, width: number) => {
    if (input !== images) machine.writeMatrix(input, size, numbers(size * width));
  };
  switch (kind) {
    case "forward": {
      const layer = layerOf(inner, columns);
      const [input, out, gradient] = [inputOf(inner), matrix("out", columns), matrix("gradient", columns)];
      const loss = end === "loss" ? { target: images, gradient } : null;
      const chain = end === "chain" ? chainAfter(out, columns) : noChain;
      return {
        layers: [layer, ...chain.layers],
        operations: [
          { kind: "dense", input, layer, out, activation: loss === null ? "relu" : "linear", loss },
          ...chain.operations,
        ],
        batch: rows,
        fillIn: async (machine) => {
          await machine.writeLayer(layer, "weight", numbers((inner + 1) * columns));
          writeInput(machine, input, rows, inner);
        },
        result: (machine) => machine.readMatrix(loss === null ? out : gradient, rows),
      };
    }
    case "inputGradient": {
      const layer = layerOf(columns, inner);
      const gradient = matrix("gradient", inner);
      const [out, output] = [matrix("out", columns), matrix("output", columns)];
      const chain = end === "chain" ? chainAfter(out, columns) : noChain;
      return {
        layers: [layer, ...chain.layers],
        operations: [
          { kind: "denseInputGradient", gradient, layer, activation: "relu", output, out },
          ...chain.operations,
        ],
        batch: rows,
        fillIn: async (machine) => {
          await machine.writeLayer(layer, "weight", numbers((columns + 1) * inner));
          machine.writeMatrix(gradient, rows, numbers(rows * inner));
          machine.writeMatrix(output, rows, numbers(rows * columns));
        },
        result: (machine) => machine.readMatrix(out, rows),
      };
    }
    case "update": {
      const layer = layerOf(rows - 1, columns);
      const [input, gradient] = [inputOf(rows - 1), matrix("gradient", columns)];
      return {
        layers: [layer],
        operations: [{ kind: "denseUpdate", input, gradient, layer }],
        batch: inner,
        fillIn: async (machine) => {
          machine.writeAdam(Float32Array.from(adamSlot(optimizer, 1)));
          writeInput(machine, input, inner, rows - 1);
          machine.writeMatrix(gradient, inner, numbers(inner * columns));
        },
        // Which is the gradient, but for a factor.
        result: (machine) => machine.readLayer(layer, "firstMoment"),
      };
    }
    default:
      return kind satisfies never;
  }
}

const noChain = { layers: [], operations: [] };

/** A small chain, which adds up what the product leaves in parts. */
function chainAfter(input: BatchMatrix, columns: number): Pick<Trial, "layers" | "operations"> {
  const layers = [layerOf(columns, 4), layerOf(4, 4)] as const;
  const outs = [matrix("first of the chain", 4), matrix("second of the chain", 4)] as const;
  const dense = { kind: "dense", activation: "relu", loss: null } as const;
  return {
    layers,
    operations: [
      { ...dense, input, layer: layers[0], out: outs[0] },
      { ...dense, input: outs[0], layer: layers[1], out: outs[1] },
    ],
  };
}

function layerOf(inputs: number, outputs: number): LayerParameters {
  return { name: "layer", inputs, blocks: [outputs], tensors: [] };
}

function matrix(name: string, width: number): BatchMatrix {
  return { name, blocks: [width] };
}

/** Spread over −1 to 1, by multiplying with the golden ratio (Knuth, The Art of Computer Programming 3, 6.4). */
function numbers(count: number): Float32Array {
  const values = new Float32Array(count);
  for (let index = 0; index < count; index++) values[index] = Math.imul(index + 1, 0x9e3779b1) / 2 ** 31;
  return values;
}

function imagesOf(pixels: number, count: number): Dataset {
  const bytes = Uint8Array.from(numbers(count * pixels), (value) => 128 + 127 * value);
  return {
    name: "images",
    source: "made to measure kernels",
    width: pixels,
    height: 1,
    labelNames: [],
    train: { count, pixels: bytes, labels: null },
    test: { count: 0, pixels: new Uint8Array(0), labels: null },
    sha256: "",
  };
}
