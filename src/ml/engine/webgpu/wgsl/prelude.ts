/** What every module begins with: the arenas it is bound to, and functions that find its images there. */
import { BATCH, COUNT, FIRST, ORDERED, PIXELS } from "../control-words.ts";

/** Invocations of a workgroup, in every kernel. */
export const lanes = 256;

/** The arenas in the order of their bindings. Matrices are rows of vec4f; see memory-map.ts. */
export const arenas = [
  { name: "parameters", access: "read_write", element: "vec4f" },
  { name: "activations", access: "read_write", element: "vec4f" },
  { name: "dataset", access: "read", element: "u32" },
  { name: "order", access: "read", element: "u32" },
  { name: "control", access: "read", element: "u32" },
  { name: "counters", access: "read_write", element: "u32" },
  { name: "results", access: "read_write", element: "f32" },
  { name: "adam", access: "read", element: "vec4f" },
] as const;
export type ArenaName = (typeof arenas)[number]["name"];

/** `shared`: vec4f of workgroup memory; `pixelWords`: 32-bit words an image takes in `dataset`. */
export function prelude(shared: number, pixelWords: number): string {
  const bindings = arenas.map(
    ({ name, access, element }, index) =>
      `@group(0) @binding(${index}) var<storage, ${access}> ${name}: array<${element}>;`,
  );
  return `${bindings.join("\n")}
var<workgroup> tile: array<vec4f, ${Math.max(1, shared)}>;
/** Images in this step. */
fn rowsOf(step: u32) -> u32 {
  return min(control[${BATCH}], control[${COUNT}] - (control[${FIRST}] + step) * control[${BATCH}]);
}
/** Which image of the range a row of the batch is, in the order in which they come. */
fn indexOf(row: u32, step: u32) -> u32 { return (control[${FIRST}] + step) * control[${BATCH}] + row; }
/** First word of a row's image in the dataset. Rows beyond the range have the last one's: whoever minds leaves them out. */
fn imageAt(row: u32, step: u32) -> u32 {
  var image = min(indexOf(row, step), control[${COUNT}] - 1u);
  if (control[${ORDERED}] == 1u) { image = order[image]; }
  return control[${PIXELS}] + image * ${pixelWords}u;
}
`;
}
