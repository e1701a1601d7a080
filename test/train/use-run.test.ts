import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { encodePng } from "../../src/ml/image/grey-image.ts";
import { RunWriter } from "../../src/ml/train/run-folder.ts";
import { type Run, readRun } from "../../src/ml/train/run-record.ts";
import {
  decodeImage,
  encodeImage,
  evaluateRun,
  type Inversion,
  reconstructionsOfRun,
  samplesOfRun,
} from "../../src/ml/train/use-run.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { createReferenceEngine } from "./reference-engine.ts";
import { createRun, smallAutoencoder, smallDataset, smallVae, train } from "./small-run.ts";

const engine = createReferenceEngine();

async function trainedRun(t: TestContext, choice = smallVae): Promise<Run> {
  const path = join(temporaryFolder(t), "run");
  await train(await createRun(path, choice));
  return readRun(path);
}

/** The size in the header of a PNG. */
function sizeOf(png: Buffer): readonly [number, number] {
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
}

/** A light digit on black; on white where `paper` is 255, dark. */
function digitFile(t: TestContext, paper: 0 | 255 = 0): string {
  const path = join(temporaryFolder(t), "digit.png");
  const pixels = smallDataset.test.pixels.subarray(0, 784).map((pixel) => Math.abs(paper - pixel));
  writeFileSync(path, encodePng({ width: 28, height: 28, pixels }));
  return path;
}

