/** How kernels reach matrices: rows of vec4f in an arena, or images straight out of the dataset. */

/** In the arena `activations`: row r begins at `at + r·quads`, in vec4f. Columns beyond `columns` may hold anything. */
export interface PlacedMatrix {
  readonly at: number;
  readonly columns: number;
  readonly quads: number;
}

/** Where a [batch, columns] operand is read from. */
export type RowSource =
  | { readonly kind: "matrix"; readonly matrix: PlacedMatrix }
  /** The step's images; rows beyond them have the last one's pixels. */
  | { readonly kind: "images"; readonly columns: number };

/** A layer's weight [inputs, outputs] with its bias as one more row, and what belongs to it, in `parameters`. */
export interface PlacedLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** vec4f in a row. */
  readonly quads: number;
  readonly weight: number;
  readonly firstMoment: number;
  readonly secondMoment: number;
  /** 0 where no plain program asks for it. */
  readonly gradient: number;
}

export function quadsOf(columns: number): number {
  return Math.ceil(columns / 4);
}

/** WGSL: four columns of a row. */
export function rowQuad(source: RowSource, row: string, quad: string): string {
  return valuesIn(source, rawAt(source, rowPlace(source, row), quad));
}

/** WGSL, a u32: where a row begins. */
export function rowPlace(source: RowSource, row: string): string {
  return source.kind === "images" ? `imageAt(${row}, step)` : matrixRow(source.matrix, row);
}

/** WGSL: four columns of the row at `place`, as memory holds them: a vec4f, or the u32 of four pixels. */
export function rawAt({ kind }: RowSource, place: string, quad: string): string {
  return `${kind === "images" ? "dataset" : "activations"}[${place} + ${quad}]`;
}

/** WGSL: the four columns in that; pixels become 0..1. */
export function valuesIn({ kind }: RowSource, raw: string): string {
  return kind === "images" ? `unpack4x8unorm(${raw})` : raw;
}

export function matrixQuad(matrix: PlacedMatrix, row: string, quad: string): string {
  return `activations[${matrixRow(matrix, row)} + ${quad}]`;
}

function matrixRow({ at, quads }: PlacedMatrix, row: string): string {
  return `${at}u + (${row}) * ${quads}u`;
}

/** WGSL: four columns from 4·quad on of a row of what belongs to a layer. */
export function layerQuad(
  layer: PlacedLayer,
  part: "weight" | "firstMoment" | "secondMoment" | "gradient",
  row: string,
): string {
  return `parameters[${layer[part]}u + ${row} * ${layer.quads}u + quad]`;
}

/** WGSL: four columns of the bias, the row after the inputs'. */
export function biasQuad(layer: PlacedLayer): string {
  return layerQuad(layer, "weight", `${layer.inputs}u`);
}

/** WGSL: `value` with zeros for what lies beyond `length`, where four can reach beyond it. */
export function withinLength(value: string, quad: string, length: number): string {
  if (length % 4 === 0) return value;
  return `select(vec4f(), ${value}, vec4u(4u * (${quad})) + vec4u(0u, 1u, 2u, 3u) < vec4u(${length}u))`;
}
