/**
 * Chains: several narrow layers, one row of the batch after the other, each row a workgroup that keeps it in workgroup
 * memory from layer to layer. Between 400 hidden units and 20 latent dimensions there is too little work for products
 * tile by tile, each of which would wait for the one before it.
 *
 * Forward and backward chains read alike: what comes out of a stage goes into the next, and into its matrix.
 */
import type { Activation } from "../../../../contract/experiment.ts";
import type { Network } from "../../../model/network.ts";
import type { Noise } from "../../../model/program.ts";
import { activated, throughActivation } from "./activations.ts";
import type { Job } from "./job.ts";
import { type Columns, columnsIn, meanQuad, noiseQuad, sampleGradientQuad, sampleQuad } from "./latent.ts";
import {
  layerQuad,
  matrixQuad,
  type PlacedLayer,
  type PlacedMatrix,
  quadsOf,
  type RowSource,
  rowQuad,
} from "./matrix.ts";
import { lanes } from "./prelude.ts";

export type Stage =
  | {
      readonly kind: "dense";
      readonly layer: PlacedLayer;
      readonly activation: Activation;
      readonly out: PlacedMatrix;
    }
  | {
      readonly kind: "sample";
      readonly noise: Noise;
      readonly deviation: PlacedMatrix;
      readonly out: PlacedMatrix;
      /** One vec4f per row, in `activations`: its KL divergence. */
      readonly partials: number;
    }
  | { readonly kind: "mean"; readonly out: PlacedMatrix }
  | {
      readonly kind: "inputGradient";
      readonly layer: PlacedLayer;
      readonly activation: Activation;
      readonly output: PlacedMatrix;
      readonly out: PlacedMatrix;
    }
  | {
      readonly kind: "sampleGradient";
      readonly statistics: PlacedMatrix;
      readonly deviation: PlacedMatrix;
      readonly out: PlacedMatrix;
    };

/** The input of a chain that a product left in parts: added up, finished and kept by the chain, in the parts' order. */
export interface PartialRows {
  readonly kind: "parts";
  readonly columns: number;
  /** First vec4f in `activations`, and from one part to the next. */
  readonly at: number;
  readonly stride: number;
  readonly count: number;
  readonly quads: number;
  /** What `finish` reads, by its name in there. */
  readonly given: Readonly<Record<string, string>>;
  /** WGSL statements that make `finished` of `value`, and keep it. */
  readonly finish: string;
}

/** Of every matrix in a chain, in columns: two of them, and partial sums, fit into the workgroup memory. */
export const widestInChain = 1024;

/** vec4f of workgroup memory before the rows': for sums of invocations, two each, the second for noise meanwhile. */
const scratch = 2 * lanes;
const noiseAt = lanes;

export function chainJob(
  network: Network,
  rows: number,
  input: RowSource | PartialRows,
  stages: readonly Stage[],
): Job {
  const columns = input.kind === "matrix" ? input.matrix.columns : input.columns;
  const widest = Math.max(columns, ...stages.map((stage) => stage.out.columns));
  const places = [scratch, scratch + quadsOf(widest)] as const;
  const noise = stages.find((stage) => stage.kind === "sample");
  const source = (name: string) => `
fn ${name}(group: u32, lane: u32, step: u32) {
  let row = group;
  let rows = rowsOf(step);
  for (var quad = lane; quad < ${quadsOf(columns)}u; quad += ${lanes}u) {
    ${input.kind === "parts" ? addedUp(input) : `let finished = ${rowQuad(input, "row", "quad")};`}
    tile[${places[0]}u + quad] = finished;
  }
  ${noise === undefined ? "" : prepareNoise(network, noise)}
  workgroupBarrier();
  ${stages
    .map((stage, index) => {
      const [from, to] = index % 2 === 0 ? places : places.toReversed();
      return `{${statements(network, stage, from ?? 0, to ?? 0)}\n  workgroupBarrier();\n  }`;
    })
    .join("\n  ")}
}`;
  return { groups: rows, shared: scratch + 2 * quadsOf(widest), source };
}

function addedUp({ at, stride, count, quads, given, finish }: PartialRows): string {
  const part = (index: number) => `activations[${at + index * stride}u + row * ${quads}u + quad]`;
  const loads = Array.from({ length: count }, (_, index) => `let part${index} = ${part(index)};`);
  const operands = Object.entries(given).map(([what, from]) => `let ${what} = ${from};`);
  const sum = Array.from({ length: count }, (_, index) => `part${index}`).join(" + ");
  return `${loads.join(" ")} ${operands.join(" ")}
    let value = ${sum}; ${finish}`;
}

