/** Runs on the CPU engine: what the loop and the engine promise together. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createCpuEngine } from "../../src/ml/engine/cpu/cpu-engine.ts";
import { RunWriter } from "../../src/ml/train/run-folder.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { createRun, outcome, smallAutoencoder, smallExperiment, smallVae, train } from "./small-run.ts";

const engine = createCpuEngine();

for (const [name, choice] of Object.entries({ VAE: smallVae, autoencoder: smallAutoencoder }))
  test(`the ${name} stopped on one thread and gone on with on two ends as one that never stopped`, async (t) => {
    const folder = temporaryFolder(t);
    const [straight, stopped] = [join(folder, "straight"), join(folder, "stopped")];
    await train(await createRun(straight, choice), { engine, threads: 1 });
    const first = await train(await createRun(stopped, choice), {
      engine,
      threads: 1,
      stopAt: (event) => event.event === "step",
    });
    assert.equal(first.failure?.code, "interrupted");
    const second = await train(await RunWriter.resume(stopped), { engine, threads: 2 });
    assert.equal(second.failure, null);
    assert.deepEqual(await outcome(stopped), await outcome(straight));
  });

test("a learning rate far too high is named as what it is, and no checkpoint of it is written", async (t) => {
  const path = join(temporaryFolder(t), "run");
  const hot = smallExperiment({
    model: {
      kind: "autoencoder",
      encoder: [784, 64, 64, 64, 64, 8],
      activation: "linear",
      outputActivation: "linear",
    },
    loss: { reconstruction: "mse" },
    optimizer: { learningRate: 10 },
  });
  const { failure } = await train(await createRun(path, hot), { engine });
  assert.equal(failure?.code, "diverged");
  assert.match(failure.message, /the learning rate is 10$/);
  assert.match(failure.hint, /optimizer\.learningRate=1\. Nothing was saved yet/);
  assert.ok(!existsSync(join(path, "checkpoint.safetensors")));
});
