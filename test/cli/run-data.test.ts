import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { DatasetChoice } from "../../src/contract/experiment.ts";
import { loadRunData } from "../../src/ml/cli/run-data.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { vae } from "../unit/image/run-data.ts";

test("where the folder is there and lacks its files, these are named", async (t) => {
  const baseFolder = temporaryFolder(t);
  const dataset: DatasetChoice = { kind: "idx", path: "." };
  const record = { experiment: { ...vae, dataset }, baseFolder, dataFolder: null };
  await assert.rejects(loadRunData(record, { environment: {}, allowDownload: false }), {
    code: "dataset-missing",
    hint: /must hold train-images-idx3-ubyte/,
  });
});

test("where the folder that a run was trained on is gone, it is said to be put back", async (t) => {
  const baseFolder = temporaryFolder(t);
  const size = { width: 28, height: 28, invert: false, testFraction: 0.1, seed: 1 };
  const choices: DatasetChoice[] = [
    { kind: "folder", path: "images", ...size },
    { kind: "idx", path: "images" },
  ];
  for (const dataset of choices) {
    const record = { experiment: { ...vae, dataset }, baseFolder, dataFolder: null };
    await assert.rejects(loadRunData(record, { environment: {}, allowDownload: false }), {
      code: "dataset-missing",
      message: `${join(baseFolder, "images")}: no such folder`,
      hint: /put the folder back there/,
    });
  }
});
