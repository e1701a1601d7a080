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
import { matrixQuad, type PlacedMatrix } from "./matrix.ts";
import { lanes } from "./prelude.ts";
import { keyOf } from "./random.ts";

/** Holds log σ² where σ² stays within float32. */
export const latentFunctions = `
fn heldLogVariance(x: f32) -> f32 { return atMost(20.0, atLeast(-30.0, x)); }
`;

/** WGSL: the column `column` of a row of `matrix`. */
export function element(matrix: PlacedMatrix, row: string, column: string): string {
  return `${matrixQuad(matrix, row, `((${column}) >> 2u)`)}[(${column}) & 3u]`;
}

/**
 * WGSL statements for four latent dimensions from 4·quad on of `row`: fills the vec4f variables `deviation` and `z`,
 * and adds to the f32 `divergence`. `statistic(column)` reads a statistic.
 */
export function sampleQuad(
  { seed, latent }: Network,
  noise: Noise,
  statistic: (column: string) => string,
): string {
  const training = noise === "training";
  const key = keyOf(seed, training ? streams.trainingNoise : streams.evaluationNoise);
  const noiseRow = training ? "row" : "indexOf(row, step)";
  const counter = training ? `control[${GLOBAL_STEP}] + step` : "0u";
  const pair = `${noiseRow} * ${noisePairs(latent)}u + 2u * quad`;
  return `let noise = vec4f(normals(${key}, vec2u(${pair}, ${counter})), normals(${key}, vec2u(${pair} + 1u, ${counter})));
      var deviation = vec4f();
      var z = vec4f();
      for (var c = 0u; c < 4u; c++) {
        let dimension = 4u * quad + c;
        if (dimension < ${latent}u) {
          let mu = ${statistic("dimension")};
          let logVariance = heldLogVariance(${statistic(`(${latent}u + dimension)`)});
          let half = exponential(0.5 * logVariance);
          deviation[c] = noise[c] * half;
          z[c] = mu + deviation[c];
          divergence += 0.5 * (mu * mu + ((half * half - logVariance) - 1.0));
        }
      }`;
}

/** WGSL statements for four latent dimensions of a row: their means, in the vec4f variable `z`. */
export function meanQuad({ latent }: Network, statistic: (column: string) => string): string {
  return `var z = vec4f();
      for (var c = 0u; c < 4u; c++) {
        let dimension = 4u * quad + c;
        if (dimension < ${latent}u) { z[c] = ${statistic("dimension")}; }
      }`;
}

/**
 * WGSL statements for four columns from 4·quad on of the gradient by the statistics of `row`: fills the vec4f
 * `slope`. `dz(dimension)` and the others read a column. Needs `rows`.
 */
export function sampleGradientQuad(
  network: Network,
  read: {
    readonly dz: (dimension: string) => string;
    readonly statistic: (column: string) => string;
    readonly deviation: (dimension: string) => string;
  },
): string {
  const { latent, loss } = network;
  const scale = literal(loss.beta * lossScale(network));
  return `let beta = ${loss.reduction === "mean" ? `${scale} / f32(rows)` : scale};
      var slope = vec4f();
      for (var c = 0u; c < 4u; c++) {
        let column = 4u * quad + c;
        if (column < ${latent}u) {
          slope[c] = ${read.dz("column")} + beta * ${read.statistic("column")};
        } else if (column < ${2 * latent}u) {
          let dimension = column - ${latent}u;
          let logVariance = ${read.statistic("column")};
          let half = exponential(0.5 * heldLogVariance(logVariance));
          let free = heldLogVariance(logVariance) == logVariance; // where it is held, it has no influence
          slope[c] = select(0.0, 0.5 * (${read.dz("dimension")} * ${read.deviation("dimension")} + beta * (half * half - 1.0)), free);
        }
      }`;
}

/** Per latent dimension over the step's images: KL divergence, Σ μ, Σ μ², into the step's result slot. */
export function latentStatisticsJob({ latent }: Network, statistics: PlacedMatrix, slot: number): Job {
  return {
    groups: Math.ceil(latent / lanes),
    shared: 0,
    source: (name) => `
fn ${name}(group: u32, lane: u32, step: u32) {
  let dimension = group * ${lanes}u + lane;
  if (dimension < ${latent}u) {
    let rows = rowsOf(step);
    var divergence = 0.0;
    var sum = 0.0;
    var squares = 0.0;
    for (var row = 0u; row < rows; row++) {
      let mu = ${element(statistics, "row", "dimension")};
      let logVariance = heldLogVariance(${element(statistics, "row", `(${latent}u + dimension)`)});
      divergence += 0.5 * (mu * mu + ((exponential(logVariance) - logVariance) - 1.0));
      sum += mu;
      squares += mu * mu;
    }
    let to = step * ${slot}u + ${LATENT_SUMS}u + dimension;
    results[to] = divergence;
    results[to + ${latent}u] = sum;
    results[to + ${2 * latent}u] = squares;
  }
}`,
  };
}
