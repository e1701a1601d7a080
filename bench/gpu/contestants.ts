/** Who takes part in the GPU's race. */
import type { BenchData } from "../bench-data.ts";
import { ownScript, script } from "../contestants.ts";
import type { PythonWithTorch } from "../pythons.ts";
import type { Contestant } from "../race.ts";
import type { GpuBenchOptions } from "./options.ts";

const hidden = 400;

/** Enough epochs, of twenty milliseconds and more, for a GPU that waited to be at full speed again. */
const unmeasuredOnGpu = 3;

export function gpuContestant({ idxFolder, images }: BenchData, software: boolean): Contestant {
  return {
    name: "latent-lab webgpu",
    command: ownScript("latent-lab", [idxFolder, images, hidden, 0, "webgpu"]),
    images,
    steps: null,
    unmeasured: software ? 0 : unmeasuredOnGpu,
  };
}

/** From its first step on: its turns are the epochs of a training. */
export function curveContestant({ idxFolder, images }: BenchData): Contestant {
  return {
    name: "latent-lab webgpu, from the start",
    command: ownScript("latent-lab", [idxFolder, images, hidden, 0, "webgpu", 0]),
    images,
    steps: null,
  };
}

export function cpuContestant({ idxFolder, images }: BenchData, threads: number): Contestant {
  return {
    name: `latent-lab cpu, ${threads} threads`,
    command: ownScript("latent-lab", [idxFolder, images, hidden, threads]),
    images,
    steps: null,
  };
}

export type PytorchGroup = "eager" | "compiled" | "cudaGraph";

/** Of several ways to the same end the fastest counts. */
const variants: Readonly<Record<PytorchGroup, readonly string[]>> = {
  eager: ["eager"],
  compiled: ["compiled-step", "compiled-loss-and-adam", "compiled-loss-fused-adam"],
  cudaGraph: ["cuda-graph"],
};

export function pytorchContestants(
  group: PytorchGroup,
  { idxFolder, images }: BenchData,
  { program }: PythonWithTorch,
  { device }: GpuBenchOptions,
): readonly Contestant[] {
  return variants[group].map((variant) => ({
    name: `pytorch ${variant}`,
    command: { program, args: ["-B", script("pytorch_gpu.py"), idxFolder, device, variant] },
    images,
    steps: null,
    unmeasured: device === "cuda" ? unmeasuredOnGpu : 0,
  }));
}
