/**
 * Lowering: a Program's operations become jobs, kernels of WGSL made for their shapes, each with what it reads and
 * writes, from which module.ts finds out what may run side by side.
 */
import type { Network } from "../../model/network.ts";
import type { Operation, Program } from "../../model/program.ts";
import { chainFrom, isChainInput } from "./chains.ts";
import { lowerChain } from "./lower-chain.ts";
import { lowerElementwise } from "./lower-elementwise.ts";
import { lowerLatent } from "./lower-latent.ts";
import { type End, lowerProduct } from "./lower-products.ts";
import { type LoweredJob, Lowering, type LoweringOptions } from "./lowering.ts";
import type { MemoryMap } from "./memory-map.ts";
import { totalsJob } from "./wgsl/reduction.ts";

export function lower(
  program: Program,
  network: Network,
  map: MemoryMap,
  options: LoweringOptions,
): readonly LoweredJob[] {
  const { operations } = program;
  const lowering = new Lowering(program, network, map, options);
  const jobs: LoweredJob[] = [];
  for (let next = 0; next < operations.length; ) {
    const operation = operations[next];
    if (operation === undefined) break;
    const chain = lowering.isFused ? chainFrom(operations, next) : [];
    if (chain.length > 0) jobs.push(lowerChain(lowering, chain));
    else if (lowering.isFused && isChainInput(operations, next))
      jobs.push(lowerOperation(lowering, operation, "chain"));
    else if (operation.kind !== "gather" || !lowering.isFused)
      jobs.push(lowerOperation(lowering, operation, "matrix"));
    next += Math.max(1, chain.length);
  }
  if (lowering.partials.length > 0)
    jobs.push({
      name: "totals",
      job: totalsJob(lowering.partials, options.slot),
      reads: [lowering.partialSums],
      writes: [],
    });
  return jobs;
}

/** `end`: what reads the result of a product. */
function lowerOperation(lowering: Lowering, operation: Operation, end: End): LoweredJob {
  switch (operation.kind) {
    case "product":
    case "dense":
    case "inputGradient":
    case "denseInputGradient":
    case "weightGradient":
    case "denseUpdate":
      return lowerProduct(lowering, operation, end);
    case "latentStatistics":
    case "sample":
    case "mean":
    case "sampleGradient":
      return lowerLatent(lowering, operation);
    default:
      return lowerElementwise(lowering, operation);
  }
}
