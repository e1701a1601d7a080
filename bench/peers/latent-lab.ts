/**
 * An engine of Latent Lab's as a contestant: one session that trains an epoch per turn.
 * Arguments: the folder of the IDX files, images, hidden units, threads; then, where it is not the CPU engine after
 * twenty steps, cpu or webgpu, and the steps to take before the first turn.
 */
import { Failure } from "../../src/contract/failure.ts";
import { resolveExperiment } from "../../src/contract/parse-experiment.ts";
import { findPreset } from "../../src/contract/presets.ts";
import type { Split } from "../../src/ml/data/dataset.ts";
import { findIdxFiles, readIdxFiles } from "../../src/ml/data/idx-folder.ts";
import { createCpuEngine } from "../../src/ml/engine/cpu/cpu-engine.ts";
import type { Session } from "../../src/ml/engine/engine.ts";
import { buildNetwork, type Network } from "../../src/ml/model/network.ts";
import { StepPace } from "../../src/ml/train/step-pace.ts";
import { createTunedEngine } from "../gpu/tuned-engine.ts";
import { type EpochResult, epochRequestSchema } from "./epoch.ts";
import { declareUnavailable, serve } from "./protocol.ts";

const [folder = "", images = "", hidden = "", threads = "", engineName = "cpu", warmUp = "20"] =
  process.argv.slice(2);
const batch = 128;

function networkOf(hiddenUnits: number): Network {
  const { experiment } = findPreset("mnist-vae");
  const model = { ...experiment.model, encoder: [784, hiddenUnits, 20] };
  return buildNetwork(resolveExperiment({ ...experiment, model }, "the benchmark"));
}

function firstImages(split: Split, count: number, pixels: number): Split {
  return { count, pixels: split.pixels.subarray(0, count * pixels), labels: null };
}

/** Says in the protocol's words what a user would be told, where the engine cannot run. */
async function open(): Promise<Session> {
  try {
    return await engine.open(networkOf(Number(hidden)), dataset, { threads: Number(threads) });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    declareUnavailable(error.message);
    process.exit();
  }
}

const content = await readIdxFiles(folder, await findIdxFiles(folder));
const train = firstImages(content.train, Number(images), content.width * content.height);
const dataset = { ...content, name: "bench", source: folder, sha256: "", labelNames: [], train };
const engine = engineName === "webgpu" ? createTunedEngine() : createCpuEngine();
const session = await open();
const stepsPerEpoch = Math.ceil(train.count / batch);

const pace = new StepPace();

/** An epoch, or some steps of it, in calls as long as those of `latent-lab train`. Gives seconds, images and loss. */
async function trainSteps(steps: number): Promise<EpochResult> {
  let seconds = 0;
  let images = 0;
  let loss = 0;
  for (let done = 0; done < steps; ) {
    const count = pace.next(steps - done);
    const start = performance.now();
    const losses = await session.train(count);
    const passed = (performance.now() - start) / 1000;
    pace.measured(count, passed);
    seconds += passed;
    images += losses.images;
    loss += losses.reconstruction.reduce((sum, each, step) => sum + each + (losses.kl[step] ?? 0), 0);
    done += count;
  }
  return { seconds, images, loss: loss / images };
}

await trainSteps(Math.min(Number(warmUp), stepsPerEpoch));
await serve(`Latent Lab, ${session.device.description}, Node ${process.versions.node}`, async (request) => {
  const { steps } = epochRequestSchema.parse(request);
  return await trainSteps(steps ?? stepsPerEpoch);
});
await session.close();
