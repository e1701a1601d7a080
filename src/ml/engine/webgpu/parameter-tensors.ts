/**
 * Parameters and moments of a Machine under the network's names and in its shapes: weight [outputs, inputs], bias
 * [outputs]. In the arena a layer is [inputs + 1, outputs], the bias last, its blocks side by side.
 */
import { Failure } from "../../../contract/failure.ts";
import type { LayerParameters } from "../../model/program.ts";
import type { LayerPart, Machine } from "./machine.ts";

export async function readTensors(
  machine: Machine,
  layers: readonly LayerParameters[],
  part: LayerPart,
): Promise<Map<string, Float32Array>> {
  const tensors = new Map<string, Float32Array>();
  for (const layer of layers) {
    const values = await machine.readLayer(layer, part);
    for (const block of blocksOf(layer)) {
      const weight = new Float32Array(block.outputs * layer.inputs);
      for (let output = 0; output < block.outputs; output++)
        for (let input = 0; input < layer.inputs; input++)
          weight[output * layer.inputs + input] = values[
            input * block.width + block.first + output
          ] as number;
      const bias = layer.inputs * block.width + block.first;
      tensors.set(block.weight, weight);
      tensors.set(block.bias, values.slice(bias, bias + block.outputs));
    }
  }
  return tensors;
}

/** Throws a Failure (run-invalid) unless there is exactly one value of the right size for every tensor. */
export async function writeTensors(
  machine: Machine,
  layers: readonly LayerParameters[],
  part: LayerPart,
  tensors: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  for (const layer of layers) {
    const width = layer.blocks.reduce((sum, block) => sum + block, 0);
    const values = new Float32Array((layer.inputs + 1) * width);
    for (const block of blocksOf(layer)) {
      const weight = required(tensors, block.weight, block.outputs * layer.inputs);
      const bias = required(tensors, block.bias, block.outputs);
      for (let output = 0; output < block.outputs; output++)
        for (let input = 0; input < layer.inputs; input++)
          values[input * width + block.first + output] = weight[output * layer.inputs + input] as number;
      values.set(bias, layer.inputs * width + block.first);
    }
    await machine.writeLayer(layer, part, values);
  }
}

interface Block {
  readonly weight: string;
  readonly bias: string;
  /** Its first column, of the layer's `width`. */
  readonly first: number;
  readonly outputs: number;
  readonly width: number;
}

function blocksOf({ blocks, tensors }: LayerParameters): readonly Block[] {
  const width = blocks.reduce((sum, block) => sum + block, 0);
  return tensors.map((names, index) => ({
    ...names,
    first: blocks.slice(0, index).reduce((sum, block) => sum + block, 0),
    outputs: blocks[index] ?? 0,
    width,
  }));
}

function required(tensors: ReadonlyMap<string, Float32Array>, name: string, length: number): Float32Array {
  const tensor = tensors.get(name);
  if (tensor?.length === length) return tensor;
  throw new Failure(
    "run-invalid",
    `${name} has ${tensor?.length ?? "no"} values where the network needs ${length}`,
    "The weights belong to another experiment.",
  );
}