/** The noise depends on nothing: invocations that have no part of the input draw it meanwhile. */
function prepareNoise(network: Network, { noise, out }: Extract<Stage, { kind: "sample" }>): string {
  return `if (lane >= ${lanes - out.quads}u) {
    let quad = lane - ${lanes - out.quads}u;
    tile[${noiseAt}u + quad] = ${noiseQuad(network, noise)};
  }`;
}

/** `from` and `to`: where the stage's input lies in the workgroup memory, and where its output goes. */
function statements(network: Network, stage: Stage, from: number, to: number): string {
  switch (stage.kind) {
    case "dense":
      return dense(stage, from, to);
    case "sample":
      return sample(network, stage, from, to);
    case "mean":
      return eachOutput(stage.out, to, `let value = ${meanQuad(heldColumns(from))};`);
    case "inputGradient":
      return inputGradient(stage, from, to);
    case "sampleGradient":
      return eachOutput(
        stage.out,
        to,
        `${sampleGradientQuad(network, {
          dz: heldColumns(from),
          statistics: columnsIn(stage.statistics),
          deviation: columnsIn(stage.deviation),
        })} let value = slope;`,
      );
    default:
      return stage satisfies never;
  }
}

/** Columns of what lies in the workgroup memory. */
function heldColumns(from: number): Columns {
  return {
    quad: (quad) => `tile[${from}u + ${quad}]`,
    element: (column) => `tile[${from}u + (${column}) / 4u][(${column}) % 4u]`,
  };
}

/** WGSL: the column `column` of what lies in the workgroup memory. */
function held(from: number, column: number): string {
  return `tile[${from + Math.floor(column / 4)}u].${"xyzw".charAt(column % 4)}`;
}

/** `body` declares `value`, four columns from 4·quad on. */
function eachOutput(out: PlacedMatrix, to: number, body: string): string {
  return `
    for (var quad = lane; quad < ${out.quads}u; quad += ${lanes}u) {
      ${body}
      tile[${to}u + quad] = value;
      ${matrixQuad(out, "row", "quad")} = value;
    }`;
}

/** out = activation(x·W + b): invocations that share four columns each take every slices-th four inputs. */
function dense(
  { layer, activation, out }: Extract<Stage, { kind: "dense" }>,
  from: number,
  to: number,
): string {
  const { inputs, quads } = layer;
  const whole = Math.floor(inputs / 4);
  const slices = powerOfTwoUpTo(Math.min(Math.floor(lanes / quads), Math.max(1, whole)));
  const weight = (input: string) => layerQuad(layer, "weight", input);
  const rest = Array.from({ length: inputs % 4 }, (_, index) => 4 * whole + index).map(
    (input) => `sum = fma(vec4f(${held(from, input)}), ${weight(`${input}u`)}, sum);`,
  );
  const load = (k: string, name: string) =>
    [0, 1, 2, 3].map((c) => `let w${name}${c} = ${weight(`(4u * ${k} + ${c}u)`)};`).join(" ");
  const add = (k: string, name: string) =>
    `{ let x = tile[${from}u + ${k}]; ${[0, 1, 2, 3].map((c) => `sum = fma(vec4f(x.${"xyzw".charAt(c)}), w${name}${c}, sum);`).join(" ")} }`;
  const sum = `var sum = vec4f();
      ${shared(slices, whole, load, add)}
      ${rest.length === 0 ? "" : `if (slice == 0u) { ${rest.join(" ")} }`}`;
  const finish = `let x = sum + ${weight(`${inputs}u`)};
      let value = ${activated(activation, "x")};`;
  if (slices === 1) return eachOutput(out, to, `let slice = 0u; ${sum} ${finish}`);
  return `
    if (lane < ${quads * slices}u) {
      let quad = lane % ${quads}u;
      let slice = lane / ${quads}u;
      ${sum}
      tile[lane] = sum;
    }
    workgroupBarrier();
    ${eachOutput(
      out,
      to,
      `var sum = tile[quad];
      for (var other = 1u; other < ${slices}u; other++) { sum += tile[other * ${quads}u + quad]; }
      ${finish}`,
    )}`;
}

/**
 * WGSL: goes through every `slices`-th of `whole` from `slice` on. Several turns of the loop are written out: first what
 * they load, so that all of it is under way, then what they do with it. `name` tells them apart.
 */
function shared(
  slices: number,
  whole: number,
  load: (index: string, name: string) => string,
  use: (index: string, name: string) => string,
): string {
  const each = Math.floor(whole / slices);
  const unrolled = [3, 2].find((count) => each % count === 0) ?? 1;
  const turns = (count: number, first: string) => {
    const names = Array.from({ length: count }, (_, turn) => `${turn}`);
    return `${names.map((name) => `let at${name} = ${first} + ${Number(name) * slices}u;`).join(" ")}
          ${names.map((name) => load(`at${name}`, name)).join("\n          ")}
          ${names.map((name) => use(`at${name}`, name)).join("\n          ")}`;
  };
  const left = whole - each * slices;
  const loop = `for (var turn = 0u; turn < ${each / unrolled}u; turn++) {
          ${turns(unrolled, `turn * ${unrolled * slices}u + slice`)}
        }`;
  return `${each === 0 ? "" : loop}
        ${left === 0 ? "" : `if (slice < ${left}u) { ${turns(1, `${each * slices}u + slice`)} }`}`;
}

