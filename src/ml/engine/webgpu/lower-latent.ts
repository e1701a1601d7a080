/** Lowering of a VAE's latent block: sampling and its gradient, the mean, and an evaluation's statistics. */
import type { BatchMatrix, Operation } from "../../model/program.ts";
import { KL } from "./control-words.ts";
import type { LoweredJob, Lowering } from "./lowering.ts";
import { eachLoss, eachQuad, groupsFor } from "./wgsl/elementwise.ts";
import {
  columnsIn,
  latentStatisticsJob,
  meanQuad,
  noiseQuad,
  sampleGradientQuad,
  sampleQuad,
} from "./wgsl/latent.ts";
import { matrixQuad } from "./wgsl/matrix.ts";

export type LatentOperation = Extract<
  Operation,
  { kind: "latentStatistics" | "sample" | "mean" | "sampleGradient" }
>;

export function lowerLatent(lowering: Lowering, operation: LatentOperation): LoweredJob {
  const { network } = lowering;
  const { rows, slot } = lowering.options;
  const name = operation.kind;
  switch (operation.kind) {
    case "latentStatistics": {
      const job = latentStatisticsJob(network, lowering.matrix(operation.statistics), slot);
      return { name, job, reads: [operation.statistics], writes: [] };
    }
    case "sample": {
      const statistics = lowering.matrix(operation.statistics);
      const out = lowering.matrix(operation.out);
      const partials = lowering.countPartials(name, groupsFor(rows, out.quads), KL);
      const body = `var divergence = 0.0;
    let noise = ${noiseQuad(network, operation.noise)};
    ${sampleQuad(network, columnsIn(statistics))}
    ${matrixQuad(lowering.matrix(operation.deviation), "row", "quad")} = deviation;
    ${matrixQuad(out, "row", "quad")} = z;
    if (row < rows) { lossSum.x += divergence; }`;
      return {
        name,
        job: eachLoss(rows, out.quads, partials, body),
        reads: [operation.statistics],
        writes: [operation.out, operation.deviation, lowering.partialSums],
      };
    }
    case "mean": {
      const statistics = lowering.matrix(operation.statistics);
      const out = lowering.matrix(operation.out);
      const body = `${matrixQuad(out, "row", "quad")} = ${meanQuad(columnsIn(statistics))};`;
      return {
        name,
        job: eachQuad(rows, out.quads, body),
        reads: [operation.statistics],
        writes: [operation.out],
      };
    }
    case "sampleGradient": {
      const out = lowering.matrix(operation.out);
      const of = (matrix: BatchMatrix) => columnsIn(lowering.matrix(matrix));
      const slope = sampleGradientQuad(network, {
        dz: of(operation.latentGradient),
        statistics: of(operation.statistics),
        deviation: of(operation.deviation),
      });
      const body = `let rows = rowsOf(step); ${slope} ${matrixQuad(out, "row", "quad")} = slope;`;
      return {
        name,
        job: eachQuad(rows, out.quads, body),
        reads: [operation.latentGradient, operation.statistics, operation.deviation],
        writes: [operation.out],
      };
    }
    default:
      return operation satisfies never;
  }
}
