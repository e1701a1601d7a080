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
  /** The step's images; rows beyond them are zero. */
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

export function columnsOf(source: RowSource): number {
  return source.kind === "matrix" ? source.matrix.columns : source.columns;
}

/** WGSL: four columns of a row. */
export function rowQuad(source: RowSource, row: string, quad: string): string {
  return source.kind === "images" ? `pixelsOf(${row}, ${quad}, step)` : matrixQuad(source.matrix, row, quad);
}

export function matrixQuad({ at, quads }: PlacedMatrix, row: string, quad: string): string {
  return `activations[${at}u + (${row}) * ${quads}u + ${quad}]`;
}

/** WGSL: `value` with zeros for what lies beyond `length`, where four can reach beyond it. */
export function withinLength(value: string, quad: string, length: number): string {
  if (length % 4 === 0) return value;
  return `select(vec4f(), ${value}, vec4u(4u * (${quad})) + vec4u(0u, 1u, 2u, 3u) < vec4u(${length}u))`;
}
