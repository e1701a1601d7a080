/** The three products of a dense layer: forward, the gradient by its input, and the gradient by its parameters. */
import type { Factor } from "./factor-tile.ts";
import { type PlacedLayer, type RowSource, rawAt, rowPlace, valuesIn, withinLength } from "./matrix.ts";
import type { Product } from "./product.ts";

/** All but what becomes of the result. */
export type LayerProduct = Omit<Product, "after">;

/** input · W. */
export function forwardProduct(input: RowSource, layer: PlacedLayer, rows: number): LayerProduct {
  const { inputs, outputs } = layer;
  return {
    rows,
    columns: outputs,
    inner: inputs,
    left: masked(rowsOf(input, "inner"), inputs),
    right: weightsOf(layer, "outer"),
  };
}

/** gradient · Wᵀ. */
export function backwardProduct(gradient: RowSource, layer: PlacedLayer, rows: number): LayerProduct {
  const { inputs, outputs } = layer;
  return {
    rows,
    columns: inputs,
    inner: outputs,
    left: masked(rowsOf(gradient, "inner"), outputs),
    right: masked(weightsOf(layer, "inner"), outputs),
  };
}

/** inputᵀ · gradient over the step's images; with the bias, whose input is 1, as one more row. */
export function updateProduct(
  [input, gradient]: readonly [RowSource, RowSource],
  { inputs, outputs }: PlacedLayer,
  batch: number,
  withBias: boolean,
): LayerProduct {
  const left = rowsOf(input, "outer");
  const columns = (quad: string) => `(vec4u(4u * ${quad}) + vec4u(0u, 1u, 2u, 3u))`;
  const extended: Factor = {
    ...left,
    values: (raw, quad) =>
      `select(${left.values(raw, quad)}, vec4f(1.0), ${columns(quad)} == vec4u(${inputs}u))`,
  };
  return {
    rows: inputs + (withBias ? 1 : 0),
    columns: outputs,
    inner: batch,
    until: "rows",
    before: "let rows = rowsOf(step);",
    left: withBias ? extended : left,
    right: rowsOf(gradient, "outer"),
  };
}

function rowsOf(source: RowSource, along: Factor["along"]): Factor {
  return {
    along,
    place: (row) => rowPlace(source, row),
    at: (place, quad) => rawAt(source, place, quad),
    raw: source.kind === "images" ? "u32" : "vec4f",
    values: (raw) => valuesIn(source, raw),
  };
}

function weightsOf({ weight, quads }: PlacedLayer, along: Factor["along"]): Factor {
  return {
    along,
    place: (input) => `${weight}u + ${input} * ${quads}u`,
    at: (place, quad) => `parameters[${place} + ${quad}]`,
    raw: "vec4f",
    values: (raw) => raw,
  };
}

/**
 * With zeros beyond the inner dimension, where columns that fill up a vec4f may hold anything; images have zeros there.
 * Only widths that are no multiple of four pay for it, by waiting for what they load.
 */
function masked(factor: Factor, length: number): Factor {
  if (factor.raw === "u32") return factor;
  return { ...factor, at: (place, quad) => withinLength(factor.at(place, quad), quad, length) };
}
