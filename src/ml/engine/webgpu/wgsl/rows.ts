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
import { element, meanQuad, sampleGradientQuad, sampleQuad } from "./latent.ts";
import {
  columnsOf,
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

/** Of every matrix in a chain, in columns: two of them, and partial sums, fit into the workgroup memory. */
export const widestInChain = 1024;

export function chainJob(network: Network, rows: number, input: RowSource, stages: readonly Stage[]): Job {
  const widest = Math.max(columnsOf(input), ...stages.map((stage) => stage.out.columns));
  const places = [lanes, lanes + quadsOf(widest)] as const;
  const source = (name: string) => `
fn ${name}(group: u32, lane: u32, step: u32) {
  let row = group;
  let rows = rowsOf(step);
  ${input.kind === "images" ? "if (row < rows) {" : "{"}
    for (var quad = lane; quad < ${quadsOf(columnsOf(input))}u; quad += ${lanes}u) { tile[${places[0]}u + quad] = ${rowQuad(input, "row", "quad")}; }
  }
  workgroupBarrier();
  ${stages
    .map((stage, index) => {
      const [from, to] = index % 2 === 0 ? places : places.toReversed();
      return `{${statements(network, stage, from ?? 0, to ?? 0)}\n  workgroupBarrier();\n  }`;
    })
    .join("\n  ")}
}`;
  return { groups: rows, shared: lanes + 2 * quadsOf(widest), source };
}

/** `from` and `to`: where the stage's input lies in the workgroup memory, and where its output goes. */
function statements(network: Network, stage: Stage, from: number, to: number): string {
  switch (stage.kind) {
    case "dense":
      return dense(stage, from, to);
    case "sample":
      return sample(network, stage, from, to);
    case "mean":
      return eachOutput(stage.out, to, `${meanQuad(network, (column) => held(from, column))} let value = z;`);
    case "inputGradient":
      return inputGradient(stage, from, to);
    case "sampleGradient":
      return eachOutput(
        stage.out,
        to,
        `${sampleGradientQuad(network, {
          dz: (dimension) => held(from, dimension),
          statistic: (column) => element(stage.statistics, "row", column),
          deviation: (dimension) => element(stage.deviation, "row", dimension),
        })} let value = slope;`,
      );
    default:
      return stage satisfies never;
  }
}

/** WGSL: one column of what lies in the workgroup memory. */
function held(from: number, column: string): string {
  return `tile[${from}u + ((${column}) >> 2u)][(${column}) & 3u]`;
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
  const weight = (input: string) => `parameters[${layer.weight}u + (${input}) * ${quads}u + quad]`;
  const rest = Array.from({ length: inputs % 4 }, (_, index) => 4 * whole + index).map(
    (input) => `sum = fma(vec4f(${held(from, `${input}u`)}), ${weight(`${input}u`)}, sum);`,
  );
  const sum = `var sum = vec4f();
      for (var k = slice; k < ${whole}u; k += ${slices}u) {
        let x = tile[${from}u + k];
        sum = fma(vec4f(x.x), ${weight("4u * k")}, sum);
        sum = fma(vec4f(x.y), ${weight("4u * k + 1u")}, sum);
        sum = fma(vec4f(x.z), ${weight("4u * k + 2u")}, sum);
        sum = fma(vec4f(x.w), ${weight("4u * k + 3u")}, sum);
      }
      if (slice == 0u) { ${rest.join(" ")} }`;
  const finish = `let x = sum + parameters[${layer.weight + inputs * quads}u + quad];
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

/** z = μ + ε·exp(½ log σ²), and the row's KL divergence. */
function sample(
  network: Network,
  { noise, deviation, out, partials }: Extract<Stage, { kind: "sample" }>,
  from: number,
  to: number,
): string {
  return `
    var divergence = 0.0;
    ${eachOutput(
      out,
      to,
      `${sampleQuad(network, noise, (column) => held(from, column))}
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

/** out = (g·Wᵀ) ⊙ activation′: a pass makes some of the inputs, each by several invocations. */
function inputGradient(
  { layer, activation, output, out }: Extract<Stage, { kind: "inputGradient" }>,
  from: number,
  to: number,
): string {
  const { inputs, outputs, quads } = layer;
  const whole = Math.floor(outputs / 4);
  const slices = powerOfTwoUpTo(
    Math.max(1, Math.min(lanes / 4, Math.floor(lanes / inputs), Math.max(1, whole))),
  );
  const perPass = lanes / slices;
  const weight = (quad: string) => `parameters[${layer.weight}u + k * ${quads}u + ${quad}]`;
  const rest = Array.from({ length: outputs % 4 }, (_, index) => index).map(
    (index) => `sum = fma(${held(from, `${4 * whole + index}u`)}, ${weight(`${whole}u`)}[${index}], sum);`,
  );
  const comp = (c: number) =>
    `{ var total = 0.0; for (var other = 0u; other < ${slices}u; other++) { total += tile[other * ${perPass}u + 4u * lane + ${c}u].x; } sum4[${c}] = total; }`;
  return `
    for (var base = 0u; base < ${inputs}u; base += ${perPass}u) {
      let k = base + lane % ${perPass}u;
      let slice = lane / ${perPass}u;
      var sum = 0.0;
      if (k < ${inputs}u) {
        for (var n = slice; n < ${whole}u; n += ${slices}u) { sum += dot(tile[${from}u + n], ${weight("n")}); }
        if (slice == 0u) { ${rest.join(" ")} }
      }
      tile[lane] = vec4f(sum, 0.0, 0.0, 0.0);
      workgroupBarrier();
      let quad = base / 4u + lane;
      if (lane < ${perPass / 4}u && quad < ${out.quads}u) {
        var sum4 = vec4f();
        ${[0, 1, 2, 3].map(comp).join("\n        ")}
        let y = ${matrixQuad(output, "row", "quad")};
        let value = ${throughActivation(activation, "sum4", "y")};
        tile[${to}u + quad] = value;
        ${matrixQuad(out, "row", "quad")} = value;
      }
      workgroupBarrier();
    }`;
}

function powerOfTwoUpTo(limit: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, limit)));
}
