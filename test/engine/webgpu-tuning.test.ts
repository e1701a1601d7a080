/** Which tile is fastest is measured once per shape and GPU, remembered, and never a reason to fail. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { allTiles, tileName } from "../../src/ml/engine/webgpu/tiles.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { noSoftwareGpu, softwareGpu } from "../fixtures/software-gpu.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { assertTrainsAsReference } from "../reference/comparison.ts";
import { patchDataset } from "../reference/datasets.ts";
import { experiment } from "../reference/experiments.ts";

const setting = {
  experiment: experiment({ model: { kind: "autoencoder", encoder: [35, 20] }, training: { batch: 8 } }),
  dataset: patchDataset(7, 5, 20, 1, 2),
};

/** Opens a session with its measurements in `file`; what was told meanwhile. */
async function open(file: string): Promise<string[]> {
  const told: string[] = [];
  const engine = softwareGpu("fast", { tuningFile: file });
  const network = buildNetwork(setting.experiment);
  const session = await engine.open(network, setting.dataset, {
    threads: 0,
    tell: (line) => told.push(line),
  });
  await session.close();
  return told;
}

const newFile = (t: TestContext) => join(temporaryFolder(t), "below", "tiles.json");

describe("the fastest tiles", { skip: noSoftwareGpu }, () => {
  test("are measured once, for every product of a step, and remembered by GPU and driver", async (t) => {
    const file = newFile(t);
    assert.match((await open(file)).join(), /^finding the fastest kernels for this model on SwiftShader/);
    const all: Record<string, Record<string, string>> = JSON.parse(readFileSync(file, "utf8"));
    const [gpu = ""] = Object.keys(all);
    assert.match(gpu, /^SwiftShader .*; SwiftShader driver .*; kernels \d+$/);
    const shapes = [
      "forward 8×20×35",
      "forward 8×35×20",
      "inputGradient 8×35×20",
      "update 21×8×35",
      "update 36×8×20",
    ];
    assert.deepEqual(Object.keys(all[gpu] ?? {}).sort(), shapes);
    for (const tile of Object.values(all[gpu] ?? {})) assert.ok(allTiles.map(tileName).includes(tile), tile);
    assert.deepEqual(await open(file), []);
  });

  test("make the same products as any other", async (t) => {
    const engine = softwareGpu("fast", { tuningFile: newFile(t) });
    await assertTrainsAsReference({ ...setting, engine }, 3, 3, {
      losses: 1e-5,
      weights: { relative: 2e-6, worst: 2e-4 },
      moments: { relative: 1e-5, worst: 2e-5 },
    });
  });

  test("are measured anew where the file is damaged or names no tile there is", async (t) => {
    const file = join(temporaryFolder(t), "tiles.json");
    await open(file);
    const good = readFileSync(file, "utf8");
    for (const damaged of ["{", "[1]", good.replaceAll(/"\d+×\d+×\d+"/g, '"1×1×1"')]) {
      writeFileSync(file, damaged);
      assert.equal((await open(file)).length, 1);
    }
  });

  test("are used though they cannot be remembered", async (t) => {
    const blocked = join(temporaryFolder(t), "a file");
    writeFileSync(blocked, "");
    assert.equal((await open(join(blocked, "tiles.json"))).length, 1);
  });
});
