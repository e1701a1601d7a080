/**
 * The presets on real MNIST, from the command line, against curves published elsewhere. A tolerance is what other
 * seeds and frameworks scatter by; the arithmetic itself is held to rounding in test/engine.
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { type EpochEvent, trainingEventSchema } from "../../src/contract/events.ts";
import { runCli } from "../cli/run-cli.ts";
import { noRealMnist, realMnist } from "../fixtures/real-mnist.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

async function epochsOf(t: TestContext, preset: string): Promise<readonly EpochEvent[]> {
  const args = ["--preset", preset, "--seed", "1", "--data", realMnist, "--json"];
  const { code, stdout, stderr } = await runCli(["train", ...args], { folder: temporaryFolder(t) });
  assert.equal(code, 0, stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line) => trainingEventSchema.parse(JSON.parse(line)))
    .filter((event) => event.event === "epoch");
}

function assertWithin(value: number | undefined, expected: number, tolerance: number, what: string): void {
  assert.ok(value !== undefined, `${what} is missing`);
  assert.ok(Math.abs(value - expected) <= tolerance, `${what} is ${value}, not ${expected} ± ${tolerance}`);
}

describe("on real MNIST", { skip: noRealMnist }, () => {
  test("the VAE's training loss follows PyTorch's, epochs 1 to 5", async (t) => {
    const epochs = await epochsOf(t, "mnist-vae");
    // Means of five runs of the PyTorch original: two noted with it, one published, two made by ourselves.
    const band = [
      [164.9, 1.2],
      [121.9, 0.8],
      [114.8, 0.8],
      [111.8, 0.8],
      [110.0, 0.8],
    ] as const;
    assert.equal(epochs.length, band.length);
    for (const [index, [expected, tolerance]] of band.entries()) {
      t.diagnostic(
        `epoch ${index + 1}: ${epochs[index]?.train.loss.toFixed(2)} (${expected} ± ${tolerance})`,
      );
      assertWithin(epochs[index]?.train.loss, expected, tolerance, `epoch ${index + 1}`);
    }
  });

  test("the autoencoder's losses follow a published Keras log to epoch 50, and it beats PCA", async (t) => {
    const epochs = await epochsOf(t, "mnist-autoencoder");
    const published = [
      { epoch: 1, train: 0.2421, test: 0.1642, tolerance: 0.006 },
      { epoch: 5, train: 0.1138, test: 0.1103, tolerance: 0.006 },
      { epoch: 10, train: 0.1011, test: 0.0996, tolerance: 0.006 },
      { epoch: 50, train: 0.0831, test: 0.0828, tolerance: 0.003 },
    ];
    for (const { epoch, train, test: validation, tolerance } of published) {
      const found = epochs[epoch - 1];
      t.diagnostic(
        `epoch ${epoch}: train ${found?.train.loss.toFixed(4)} (${train}), ` +
          `test ${found?.test.loss.toFixed(4)} (${validation}), ± ${tolerance}`,
      );
      assertWithin(found?.train.loss, train, tolerance, `training loss of epoch ${epoch}`);
      assertWithin(found?.test.loss, validation, tolerance, `test loss of epoch ${epoch}`);
    }
    // The first 32 principal components of the training images, scored on the test images, clipped to [0, 1].
    const pcaMse = 0.01521;
    const mse = epochs.at(-1)?.test.pixelMse ?? Number.POSITIVE_INFINITY;
    t.diagnostic(`squared error per pixel ${mse.toFixed(5)}, PCA-32 ${pcaMse}`);
    assert.ok(mse < pcaMse);
  });
});
