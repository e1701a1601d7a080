/** One product by itself, to be timed: a plan whose training step is nothing else. */
import type { Dataset } from "../../data/dataset.ts";
import type { Network } from "../../model/network.ts";
import type { BatchMatrix, LayerParameters, Operation, Plan } from "../../model/program.ts";
import { adamSlot } from "../adam-slot.ts";
import type { Machine, MachineOptions } from "./machine.ts";
import type { ProductShape } from "./tiles.ts";
import type { Tile } from "./wgsl/product.ts";

export interface LoneProduct {
  /** A machine whose training is this one product, fused as in a real one. */
  readonly options: MachineOptions;
  /** Puts numbers into what it reads, the same every time. */
  readonly fillIn: (machine: Machine) => void;
  /** What it has made of them in the first step after that. */
  readonly result: (machine: Machine) => Promise<Float32Array>;
}

interface Trial extends Pick<LoneProduct, "fillIn" | "result"> {
  readonly layer: LayerParameters;
  readonly operation: Operation;
  readonly batch: number;
}

export function loneProduct(network: Network, shape: ProductShape, tile: Tile): LoneProduct {
  const { layer, operation, batch, fillIn, result } = trialOf(network, shape);
  const none = { operations: [] };
  const plan: Plan = {
    layers: [layer],
    images: matrix("images", 1),
    latents: matrix("latents", 1),
    reconstructions: matrix("reconstructions", 1),
    train: { operations: [operation] },
    evaluate: none,
    encode: none,
    decode: none,
  };
  const options: MachineOptions = {
    network: { ...network, batch, pixels: 1 },
    plan,
    dataset: onePixel,
    rows: batch,
    program: "fused",
    tiles: () => tile,
  };
  return { options, fillIn, result };
}

function trialOf({ optimizer }: Network, { kind, rows, columns, inner }: ProductShape): Trial {
  switch (kind) {
    case "forward": {
      const layer = layerOf(inner, columns);
      const [input, out] = [matrix("input", inner), matrix("out", columns)];
      return {
        layer,
        operation: { kind: "dense", input, layer, out, activation: "relu", loss: null },
        batch: rows,
        fillIn: (machine) => {
          machine.writeLayer(layer, "weight", numbers((inner + 1) * columns));
          machine.writeMatrix(input, rows, numbers(rows * inner));
        },
        result: (machine) => machine.readMatrix(out, rows),
      };
    }
    case "inputGradient": {
      const layer = layerOf(columns, inner);
      const gradient = matrix("gradient", inner);
      const [out, output] = [matrix("out", columns), matrix("output", columns)];
      return {
        layer,
        operation: { kind: "denseInputGradient", gradient, layer, activation: "relu", output, out },
        batch: rows,
        fillIn: (machine) => {
          machine.writeLayer(layer, "weight", numbers((columns + 1) * inner));
          machine.writeMatrix(gradient, rows, numbers(rows * inner));
          machine.writeMatrix(output, rows, numbers(rows * columns));
        },
        result: (machine) => machine.readMatrix(out, rows),
      };
    }
    case "update": {
      const layer = layerOf(rows - 1, columns);
      const [input, gradient] = [matrix("input", rows - 1), matrix("gradient", columns)];
      return {
        layer,
        operation: { kind: "denseUpdate", input, gradient, layer },
        batch: inner,
        fillIn: (machine) => {
          machine.writeAdam(Float32Array.from(adamSlot(optimizer, 1)));
          machine.writeMatrix(input, inner, numbers(inner * (rows - 1)));
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
