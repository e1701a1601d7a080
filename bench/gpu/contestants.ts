/** Who takes part in the GPU's races. */
import type { BenchData } from "../bench-data.ts";
import { ownScript, script } from "../contestants.ts";
import type { PythonWithTorch } from "../pythons.ts";
import type { Contestant, Turn } from "../race.ts";
import type { GpuBenchOptions } from "./options.ts";

const hidden = 400;

/** For a GPU that waited to be at full speed again, and for more than a flicker to be measured. */
const turnOnGpu: Turn = { warmUp: { epochs: 3, seconds: 1 }, measured: { epochs: 1, seconds: 0.3 } };

export const ourName = "latent-lab webgpu";

export function gpuContestant({ idxFolder, images }: BenchData, software: boolean): Contestant {
  return {
    name: ourName,
    command: ownScript("latent-lab", [idxFolder, images, hidden, 0, "webgpu"]),
    images,
    steps: null,
    ...(software ? {} : { turn: turnOnGpu }),
  };
}

/** From its first step on: its turns are the epochs of a training. */
export function curveContestant({ idxFolder, images }: BenchData): Contestant {
  return {
    name: `${ourName}, from the start`,
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

/** Ways to the same end, of which the fastest counts. */
export type PytorchGroup = "eager" | "cudaGraph" | "compiled";

export const groupOfVariant = {
  eager: "eager",
  "cuda-graph": "cudaGraph",
  "cuda-graph-logits": "cudaGraph",
  "cuda-graph-compiled": "cudaGraph",
  "compiled-step": "compiled",
  "compiled-loss-and-adam": "compiled",
  "compiled-loss-fused-adam": "compiled",
} as const satisfies Record<string, PytorchGroup>;

type Variant = keyof typeof groupOfVariant;

/**
 * Those that race together: what takes minutes to compile does not hold up what does not. In the order of set-up, for
 * which the time may not do.
 */
export const variantsOfPart = {
  eager: ["eager"],
  "cuda-graph": ["cuda-graph", "cuda-graph-logits"],
  compiled: ["compiled-loss-fused-adam", "cuda-graph-compiled", "compiled-loss-and-adam", "compiled-step"],
} as const satisfies Record<string, readonly Variant[]>;

export function pytorchContestants(
  part: keyof typeof variantsOfPart,
  { idxFolder, images }: BenchData,
  { program }: PythonWithTorch,
  device: GpuBenchOptions["device"],
): readonly Contestant[] {
  return variantsOfPart[part].map((variant) => ({
    name: pytorchName(variant),
    command: { program, args: ["-B", script("pytorch_gpu.py"), idxFolder, device, variant] },
    images,
    steps: null,
    ...(device === "cuda" ? { turn: turnOnGpu } : {}),
  }));
}

export function namesOfGroup(group: PytorchGroup): readonly string[] {
  return Object.entries(groupOfVariant)
    .filter(([, each]) => each === group)
    .map(([variant]) => pytorchName(variant));
}

function pytorchName(variant: string): string {
  return `pytorch ${variant}`;
}
