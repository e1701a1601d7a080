/** One product by itself, to be timed: a plan whose training step is nothing else. */
import type { Dataset } from "../../data/dataset.ts";
import type { Network } from "../../model/network.ts";
import type { LayerParameters, Operation, Plan } from "../../model/program.ts";
import type { MachineOptions } from "./machine.ts";
import type { ProductShape } from "./tiles.ts";
import type { Tile } from "./wgsl/product.ts";

/** A machine whose training is this one product, fused as in a real one. */
export function loneProduct(network: Network, shape: ProductShape, tile: Tile): MachineOptions {
  const { layer, operation, batch } = operationOf(shape);
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
  return {
    network: { ...network, batch, pixels: 1 },
    plan,
    dataset: onePixel,
    rows: batch,
    program: "fused",
    tiles: () => tile,
  };
}

function operationOf({ kind, rows, columns, inner }: ProductShape): {
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