/** z = μ + ε·exp(½ log σ²), and the row's KL divergence. */
function sample(
  network: Network,
  { deviation, out, partials }: Extract<Stage, { kind: "sample" }>,
  from: number,
  to: number,
): string {
  return `
    var divergence = 0.0;
    ${eachOutput(
      out,
      to,
      `let noise = tile[${noiseAt}u + quad];
      ${sampleQuad(network, heldColumns(from))}
      ${matrixQuad(deviation, "row", "quad")} = deviation;
      let value = z;`,
    )}
    tile[lane] = vec4f(divergence, 0.0, 0.0, 0.0);
    workgroupBarrier();
    if (lane == 0u) {
      var total = 0.0;
      if (row < rows) { for (var i = 0u; i < ${Math.min(lanes, out.quads)}u; i++) { total += tile[i].x; } }
      activations[${partials}u + row] = vec4f(total, 0.0, 0.0, 0.0);
    }`;
}

/**
 * out = (g·Wᵀ) ⊙ activation′: neighbouring invocations share four inputs, whose rows of W they read side by side. A
 * round makes as many inputs as all of them can twice.
 */
function inputGradient(
  { layer, activation, output, out }: Extract<Stage, { kind: "inputGradient" }>,
  from: number,
  to: number,
): string {
  const { outputs } = layer;
  const whole = Math.floor(outputs / 4);
  const slices = powerOfTwoUpTo(
    Math.min(mostSlices, Math.max(1, whole), Math.max(fewestSlices, Math.floor(lanes / out.quads))),
  );
  const perPass = lanes / slices;
  const passes = Math.ceil(out.quads / perPass);
  const weight = (c: number, n: string) => inputQuad(layer, `4u * unit + ${c}u`, n);
  const load = (n: string, name: string) =>
    [0, 1, 2, 3].map((c) => `let w${name}${c} = ${weight(c, n)};`).join(" ");
  const add = (n: string, name: string) =>
    `{ let g = tile[${from}u + ${n}]; sum += vec4f(${[0, 1, 2, 3].map((c) => `dot(g, w${name}${c})`).join(", ")}); }`;
  const rest = Array.from({ length: outputs % 4 }, (_, index) => {
    const last = [0, 1, 2, 3].map((c) => `${weight(c, `${whole}u`)}.${"xyzw".charAt(index)}`);
    return `sum = fma(vec4f(${held(from, 4 * whole + index)}), vec4f(${last.join(", ")}), sum);`;
  });
  const rounds: string[] = [];
  for (let first = 0; first < passes; first += 2) {
    const count = Math.min(2, passes - first);
    const units = Math.min(count * perPass, out.quads - first * perPass);
    rounds.push(`for (var half = 0u; half < ${count}u; half++) {
      let unit = (half + ${first}u) * ${perPass}u + lane / ${slices}u;
      let slice = lane % ${slices}u;
      var sum = vec4f();
      if (unit < ${out.quads}u) {
        ${shared(slices, whole, load, add)}
        ${rest.length === 0 ? "" : `if (slice == 0u) { ${rest.join(" ")} }`}
      }
      tile[half * ${lanes}u + lane] = sum;
    }
    workgroupBarrier();
    for (var unit = lane; unit < ${units}u; unit += ${lanes}u) {
      let quad = ${first * perPass}u + unit;
      var sum = tile[unit * ${slices}u];
      for (var other = 1u; other < ${slices}u; other++) { sum += tile[unit * ${slices}u + other]; }
      let y = ${matrixQuad(output, "row", "quad")};
      let value = ${throughActivation(activation, "sum", "y")};
      tile[${to}u + quad] = value;
      ${matrixQuad(out, "row", "quad")} = value;
    }`);
  }
  return rounds.join("\n    workgroupBarrier();\n    ");
}

/** Of those who share four inputs: so many read 64 neighbouring bytes; more take long to add up. */
const fewestSlices = 4;
const mostSlices = 16;

/** WGSL: four columns from 4·quad on of an input's weights. */
function inputQuad({ weight, quads }: PlacedLayer, input: string, quad: string): string {
  return `parameters[${weight}u + (${input}) * ${quads}u + ${quad}]`;
}

function powerOfTwoUpTo(limit: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, limit)));
}
