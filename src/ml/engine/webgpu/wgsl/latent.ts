/**
 * The latent block of a VAE in WGSL: sampling and its gradient, the mean, and the statistics of an evaluation.
 * Statistics are [μ | log σ²]: L columns, then L more, wherever in a vec4f they fall.
 */

import { noisePairs } from "../../../model/latent-noise.ts";
import type { Network } from "../../../model/network.ts";
import { lossScale } from "../../../model/network.ts";
import type { Noise } from "../../../model/program.ts";
import { streams } from "../../../random.ts";
import { GLOBAL_STEP, LATENT_SUMS } from "../control-words.ts";
import type { Job } from "./job.ts";
import { literal } from "./losses.ts";
import { matrixQuad, type PlacedMatrix, quadsOf, withinLength } from "./matrix.ts";
import { lanes } from "./prelude.ts";
import { keyOf } from "./random.ts";
import { sumOverGroup } from "./reduction.ts";

/** Holds log σ² where σ² stays within float32. */
export const latentFunctions = `
fn heldLogVariance(x: vec4f) -> vec4f { return atMost(20.0, atLeast(-30.0, x)); }
`;

/** The columns of one row. */
export interface Columns {
  /** WGSL: four columns from 4·quad on. */
  readonly quad: (quad: string) => string;
  /** WGSL: one column. */
  readonly element: (column: string) => string;
}

/** Of the row `row` of a matrix. */
export function columnsIn(matrix: PlacedMatrix): Columns {
  return {
    quad: (quad) => matrixQuad(matrix, "row", quad),
    element: (column) => `${matrixQuad(matrix, "row", `(${column}) / 4u`)}[(${column}) % 4u]`,
  };
}

/** WGSL: four columns from first + 4·quad on; beyond the column `last` anything. */
function columnsFrom({ quad, element }: Columns, first: number, last: number): string {
  if (first % 4 === 0) return quad(`(${first / 4}u + quad)`);
  return four((c) => element(`min(4u * quad + ${first + c}u, ${last}u)`));
}

function four(value: (c: number) => string): string {
  return `vec4f(${[0, 1, 2, 3].map(value).join(", ")})`;
}

/** WGSL: four standard normals for the latent dimensions from 4·quad on of `row`. */
export function noiseQuad({ seed, latent }: Network, noise: Noise): string {
  const training = noise === "training";
  const key = keyOf(seed, training ? streams.trainingNoise : streams.evaluationNoise);
  const noiseRow = training ? "row" : "indexOf(row, step)";
  const counter = training ? `control[${GLOBAL_STEP}] + step` : "0u";
  const pair = `${noiseRow} * ${noisePairs(latent)}u + 2u * quad`;
  return `vec4f(normals(${key}, vec2u(${pair}, ${counter})), normals(${key}, vec2u(${pair} + 1u, ${counter})))`;
}

/**
 * WGSL statements for four latent dimensions from 4·quad on of `row`, from the vec4f `noise`: make the vec4f
 * `deviation` and `z`, and add to the f32 `divergence`.
 */
export function sampleQuad({ latent }: Network, statistics: Columns): string {
  const terms = withinLength("(0.5 * (mu * mu + ((half * half - logVariance) - 1.0)))", "quad", latent);
  return `let mu = ${statistics.quad("quad")};
      let logVariance = heldLogVariance(${columnsFrom(statistics, latent, 2 * latent - 1)});
      let half = exponential(0.5 * logVariance);
      let deviation = noise * half;
      let z = mu + deviation;
      let terms = ${terms};
      divergence += (terms.x + terms.y) + (terms.z + terms.w);`;
}

/** WGSL: the means of four latent dimensions of a row, from 4·quad on. */
export function meanQuad(statistics: Columns): string {
  return statistics.quad("quad");
}

/** WGSL statements for four columns from 4·quad on of the gradient by the statistics: make the vec4f `slope`. Need `rows`. */
export function sampleGradientQuad(
  network: Network,
  read: { readonly dz: Columns; readonly statistics: Columns; readonly deviation: Columns },
): string {
  const { latent, loss } = network;
  const scale = literal(loss.beta * lossScale(network));
  const ofDimensions = ({ quad, element }: Columns) =>
    latent % 4 === 0
      ? quad(`(quad % ${latent / 4}u)`)
      : four((c) => element(`dimension.${"xyzw".charAt(c)}`));
  return `let beta = ${loss.reduction === "mean" ? `${scale} / f32(rows)` : scale};
      let column = vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u);
      let dimension = min(select(column - ${latent}u, column, column < vec4u(${latent}u)), vec4u(${latent - 1}u));
      let dz = ${ofDimensions(read.dz)};
      let statistic = ${read.statistics.quad("quad")};
      let logVariance = heldLogVariance(statistic);
      let half = exponential(0.5 * logVariance);
      let free = logVariance == statistic; // where it is held, it has no influence
      let spread = select(vec4f(), 0.5 * (dz * ${ofDimensions(read.deviation)} + beta * (half * half - 1.0)), free);
      let slope = select(spread, dz + beta * statistic, column < vec4u(${latent}u));`;
}

/** Per latent dimension over the step's images: KL divergence, Σ μ, Σ μ², into the step's result slot. */
export function latentStatisticsJob({ latent }: Network, statistics: PlacedMatrix, slot: number): Job {
  const columns = columnsIn(statistics);
  const stored = (kind: number) => {
    const to = (c: number) =>
      `results[step * ${slot}u + ${LATENT_SUMS + kind * latent}u + 4u * quad + ${c}u]`;
    return [0, 1, 2, 3]
      .map((c) => `if (4u * quad + ${c}u < ${latent}u) { ${to(c)} = total.${"xyzw".charAt(c)}; }`)
      .join(" ");
  };
  return {
    groups: quadsOf(latent),
    shared: lanes,
    source: (name) => `
fn ${name}(group: u32, lane: u32, step: u32) {
  let quad = group;
  let rows = rowsOf(step);
  var divergence = vec4f();
  var sum = vec4f();
  var squares = vec4f();
  for (var row = lane; row < rows; row += ${lanes}u) {
    let mu = ${columns.quad("quad")};
    let logVariance = heldLogVariance(${columnsFrom(columns, latent, 2 * latent - 1)});
    divergence += 0.5 * (mu * mu + ((exponential(logVariance) - logVariance) - 1.0));
    sum += mu;
    squares += mu * mu;
  }
  ${["divergence", "sum", "squares"].map((variable, kind) => sumOverGroup(variable, stored(kind))).join("\n  ")}
}`,
  };
}
