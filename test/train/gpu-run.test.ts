/**
 * Runs on the WebGPU engine that come to harm: the device is lost, its memory cannot be read, the process is killed.
 * Each ends with what a person can act on, and resumes to the very bits that an undisturbed run ends with.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { globals } from "webgpu";
import { createCpuEngine } from "../../src/ml/engine/cpu/cpu-engine.ts";
import { tileIn } from "../../src/ml/engine/webgpu/tiles.ts";
import { readEpochs } from "../../src/ml/train/metrics-file.ts";
import { RunWriter } from "../../src/ml/train/run-folder.ts";
import { runCli } from "../cli/run-cli.ts";
import { silenceGpu } from "../fixtures/silent-gpu.ts";
import { noSoftwareGpu, softwareGpu, softwareGpuEnvironment } from "../fixtures/software-gpu.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { watchDevices } from "../fixtures/watch-devices.ts";
import { assertClose } from "../reference/agreement.ts";
import { createRun, outcome, smallVae, train } from "./small-run.ts";

const engine = softwareGpu("fast");
const { GPUBuffer: buffers } = globals as { readonly GPUBuffer: { readonly prototype: GPUBuffer } };

/** What the VAE ends with when nothing disturbs it. */
const undisturbed = noSoftwareGpu === false ? await trainUndisturbed() : null;

