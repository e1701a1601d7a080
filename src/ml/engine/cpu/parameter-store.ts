/**
 * Parameters and moments in the engine's memory, read and written under the network's names and in its shapes:
 * weight [outputs, inputs], bias [outputs].
 */
import { Failure } from "../../../contract/failure.ts";
import type { LayerParameters } from "../../model/program.ts";
import type { TensorState } from "../engine.ts";
import { PANEL } from "./layout.ts";
import type { MemoryMap } from "./memory-map.ts";
import { blockColumns, panelCount, panelIndex, panelLength, storedColumns } from "./panels.ts";

/** One tensor's place: its values are columns `first` … `first + outputs` of a panel matrix of `rows` rows. */
interface Place {
  readonly name: string;
  readonly rows: number;
  readonly first: number;
  readonly outputs: number;
  readonly value: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
}

export class ParameterStore {
  readonly #places: readonly Place[];
  readonly #transposed: readonly {
    readonly layer: LayerParameters;
    readonly weight: Float32Array;
    readonly copy: Float32Array;
  }[];

  constructor(layers: readonly LayerParameters[], map: MemoryMap, buffer: ArrayBufferLike) {
    const floats = (address: number, rows: number, columns: number): Float32Array =>
      new Float32Array(buffer, address, panelLength(rows, columns));
    this.#places = layers.flatMap((layer) => {
      const addresses = map.layer(layer);
      const columns = storedColumns(layer.blocks);
      const starts = blockColumns(layer.blocks);
      return layer.tensors.flatMap(({ weight, bias }, index) => {
        const place = { first: starts[index] ?? 0, outputs: layer.blocks[index] ?? 0 };
        return [
          {
            ...place,
            name: weight,
            rows: layer.inputs,
            value: floats(addresses.weight, layer.inputs, columns),
            firstMoment: floats(addresses.weightM, layer.inputs, columns),
            secondMoment: floats(addresses.weightV, layer.inputs, columns),
          },
          {
            ...place,
            name: bias,
            rows: 1,
            value: floats(addresses.bias, 1, columns),
            firstMoment: floats(addresses.biasM, 1, columns),
            secondMoment: floats(addresses.biasV, 1, columns),
          },
        ];
      });
    });
    this.#transposed = layers
      .filter((layer) => map.layer(layer).transposed !== 0)
      .map((layer) => {
        const columns = storedColumns(layer.blocks);
        const { weight, transposed } = map.layer(layer);
        return {
          layer,
          weight: floats(weight, layer.inputs, columns),
          copy: floats(transposed, panelCount(columns) * PANEL, layer.inputs),
        };
      });
  }

  read(): Map<string, TensorState> {
    return new Map(
      this.#places.map((place) => [
        place.name,
        {
          value: readTensor(place, place.value),
          firstMoment: readTensor(place, place.firstMoment),
          secondMoment: readTensor(place, place.secondMoment),
        },
      ]),
    );
  }

  /** Throws a Failure (run-invalid) unless there is exactly one value of the right size for every tensor. */
  write(values: ReadonlyMap<string, Float32Array>): void {
    for (const place of this.#places) writeTensor(place, place.value, values.get(place.name));
    for (const { layer, weight, copy } of this.#transposed) transpose(layer, weight, copy);
  }

  writeMoments(moments: ReadonlyMap<string, TensorState>): void {
    for (const place of this.#places) {
      writeTensor(place, place.firstMoment, moments.get(place.name)?.firstMoment);
      writeTensor(place, place.secondMoment, moments.get(place.name)?.secondMoment);
    }
  }
}

function readTensor({ rows, first, outputs }: Place, panels: Float32Array): Float32Array {
  const tensor = new Float32Array(outputs * rows);
  for (let output = 0; output < outputs; output++) {
    const column = panelIndex(rows, 0, first + output);
    for (let input = 0; input < rows; input++)
      tensor[output * rows + input] = panels[column + input * PANEL] as number;
  }
  return tensor;
}

function writeTensor(
  { name, rows, first, outputs }: Place,
  panels: Float32Array,
  tensor: Float32Array | undefined,
): void {
  if (tensor?.length !== outputs * rows)
    throw new Failure(
      "run-invalid",
      `${name} has ${tensor?.length ?? "no"} values where the network needs ${outputs * rows}`,
      "The weights belong to another experiment.",
    );
  for (let output = 0; output < outputs; output++) {
    const column = panelIndex(rows, 0, first + output);
    for (let input = 0; input < rows; input++)
      panels[column + input * PANEL] = tensor[output * rows + input] as number;
  }
}

function transpose(layer: LayerParameters, weight: Float32Array, copy: Float32Array): void {
  const columns = storedColumns(layer.blocks);
  const rows = panelCount(columns) * PANEL;
  for (let column = 0; column < columns; column++) {
    const from = panelIndex(layer.inputs, 0, column);
    for (let input = 0; input < layer.inputs; input++)
      copy[panelIndex(rows, column, input)] = weight[from + input * PANEL] as number;
  }
}
