/** Who takes part in the races, and how each is started. */
import { fileURLToPath } from "node:url";
import type { BenchContext } from "./measurement.ts";
import type { PeerCommand } from "./peer.ts";
import type { PythonWithTorch } from "./pythons.ts";
import type { Contestant } from "./race.ts";

/** Steps of a turn for a peer that takes more than 20 seconds an epoch: a tenth of MNIST's 469. */
const partialSteps = 47;

/** ".js" where the benchmark was bundled to run without its sources (scripts/pack-bench.mjs). */
const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

export function script(name: string): string {
  return fileURLToPath(new URL(`peers/${name}`, import.meta.url));
}

/** `name`: of a script in peers/, without its extension. */
export function ownScript(name: string, args: readonly (string | number)[]): PeerCommand {
  return {
    program: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", script(name + extension), ...args.map(String)],
  };
}

export interface OurSize {
  readonly images: number;
  readonly hidden: number;
  readonly threads: number;
}

/** The exercise's VAE, or one with another hidden layer or fewer images. */
export function ourContestant(context: BenchContext, size: Partial<OurSize> = {}): Contestant {
  const { images, hidden, threads }: OurSize = {
    images: context.data.images,
    hidden: 400,
    threads: context.threads,
    ...size,
  };
  return {
    name: `latent-lab images=${images} hidden=${hidden} threads=${threads}`,
    command: ownScript("latent-lab", [context.data.idxFolder, images, hidden, threads]),
    images,
    steps: null,
  };
}

/** Without threads, as Node gets the backend, and with as many as we use. */
export function tfjsContestants({ data, threads, wholeEpochs }: BenchContext): Contestant[] {
  return [...new Set([1, threads])].map((count) => ({
    name: `tfjs-wasm threads=${count}`,
    command: ownScript("tfjs-wasm", [data.idxFolder, count, data.root]),
    images: data.images,
    steps: wholeEpochs ? null : partialSteps,
  }));
}

const variantsOfPytorch1 = ["eager", "eager-foreach"];
const variantsOfPytorch2 = [
  "eager",
  "eager-fused",
  "compiled-loss",
  "compiled-loss-fused",
  "compiled-loss-and-adam",
];

export function pytorchContestants(
  { data, threads }: BenchContext,
  { program, torch }: PythonWithTorch,
): Contestant[] {
  const variants = torch.startsWith("1.") ? variantsOfPytorch1 : variantsOfPytorch2;
  return variants.map((variant) => ({
    name: `pytorch ${torch} ${variant}`,
    command: { program, args: ["-B", script("pytorch_vae.py"), data.idxFolder, String(threads), variant] },
    images: data.images,
    steps: null,
  }));
}

export function seedScriptContestant(
  { data, threads }: BenchContext,
  { program, torch }: PythonWithTorch,
): Contestant {
  return {
    name: `seed-script ${torch}`,
    command: { program, args: ["-B", script("seed_script.py"), data.torchvisionRoot, String(threads)] },
    images: data.images,
    steps: null,
  };
}
