/** Lowering of a chain: narrow layers that one kernel takes row by row (chains.ts says which). */
import { type ChainOperation, inputOf } from "./chains.ts";
import { KL } from "./control-words.ts";
import type { LoweredJob, Lowering } from "./lowering.ts";
import { chainJob, type Stage } from "./wgsl/rows.ts";

export function lowerChain(lowering: Lowering, operations: readonly ChainOperation[]): LoweredJob {
  const [first] = operations;
  if (first === undefined) throw new RangeError("a chain has at least one operation");
  const stages = operations.map((operation) => stageOf(lowering, operation));
  const input = inputOf(first);
  const parts = lowering.unfinished.get(input);
  const job = chainJob(
    lowering.network,
    lowering.options.rows,
    parts?.rows ?? lowering.source(input),
    stages,
  );
  const writes = operations.flatMap((operation) =>
    operation.kind === "sample"
      ? [operation.out, operation.deviation, lowering.partialSums]
      : [operation.out],
  );
  return {
    name: operations.map((operation) => operation.kind).join(", "),
    job,
    reads: [...(parts?.reads ?? []), ...operations.flatMap((operation) => readByStage(lowering, operation))],
    writes: [...(parts ? [input] : []), ...writes],
  };
}

function stageOf(lowering: Lowering, operation: ChainOperation): Stage {
  const out = lowering.matrix(operation.out);
  switch (operation.kind) {
    case "dense":
      return {
        kind: "dense",
        layer: lowering.layer(operation.layer),
        activation: operation.activation,
        out,
      };
    case "sample":
      return {
        kind: "sample",
        noise: operation.noise,
        deviation: lowering.matrix(operation.deviation),
        out,
        partials: lowering.countPartials("divergences", lowering.options.rows, KL),
      };
    case "mean":
      return { kind: "mean", out };
    case "denseInputGradient":
      return {
        kind: "inputGradient",
        layer: lowering.layer(operation.layer),
        activation: operation.activation,
        output: lowering.matrix(operation.output),
        out,
      };
    case "sampleGradient":
      return {
        kind: "sampleGradient",
        statistics: lowering.matrix(operation.statistics),
        deviation: lowering.matrix(operation.deviation),
        out,
      };
    default:
      return operation satisfies never;
  }
}

function readByStage(lowering: Lowering, operation: ChainOperation): readonly object[] {
  switch (operation.kind) {
    case "dense":
      return lowering.read(operation.input, operation.layer);
    case "sample":
    case "mean":
      return [operation.statistics];
    case "denseInputGradient":
      return [operation.gradient, operation.layer, operation.output];
    case "sampleGradient":
      return [operation.latentGradient, operation.statistics, operation.deviation];
    default:
      return operation satisfies never;
  }
}
