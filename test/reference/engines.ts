/** The engines of our own kernels, for tests of what every engine promises alike. */
import { createCpuEngine } from "../../src/ml/engine/cpu/cpu-engine.ts";
import type { Engine } from "../../src/ml/engine/engine.ts";
import { noSoftwareGpu, softwareGpu } from "../fixtures/software-gpu.ts";

interface TestedEngine {
  readonly name: string;
  /** Why it cannot be tested here; false where it can. */
  readonly skip: string | false;
  readonly engine: Engine;
}

export const testedEngines: readonly TestedEngine[] = [
  { name: "cpu", skip: false, engine: createCpuEngine() },
  { name: "webgpu", skip: noSoftwareGpu, engine: softwareGpu("fast") },
];
