/** Lowering of what goes through a matrix element by element, and of the plain Program's separate steps. */
import type { Operation } from "../../model/program.ts";
import { RECONSTRUCTION, SQUARES } from "./control-words.ts";
import type { LoweredJob, Lowering } from "./lowering.ts";
import { activated, throughActivation } from "./wgsl/activations.ts";
import { eachLoss, eachQuad, groupsFor } from "./wgsl/elementwise.ts";
import { pixelError, reconstructionLoss } from "./wgsl/losses.ts";
import { biasQuad, layerQuad, matrixQuad, type RowSource, rowQuad } from "./wgsl/matrix.ts";
import { adamOperands, adamStep } from "./wgsl/update.ts";

export type ElementwiseOperation = Extract<
  Operation,
  {
    kind:
      | "gather"
      | "biasGradient"
      | "adam"
      | "addBias"
      | "activate"
      | "activateGradient"
      | "reconstructionLoss"
      | "pixelError";
  }
>;

export function lowerElementwise(lowering: Lowering, operation: ElementwiseOperation): LoweredJob {
  const { network } = lowering;
  const { rows } = lowering.options;
  const name = operation.kind;
  switch (operation.kind) {
    case "gather": {
      const out = lowering.matrix(operation.out);
      const images: RowSource = { kind: "images", columns: out.columns };
      const body = `${matrixQuad(out, "row", "quad")} = ${rowQuad(images, "row", "quad")};`;
      return { name, job: eachQuad(rows, out.quads, body), reads: [], writes: [operation.out] };
    }
    case "biasGradient": {
      const layer = lowering.layer(operation.layer);
      const gradient = matrixQuad(lowering.matrix(operation.gradient), "b", "quad");
      const body = `var sum = vec4f(); let rows = rowsOf(step);
    for (var b = 0u; b < rows; b++) { sum += ${gradient}; }
    ${layerQuad(layer, "gradient", `${layer.inputs}u`)} = sum;`;
      return {
        name,
        job: eachQuad(1, layer.quads, body),
        reads: [operation.gradient],
        writes: [operation.layer],
      };
    }
    case "adam": {
      const layer = lowering.layer(operation.layer);
      const operands = Object.entries(adamOperands(layer)).map(([what, from]) => `let ${what} = ${from};`);
      const body = `let value = ${layerQuad(layer, "gradient", "row")}; ${operands.join(" ")} ${adamStep(network, layer)}`;
      return {
        name,
        job: eachQuad(layer.inputs + 1, layer.quads, body),
        reads: [],
        writes: [operation.layer],
      };
    }
    case "addBias": {
      const out = lowering.matrix(operation.out);
      const body = `${matrixQuad(out, "row", "quad")} += ${biasQuad(lowering.layer(operation.layer))};`;
      return {
        name,
        job: eachQuad(rows, out.quads, body),
        reads: [operation.layer],
        writes: [operation.out],
      };
    }
    case "activate": {
      const out = lowering.matrix(operation.out);
      const place = matrixQuad(out, "row", "quad");
      const body = `let x = ${place}; ${place} = ${activated(operation.activation, "x")};`;
      return { name, job: eachQuad(rows, out.quads, body), reads: [], writes: [operation.out] };
    }
    case "activateGradient": {
      const gradient = lowering.matrix(operation.gradient);
      const place = matrixQuad(gradient, "row", "quad");
      const y = matrixQuad(lowering.matrix(operation.output), "row", "quad");
      const body = `let g = ${place}; let y = ${y}; ${place} = ${throughActivation(operation.activation, "g", "y")};`;
      return {
        name,
        job: eachQuad(rows, gradient.quads, body),
        reads: [operation.output],
        writes: [operation.gradient],
      };
    }
    case "reconstructionLoss": {
      const logits = lowering.matrix(operation.logits);
      const partials = lowering.countPartials(name, groupsFor(rows, logits.quads), RECONSTRUCTION);
      const keep =
        operation.gradient === null
          ? ""
          : `${matrixQuad(lowering.matrix(operation.gradient), "row", "quad")} = slope;`;
      const body = `let value = ${matrixQuad(logits, "row", "quad")};
    ${reconstructionLoss(network, lowering.wanted(operation.target))} ${keep}`;
      return {
        name,
        job: eachLoss(rows, logits.quads, partials, body),
        reads: lowering.read(operation.logits, operation.target),
        writes: [lowering.partialSums, ...(operation.gradient === null ? [] : [operation.gradient])],
      };
    }
    case "pixelError": {
      const logits = lowering.matrix(operation.logits);
      const partials = lowering.countPartials(name, groupsFor(rows, logits.quads), SQUARES);
      const body = `let value = ${matrixQuad(logits, "row", "quad")};
    ${pixelError(network, lowering.wanted(operation.target))}`;
      return {
        name,
        job: eachLoss(rows, logits.quads, partials, body),
        reads: lowering.read(operation.logits, operation.target),
        writes: [lowering.partialSums],
      };
    }
    default:
      return operation satisfies never;
  }
}
