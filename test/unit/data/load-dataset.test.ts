/** Each kind of dataset in an experiment reaches the code that knows it, with paths relative to the experiment. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { DatasetChoice } from "../../../src/contract/experiment.ts";
import type { Dataset } from "../../../src/ml/data/dataset.ts";
import { loadDataset } from "../../../src/ml/data/load-dataset.ts";
import { failsWith } from "../../fixtures/failures.ts";
import { smallDataset, writeFiles } from "../../fixtures/idx-bytes.ts";
import { greyPng } from "../../fixtures/picture-bytes.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

/** What every dataset promises: see dataset.ts. */
function assertWhole({ train, test, width, height, labelNames, sha256 }: Dataset): void {
  const hash = createHash("sha256").update(train.pixels).update(test.pixels).digest("hex");
  assert.equal(sha256, hash);
  for (const { count, pixels, labels } of [train, test]) {
    assert.ok(count > 0);
    assert.equal(pixels.length, count * width * height);
    assert.equal(labels?.length ?? count, count);
    assert.ok(labels?.every((label) => label < labelNames.length) ?? true);
  }
}

test("all four kinds load, and name themselves and where they come from", async (context) => {
  const baseFolder = temporaryFolder(context);
  await mkdir(join(baseFolder, "digits"));
  await writeFiles(join(baseFolder, "digits"), smallDataset());
  await mkdir(join(baseFolder, "pictures"));
  for (const name of ["a.png", "b.png"])
    await writeFile(join(baseFolder, "pictures", name), await greyPng(Uint8Array.of(0, 90, 180, 255), 2, 2));
  const options = {
    baseFolder,
    environment: { LATENT_LAB_DATA: join(baseFolder, "digits") },
    allowDownload: false,
  };
  const size = { width: 3, height: 2, invert: false, testFraction: 0.1, seed: 1 };
  const choices: DatasetChoice[] = [
    { kind: "mnist" },
    { kind: "drawn-digits", train: 5, test: 3, seed: 1 },
    { kind: "idx", path: "digits" },
    { kind: "folder", path: "pictures", ...size },
  ];
  for (const choice of choices) {
    const data = await loadDataset(choice, options);
    assertWhole(data);
    assert.equal(data.name, choice.kind);
    assert.match(
      data.source,
      choice.kind === "drawn-digits" ? /drawn by Latent Lab/ : new RegExp(baseFolder),
    );
  }
});

test("a folder named for MNIST is refused where another dataset is asked for", async () => {
  const options = { baseFolder: ".", data: "digits", environment: {}, allowDownload: false };
  const size = { width: 3, height: 2, invert: false, testFraction: 0.1, seed: 1 };
  const choices: DatasetChoice[] = [
    { kind: "drawn-digits", train: 5, test: 3, seed: 1 },
    { kind: "idx", path: "digits" },
    { kind: "folder", path: "pictures", ...size },
  ];
  for (const choice of choices)
    await failsWith(() => loadDataset(choice, options), "usage", "--data digits", choice.kind);
});

test("images of one pixel load", async (context) => {
  const baseFolder = temporaryFolder(context);
  for (const level of [7, 9])
    await writeFile(join(baseFolder, `${level}.png`), await greyPng(Uint8Array.of(level), 1, 1));
  const size = { width: 1, height: 1, invert: false, testFraction: 0.5, seed: 1 };
  const options = { baseFolder, environment: {}, allowDownload: false };
  const data = await loadDataset({ kind: "folder", path: ".", ...size }, options);
  assertWhole(data);
  assert.deepEqual([...data.train.pixels, ...data.test.pixels].sort(), [7, 9]);
});

test("datasets that would not fit into 4 GiB are refused before memory is taken", async (context) => {
  const baseFolder = temporaryFolder(context);
  const options = { baseFolder, environment: {}, allowDownload: false };
  const choice: DatasetChoice = { kind: "drawn-digits", train: 9_000_000, test: 1, seed: 1 };
  await failsWith(() => loadDataset(choice, options), "dataset-invalid", "4294967296 bytes");
});