describe("a trained run", () => {
  for (const [name, choice] of [
    ["VAE", smallVae],
    ["autoencoder", smallAutoencoder],
  ] as const)
    test(`evaluates to what its ${name} scored when training ended`, async (t) => {
      const run = await trainedRun(t, choice);
      const found = await evaluateRun({ run, engine, threads: 1, dataset: smallDataset, split: "test" });
      const last = readFileSync(join(run.path, "metrics.jsonl"), "utf8").trim().split("\n").at(-1) ?? "";
      assert.deepEqual(found.evaluation, JSON.parse(last).test);
      assert.equal(found.sameData, true);
      assert.equal(found.weights, "model.safetensors");
      assert.equal(found.modelSha256, run.record.modelSha256);
      assert.deepEqual(found.compression, {
        dimensions: 784 / 3,
        bytesFloat32: 784 / 12,
        bytesInt8: 784 / 3,
      });
    });

  test("that was killed is used as its checkpoint has it", async (t) => {
    const path = join(temporaryFolder(t), "run");
    await train(await createRun(path, smallVae));
    const writer = await RunWriter.resume(path);
    // As a kill leaves it: run.json does not vouch for the model.
    await writer.update({ status: "training", modelSha256: null });
    await writer.close();
    rmSync(join(path, "model.safetensors"));
    const run = await readRun(path);
    const found = await evaluateRun({ run, engine, threads: 1, dataset: smallDataset, split: "test" });
    assert.equal(found.weights, "checkpoint.safetensors");
    rmSync(join(path, "checkpoint.safetensors"));
    await assert.rejects(samplesOfRun({ run, engine, threads: 1, count: 1 }), {
      code: "run-invalid",
      message: /has no model yet/,
      hint: `Wait for its first epoch, or go on with it: latent-lab train --resume ${path}`,
    });
  });

  test("whose model was edited is refused, naming the file and the way back", async (t) => {
    const run = await trainedRun(t);
    const file = join(run.path, "model.safetensors");
    const bytes = readFileSync(file);
    bytes.writeFloatLE(1.5, bytes.length - 4);
    writeFileSync(file, bytes);
    await assert.rejects(samplesOfRun({ run, engine, threads: 1, count: 1 }), {
      code: "run-invalid",
      message: /model\.safetensors: was changed since this run wrote it/,
      hint: new RegExp(`latent-lab train --resume ${run.path}$`),
    });
    rmSync(file);
    await assert.rejects(samplesOfRun({ run, engine, threads: 1, count: 1 }), {
      code: "run-invalid",
      message: /model\.safetensors: is missing/,
    });
  });

  test("draws reconstructions of as many test images as asked for, ten to a row, as the run's own picture has them", async (t) => {
    const run = await trainedRun(t);
    const draw = (count: number) =>
      reconstructionsOfRun({ run, engine, threads: 1, dataset: smallDataset, count });
    const own = readFileSync(join(run.path, "reconstructions.png"));
    assert.ok(own.equals(await draw(10)));
    const [width, height] = sizeOf(own);
    const margin = 40;
    assert.equal(sizeOf(await draw(4))[1], height);
    assert.deepEqual(sizeOf(await draw(12)), [width, 2 * height - margin]);
    assert.deepEqual(sizeOf(await draw(1000)), [width, 3 * height - 2 * margin]);
  });

  test("draws the same samples for the same seed, others for another", async (t) => {
    const run = await trainedRun(t, smallAutoencoder);
    const draw = (seed: number) => samplesOfRun({ run, engine, threads: 1, count: 5, seed });
    const [one, same, other] = [await draw(1), await draw(1), await draw(2)];
    assert.deepEqual(sizeOf(one), [3 * 116 - 4, 2 * 116 - 4]);
    assert.ok(one.equals(same));
    assert.ok(!one.equals(other));
    for (const count of [0, -1, 1.5, 1e9])
      await assert.rejects(samplesOfRun({ run, engine, threads: 1, count }), { code: "usage" });
  });

  test("encodes a picture, and decodes it to the same bytes every time", async (t) => {
    const run = await trainedRun(t);
    const encoded = await encodeImage({ run, engine, threads: 1, image: digitFile(t), invert: "dataset" });
    assert.equal(encoded.latents.length, 3);
    assert.equal(encoded.bytes.length, 54 + 3);
    assert.ok(Number.isFinite(encoded.psnr) && encoded.ssim <= 1);
    assert.deepEqual(
      Buffer.from(encoded.seen.pixels),
      Buffer.from(smallDataset.test.pixels.subarray(0, 784)),
    );
    const decode = () => decodeImage({ run, engine, threads: 1, name: "x.latent", bytes: encoded.bytes });
    const decoded = await decode();
    assert.deepEqual(decoded, await decode());
    assert.deepEqual(decoded.image, encoded.reconstruction);
    assert.deepEqual(decoded.latents, encoded.latents);
  });

  test("swaps dark and light when told to, or when it sees dark ink on light paper", async (t) => {
    const run = await trainedRun(t);
    const light = digitFile(t);
    const dark = digitFile(t, 255);
    const seen = async (image: string, invert: Inversion) => {
      const encoded = await encodeImage({ run, engine, threads: 1, image, invert });
      return [
        encoded.inverted,
        Array.from(encoded.seen.pixels).reduce((sum, pixel) => sum + pixel, 0),
      ] as const;
    };
    const asTrained = await seen(light, "off");
    assert.deepEqual(await seen(light, "auto"), asTrained);
    assert.deepEqual(await seen(light, "dataset"), asTrained);
    assert.deepEqual(await seen(dark, "auto"), [true, asTrained[1]]);
    assert.deepEqual(await seen(dark, "on"), [true, asTrained[1]]);
    assert.deepEqual(await seen(dark, "dataset"), await seen(dark, "off"));
    assert.deepEqual(await seen(light, "on"), [true, 784 * 255 - asTrained[1]]);
  });

  test("sees dark ink on light paper where that decides, or somebody wants to know, unless it was told what to do", async (t) => {
    const run = await trainedRun(t);
    const sees = async (image: string, invert: Inversion, looks = true) =>
      (await encodeImage({ run, engine, threads: 1, image, invert, looks })).inkOnPaper;
    const [light, dark] = [digitFile(t), digitFile(t, 255)];
    assert.deepEqual([await sees(dark, "dataset"), await sees(light, "dataset")], [true, false]);
    assert.deepEqual([await sees(dark, "auto"), await sees(light, "auto")], [true, false]);
    assert.deepEqual([await sees(dark, "off"), await sees(dark, "on")], [false, false]);
    assert.deepEqual([await sees(dark, "dataset", false), await sees(dark, "auto", false)], [false, true]);
  });

  test("leaves dark and light as they were in the folder it was trained on, unless told otherwise", async (t) => {
    const trained = await trainedRun(t);
    const seen = async (datasetInvert: boolean, invert: Inversion) => {
      const dataset = {
        kind: "folder",
        path: "pictures",
        width: 28,
        height: 28,
        invert: datasetInvert,
        testFraction: 0.1,
        seed: 1,
      } as const;
      const { record, path } = trained;
      const run = { path, record: { ...record, experiment: { ...record.experiment, dataset } } };
      const image = digitFile(t, 255);
      const encoded = await encodeImage({ run, engine, threads: 1, image, invert });
      assert.equal(encoded.inkOnPaper, false);
      return encoded.inverted;
    };
    assert.deepEqual([await seen(false, "auto"), await seen(false, "dataset")], [false, false]);
    assert.deepEqual([await seen(true, "auto"), await seen(true, "dataset")], [true, true]);
    assert.deepEqual([await seen(true, "off"), await seen(false, "on")], [false, true]);
  });

  test("does not decode what another model encoded", async (t) => {
    const [one, other] = [await trainedRun(t, smallVae), await trainedRun(t, smallAutoencoder)];
    const options = { engine, threads: 1, image: digitFile(t), invert: "dataset" } as const;
    const { bytes } = await encodeImage({ run: one, ...options });
    await assert.rejects(decodeImage({ run: other, engine, threads: 1, name: "x.latent", bytes }), {
      code: "latent-foreign",
      message: /x\.latent: was made by another model/,
    });
  });

  test("refuses test images of another size", async (t) => {
    const run = await trainedRun(t);
    const dataset = { ...smallDataset, width: 14, height: 56 };
    await assert.rejects(evaluateRun({ run, engine, threads: 1, dataset, split: "test" }), {
      code: "dataset-invalid",
      message: /images of 14×56; .* was trained on 28×28/,
    });
  });
});
