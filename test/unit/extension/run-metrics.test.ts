/** A run's measurements as columns: read on where the file grows, and anew where it was cut back or replaced. */
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { RunMetrics } from "../../../src/extension/runs/run-metrics.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

function stepLine(step: number): string {
  const train = { loss: 100 / step, reconstruction: 80 / step, kl: 20 / step };
  return `${JSON.stringify({ event: "step", step, epoch: 1, train, imagesPerSecond: 1000 + step })}\n`;
}

function epochLine(epoch: number): string {
  const losses = { loss: 3, reconstruction: 2, kl: 1 };
  const test = { ...losses, aboveFloor: null, pixelMse: 0.1, klPerDimension: [1], activeUnits: 1 };
  const pace = { seconds: 1, imagesPerSecond: 500 };
  return `${JSON.stringify({ event: "epoch", epoch, step: 10 * epoch, train: losses, test, ...pace })}\n`;
}

function steps(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, index) => stepLine(from + index)).join("");
}

test("a growing file is read on, whole lines only", async (t) => {
  const run = temporaryFolder(t);
  const file = join(run, "metrics.jsonl");
  const metrics = new RunMetrics(assert.fail);
  assert.deepEqual((await metrics.read(run)).train, new Float64Array(0));
  writeFileSync(file, steps(1, 2) + stepLine(3).slice(0, 20));
  const { train, step, epoch, imagesPerSecond } = await metrics.read(run);
  assert.deepEqual([...train], [1, 2, 100, 50, 80, 40, 20, 10]);
  assert.deepEqual([step, epoch, imagesPerSecond], [2, 0, 1002]);
  appendFileSync(file, stepLine(3).slice(20) + epochLine(1));
  const grown = await metrics.read(run);
  assert.equal(grown.train.length, 4 * 3);
  assert.deepEqual([grown.step, grown.epoch, grown.imagesPerSecond], [3, 1, 500]);
});

test("a file that a resumed training has cut back and replaced is read anew", async (t) => {
  const run = temporaryFolder(t);
  const file = join(run, "metrics.jsonl");
  const metrics = new RunMetrics(assert.fail);
  writeFileSync(file, steps(1, 50));
  assert.equal((await metrics.read(run)).step, 50);
  writeFileSync(join(run, "next"), steps(1, 40));
  renameSync(join(run, "next"), file);
  assert.equal((await metrics.read(run)).step, 40);
  appendFileSync(file, steps(41, 60));
  assert.equal((await metrics.read(run)).train.length, 4 * 60);
});

test("a long file, two panels at once", async (t) => {
  const run = temporaryFolder(t);
  writeFileSync(join(run, "metrics.jsonl"), steps(1, 20_000));
  const metrics = new RunMetrics(assert.fail);
  const both = await Promise.all([metrics.read(run), metrics.read(run)]);
  assert.deepEqual(both[0], both[1]);
  assert.equal(both[0].train[19_999], 20_000);
});

test("lines that are none are told once, and the others are read", async (t) => {
  const told: string[] = [];
  const run = join(temporaryFolder(t), "run");
  mkdirSync(run);
  writeFileSync(join(run, "metrics.jsonl"), `${stepLine(1)}nonsense\n[1]\n${stepLine(1)}${stepLine(2)}`);
  const metrics = new RunMetrics((line) => told.push(line));
  assert.equal((await metrics.read(run)).train.length, 4 * 2);
  await metrics.read(run);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /metrics\.jsonl: 2 lines cannot be read/);
});

test("what is forgotten is read again", async (t) => {
  const folder = temporaryFolder(t);
  const metrics = new RunMetrics(assert.fail);
  const runs = Array.from({ length: 12 }, (_, index) => join(folder, `run-${index}`));
  for (const [index, run] of runs.entries()) {
    mkdirSync(run);
    writeFileSync(join(run, "metrics.jsonl"), steps(1, index + 1));
    await metrics.read(run);
  }
  assert.equal((await metrics.read(runs[0] ?? "")).step, 1);
});
