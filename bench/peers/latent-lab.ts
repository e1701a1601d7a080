/**
 * Latent Lab's CPU engine as a contestant: one session that trains an epoch per turn.
 * Arguments: the folder of the IDX files, images, hidden units, threads.
 */
import { resolveExperiment } from "../../src/contract/parse-experiment.ts";
import { findPreset } from "../../src/contract/presets.ts";
import type { Split } from "../../src/ml/data/dataset.ts";
import { findIdxFiles, readIdxFiles } from "../../src/ml/data/idx-folder.ts";
import { createCpuEngine } from "../../src/ml/engine/cpu/cpu-engine.ts";
import { buildNetwork, type Network } from "../../src/ml/model/network.ts";
import { type EpochResult, epochRequestSchema } from "./epoch.ts";
import { serve } from "./protocol.ts";

const [folder = "", images = "", hidden = "", threads = ""] = process.argv.slice(2);
const batch = 128;

function networkOf(hiddenUnits: number): Network {
  const { experiment } = findPreset("mnist-vae");
  const model = { ...experiment.model, encoder: [784, hiddenUnits, 20] };
  return buildNetwork(resolveExperiment({ ...experiment, model }, "the benchmark"));
}

function firstImages(split: Split, count: number, pixels: number): Split {
  return { count, pixels: split.pixels.subarray(0, count * pixels), labels: null };
}

const content = await readIdxFiles(folder, await findIdxFiles(folder));
const train = firstImages(content.train, Number(images), content.width * content.height);
const dataset = { ...content, name: "bench", source: folder, sha256: "", labelNames: [], train };
const session = await createCpuEngine().open(networkOf(Number(hidden)), dataset, {
  threads: Number(threads),
});
const stepsPerEpoch = Math.ceil(train.count / batch);

await session.train(Math.min(20, stepsPerEpoch));
await serve(`Latent Lab, ${session.device.description}, Node ${process.versions.node}`, async (request) => {
  const { steps } = epochRequestSchema.parse(request);
  const start = performance.now();
  const { reconstruction, kl, imagesPerStep } = await session.train(steps ?? stepsPerEpoch);
  const seconds = (performance.now() - start) / 1000;
  const trained = imagesPerStep.reduce((sum, count) => sum + count, 0);
  const loss = reconstruction.reduce((sum, each, step) => sum + each + (kl[step] ?? 0), 0) / trained;
  return { seconds, images: trained, loss } satisfies EpochResult;
});
await session.close();
