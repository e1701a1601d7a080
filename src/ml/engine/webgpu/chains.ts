/**
 * Which stretches of a fused Program become chains (wgsl/rows.ts): layers so narrow that a row of the batch is better
 * taken through all of them at once. The WebGPU engine's own fusion, on top of ../../model/fuse.ts.
 */
import type { BatchMatrix, Operation } from "../../model/program.ts";
import { widestInChain } from "./wgsl/rows.ts";

export type ChainOperation = Extract<
  Operation,
  { kind: "dense" | "sample" | "mean" | "denseInputGradient" | "sampleGradient" }
>;

/** Every row reads all weights of a chain: beyond so many in a layer, products tile by tile read less. */
const mostWeights = 32_768;

/** The operations that form a chain from `first` on: none, where a kernel of its own does better. */
export function chainFrom(operations: readonly Operation[], first: number): readonly ChainOperation[] {
  const chain: ChainOperation[] = [];
  for (let next = first; next < operations.length; next++) {
    const operation = operations[next];
    if (operation === undefined || !fits(operation)) break;
    const before = chain.at(-1);
    if (before !== undefined && inputOf(operation) !== before.out) break;
    chain.push(operation);
  }
  return chain.length > 1 ? chain : [];
}

/** Whether the first to read what `operations[at]`, a product, makes is a chain: it then can be finished there, row by row. */
export function isChainInput(operations: readonly Operation[], at: number): boolean {
  const product = operations[at];
  if (product?.kind !== "dense" && product?.kind !== "denseInputGradient") return false;
  const [first, ...others] = chainFrom(operations, at + 1);
  return (
    first !== undefined &&
    inputOf(first) === product.out &&
    !others.some((other) => reads(other, product.out))
  );
}

/** Of what a stage reads beside its input. */
function reads(operation: ChainOperation, matrix: BatchMatrix): boolean {
  switch (operation.kind) {
    case "denseInputGradient":
      return operation.output === matrix;
    case "sampleGradient":
      return operation.statistics === matrix || operation.deviation === matrix;
    default:
      return false;
  }
}

export function inputOf(operation: ChainOperation): BatchMatrix {
  switch (operation.kind) {
    case "dense":
      return operation.input;
    case "sample":
    case "mean":
      return operation.statistics;
    case "denseInputGradient":
      return operation.gradient;
    case "sampleGradient":
      return operation.latentGradient;
    default:
      return operation satisfies never;
  }
}

function fits(operation: Operation): operation is ChainOperation {
  switch (operation.kind) {
    case "dense":
      return operation.loss === null && isNarrow(operation);
    case "denseInputGradient":
      return isNarrow(operation);
    case "sample":
    case "mean":
    case "sampleGradient":
      return widthOf(operation.statistics) <= widestInChain;
    default:
      return false;
  }
}

function isNarrow({ layer }: Extract<Operation, { kind: "dense" | "denseInputGradient" }>): boolean {
  const outputs = widthOf(layer);
  return Math.max(layer.inputs, outputs) <= widestInChain && layer.inputs * outputs <= mostWeights;
}

function widthOf({ blocks }: { readonly blocks: readonly number[] }): number {
  return blocks.reduce((sum, block) => sum + block, 0);
}