async function trainUndisturbed() {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-undisturbed-"));
  try {
    const path = join(folder, "run");
    assert.equal((await train(await createRun(path, smallVae), { engine })).failure, null);
    return await outcome(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("a run on the GPU", { skip: noSoftwareGpu }, () => {
  test(`that was stopped goes on to the same bits; on the processor to nearly the same loss`, async (t) => {
    const folder = temporaryFolder(t);
    const stopped = join(folder, "stopped");
    const stopAt = (event: { readonly event: string }) => event.event === "epoch";
    const first = await train(await createRun(stopped, smallVae), { engine, stopAt });
    assert.equal(first.failure?.code, "interrupted");
    const across = join(folder, "across");
    const half = await train(await createRun(across, smallVae), { engine, stopAt });
    assert.equal(half.failure?.code, "interrupted");
    assert.equal((await train(await RunWriter.resume(stopped), { engine })).failure, null);
    assert.deepEqual(await outcome(stopped), undisturbed);
    // From one engine to the other, as a folder that moves to a machine without a GPU.
    const second = await train(await RunWriter.resume(across), { engine: createCpuEngine() });
    assert.equal(second.failure, null);
    const losses = async (path: string) =>
      (await readEpochs(join(path, "metrics.jsonl"))).map(({ test: { loss } }) => loss);
    const expected = await losses(stopped);
    (await losses(across)).forEach((loss, epoch) => {
      assertClose(loss, expected[epoch] ?? Number.NaN, 1e-5, `test loss of epoch ${epoch + 1}`);
    });
  });

  test("goes on with the tiles that it began with, whatever others are the fastest by now", async (t) => {
    const folder = temporaryFolder(t);
    // Four slices: the sums of the engine's own choice for this model have one.
    const tile = tileIn("32×32×32");
    assert.ok(tile);
    const others = softwareGpu("fast", { tiles: () => tile });
    const straight = join(folder, "straight");
    assert.equal((await train(await createRun(straight, smallVae), { engine: others })).failure, null);
    const expected = await outcome(straight);
    assert.notEqual(expected.model, undisturbed?.model);
    const stopped = join(folder, "stopped");
    const stopAt = (event: { readonly event: string }) => event.event === "epoch";
    await train(await createRun(stopped, smallVae), { engine: others, stopAt });
    assert.equal((await train(await RunWriter.resume(stopped), { engine })).failure, null);
    assert.deepEqual(await outcome(stopped), expected);
  });

  test("whose device is lost fails with what to do, and resumes to the same bits", async (t) => {
    const path = join(temporaryFolder(t), "lost");
    // The process's device may be older than this test: its loss must be ours to cause.
    await engine.release?.();
    const opened = watchDevices(t);
    const { failure } = await train(await createRun(path, smallVae), {
      engine,
      onEvent: ({ event }) => {
        if (event === "epoch") opened.at(-1)?.destroy();
      },
    });
    assert.equal(failure?.code, "engine-failed");
    assert.match(failure.message, /^the GPU was lost/);
    assert.match(failure.hint, /--engine cpu\. To go on from step 7: latent-lab train --resume .*lost$/);
    assert.equal((await train(await RunWriter.resume(path), { engine })).failure, null);
    assert.deepEqual(await outcome(path), undisturbed);
  });

  test("whose GPU falls silent fails with what to do, and resumes to the same bits", async (t) => {
    const path = join(temporaryFolder(t), "silent");
    await engine.release?.();
    let isSilent = false;
    silenceGpu(t, () => isSilent);
    const { failure } = await train(await createRun(path, smallVae), {
      engine,
      onEvent: ({ event }) => {
        isSilent ||= event === "epoch";
      },
    });
    assert.equal(failure?.code, "engine-failed");
    assert.match(failure.message, /^the GPU has not answered for \d s$/);
    assert.match(failure.hint, /--engine cpu\. To go on from step 7: latent-lab train --resume .*silent$/);
    isSilent = false;
    assert.equal((await train(await RunWriter.resume(path), { engine })).failure, null);
    assert.deepEqual(await outcome(path), undisturbed);
  });

  test("whose device is lost while it computes fails at once, with no word of a checkpoint that it has not", async (t) => {
    const path = join(temporaryFolder(t), "lost at once");
    await engine.release?.();
    const opened = watchDevices(t);
    let isTraining = false;
    const { mapAsync } = buffers.prototype;
    t.mock.method(
      buffers.prototype,
      "mapAsync",
      function (this: GPUBuffer, ...args: Parameters<typeof mapAsync>) {
        if (!isTraining) return mapAsync.apply(this, args);
        setImmediate(() => opened.at(-1)?.destroy());
        // Whether a lost GPU still answers is the driver's affair.
        return new Promise(() => {});
      },
    );
    const run = await createRun(path, smallVae);
    const { failure } = await train(run, {
      engine,
      onEvent: ({ event }) => {
        isTraining = event === "start";
      },
    });
    assert.equal(failure?.code, "engine-failed");
    assert.match(failure.message, /^the GPU was lost/);
    assert.match(failure.hint, /--engine cpu\.$/);
    assert.deepEqual(run.record.failure?.hint, failure.hint);
  });

  test("whose memory cannot be read back fails so, and resumes to the same bits", async (t) => {
    const path = join(temporaryFolder(t), "unreadable");
    const { mapAsync } = buffers.prototype;
    let isBroken = false;
    t.mock.method(
      buffers.prototype,
      "mapAsync",
      function (this: GPUBuffer, ...args: Parameters<typeof mapAsync>) {
        return isBroken ? Promise.reject(new Error("mapping was refused")) : mapAsync.apply(this, args);
      },
    );
    const broken = await train(await createRun(path, smallVae), {
      engine,
      onEvent: ({ event }) => {
        if (event === "epoch") isBroken = true;
      },
    });
    assert.equal(broken.failure?.code, "engine-failed");
    assert.match(broken.failure.message, /^the GPU's memory cannot be read \(mapping was refused\)/);
    isBroken = false;
    assert.equal((await train(await RunWriter.resume(path), { engine })).failure, null);
    assert.deepEqual(await outcome(path), undisturbed);
  });

  test("whose process is killed resumes to the same loss", async (t) => {
    const folder = temporaryFolder(t);
    const args = [
      "train",
      "--preset",
      "mnist-vae",
      "--set",
      "dataset.kind=drawn-digits",
      "--set",
      "dataset.train=200",
      "--set",
      "dataset.test=50",
      "--set",
      "model.encoder=784,16,4",
      "--epochs",
      "4",
      "--engine",
      "webgpu",
      "--json",
    ];
    const environment = { ...softwareGpuEnvironment, VK_ICD_FILENAMES: process.env.VK_ICD_FILENAMES };
    const straight = await runCli([...args, "--out", "straight"], { folder, environment });
    assert.equal(straight.code, 0, straight.stdout + straight.stderr);
    const killed = await runCli([...args, "--out", "killed"], {
      folder,
      environment,
      onOutput: (child, stdout) => {
        if (stdout.includes('"event":"epoch"')) child.kill("SIGKILL");
      },
    });
    assert.equal(killed.signal, "SIGKILL");
    const resumed = await runCli(["train", "--resume", "killed", "--engine", "webgpu", "--json"], {
      folder,
      environment,
    });
    assert.equal(resumed.code, 0, resumed.stdout + resumed.stderr);
    const lastLoss = (stdout: string) => JSON.parse(stdout.trim().split("\n").at(-1) ?? "").test.loss;
    assert.equal(lastLoss(resumed.stdout), lastLoss(straight.stdout));
  });
});
