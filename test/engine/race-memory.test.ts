/** Which races need not be run again, and for how long. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { ExperimentFile } from "../../src/contract/experiment.ts";
import type { Device } from "../../src/ml/engine/engine.ts";
import { type Race, RaceMemory } from "../../src/ml/engine/race-memory.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { patchDataset } from "../reference/datasets.ts";
import { experiment } from "../reference/experiments.ts";

const device = (description: string, driver: string | null = null): Device => ({
  available: true,
  description,
  threads: 2,
  memory: null,
  driver,
});
const networkOf = (file: Partial<ExperimentFile>, ...encoder: number[]) =>
  buildNetwork(experiment({ ...file, model: { kind: "autoencoder", encoder } }));
const race: Race = {
  gpu: device("A GPU", "driver 1"),
  processor: device("two threads"),
  network: networkOf({}, 16, 2),
  dataset: patchDataset(4, 4, 200, 5, 2),
};
const won = { gpu: 200_000, processor: 100_000 };

const newFile = (t: TestContext) => join(temporaryFolder(t), "below", "races.json");

test("a race that was clear is remembered, and one that was close is not", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.UTC(2026, 0, 1) });
  const memory = new RaceMemory(newFile(t));
  await memory.remember(race, { gpu: 199_000, processor: 100_000 });
  assert.equal(await memory.recall(race), null);
  await memory.remember(race, won);
  assert.deepEqual(await memory.recall(race), { ...won, at: Date.now() });
});

test("and so is one that the GPU did not come to the end of", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.UTC(2026, 0, 1) });
  const memory = new RaceMemory(newFile(t));
  const failed = "the GPU was lost (device removed)";
  await memory.remember(race, { failed });
  assert.deepEqual(await memory.recall(race), { failed, at: Date.now() });
});

test("by devices, model and images, and by nothing that makes none faster", async (t) => {
  const memory = new RaceMemory(newFile(t));
  await memory.remember(race, won);
  const others: readonly Race[] = [
    { ...race, gpu: device("A GPU", "driver 2") },
    { ...race, gpu: device("Another", "driver 1") },
    { ...race, processor: device("four threads") },
    { ...race, network: networkOf({ training: { batch: 64 } }, 16, 2) },
    { ...race, network: networkOf({}, 16, 3) },
    { ...race, network: networkOf({ loss: { reconstruction: "mse" } }, 16, 2) },
    { ...race, dataset: patchDataset(4, 4, 201, 5, 2) },
  ];
  for (const [index, other] of others.entries()) assert.equal(await memory.recall(other), null, `${index}`);
  const network = networkOf({ training: { seed: 9, epochs: 7 }, optimizer: { learningRate: 0.5 } }, 16, 2);
  assert.ok(await memory.recall({ ...race, network }));
});

test("for half a day; then it is forgotten", async (t) => {
  const file = newFile(t);
  const memory = new RaceMemory(file);
  t.mock.timers.enable({ apis: ["Date"], now: Date.UTC(2026, 0, 1) });
  await memory.remember(race, won);
  t.mock.timers.setTime(Date.UTC(2026, 0, 1, 11));
  assert.ok(await memory.recall(race));
  t.mock.timers.setTime(Date.UTC(2026, 0, 1, 12));
  assert.equal(await memory.recall(race), null);
  await memory.remember({ ...race, gpu: device("Another") }, won);
  assert.equal(Object.keys(JSON.parse(readFileSync(file, "utf8"))).length, 1);
  t.mock.timers.setTime(Date.UTC(2025, 11, 31));
  assert.equal(await memory.recall({ ...race, gpu: device("Another") }), null);
});

test("what was written otherwise counts for nothing, and is written anew", async (t) => {
  const file = join(temporaryFolder(t), "races.json");
  const memory = new RaceMemory(file);
  for (const text of ["{", "[]", '{ "a": { "gpu": "fast" } }']) {
    writeFileSync(file, text);
    assert.equal(await memory.recall(race), null);
    await memory.remember(race, won);
    assert.ok(await memory.recall(race), text);
  }
});
