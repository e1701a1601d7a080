import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { MetricsLine } from "../../../src/contract/run.ts";
import {
  cutMetrics,
  readEpochs,
  readMetrics,
  readMetricsInParts,
} from "../../../src/ml/train/metrics-file.ts";
import { startOfRun } from "../../../src/ml/train/progress.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const train = { loss: 3, reconstruction: 2, kl: 1 };
const step = (at: number, epoch: number) => ({ event: "step", step: at, epoch, train, imagesPerSecond: 9 });
const epoch = (at: number, number: number) => ({
  event: "epoch",
  epoch: number,
  step: at,
  train,
  test: { ...train, aboveFloor: 1, pixelMse: 0.1, klPerDimension: [1], activeUnits: 1 },
  seconds: 2,
  imagesPerSecond: 9,
});
const lines = [step(3, 1), step(5, 1), epoch(6, 1), step(8, 2), epoch(12, 2), step(13, 3)].map((line) =>
  JSON.stringify(line),
);

function metricsOf(t: Parameters<typeof temporaryFolder>[0], text: string): string {
  const path = join(temporaryFolder(t), "metrics.jsonl");
  writeFileSync(path, text);
  return path;
}

async function gather(path: string): Promise<MetricsLine[][]> {
  const parts: MetricsLine[][] = [];
  for await (const part of readMetricsInParts(path)) parts.push(part);
  return parts;
}

describe("metrics", () => {
  test("are read in order, without a last line that is torn", async (t) => {
    const path = metricsOf(t, `${lines.join("\n")}\n{"event":"step","st`);
    assert.equal((await readMetrics(path)).length, 6);
    assert.deepEqual(
      (await readEpochs(path)).map((line) => line.epoch),
      [1, 2],
    );
  });

  test("are the same when they are read in parts, however these are cut", async (t) => {
    const long = {
      ...epoch(14, 4),
      test: { ...epoch(14, 4).test, klPerDimension: Array(60_000).fill(0.0123456) },
    };
    const many = Array.from({ length: 5000 }, (_, index) => JSON.stringify(step(index + 15, 5)));
    const path = metricsOf(t, `${[...lines, JSON.stringify(long), ...many].join("\n")}\n{"event":"st`);
    const parts = await gather(path);
    assert.ok(parts.length > 1);
    assert.deepEqual(parts.flat(), await readMetrics(path));
    assert.deepEqual(await gather(join(path, "..", "none")), []);
    await assert.rejects(gather(metricsOf(t, `${lines[0]}\n?\n`)), {
      code: "run-invalid",
      message: /metrics\.jsonl:2: is not JSON/,
    });
  });

  test("of a run without any are none", async (t) => {
    assert.deepEqual(await readMetrics(join(temporaryFolder(t), "metrics.jsonl")), []);
  });

  test("with a damaged line are refused, naming the line", async (t) => {
    const path = metricsOf(t, `${lines[0]}\n{"event":"epoch"}\n${lines[1]}\n`);
    await assert.rejects(readMetrics(path), { code: "run-invalid", message: /metrics\.jsonl:2: / });
  });

  test("are cut to what a checkpoint within an epoch covers", async (t) => {
    const path = metricsOf(t, `${lines.join("\n")}\n{"event":"st`);
    await cutMetrics(path, { ...startOfRun, step: 10, epochsDone: 1 });
    assert.equal(readFileSync(path, "utf8"), `${lines.slice(0, 4).join("\n")}\n`);
  });

  test("are cut to what a checkpoint at the end of an epoch covers", async (t) => {
    const path = metricsOf(t, `${lines.join("\n")}\n`);
    await cutMetrics(path, { ...startOfRun, step: 12, epochsDone: 2 });
    assert.equal(readFileSync(path, "utf8"), `${lines.slice(0, 5).join("\n")}\n`);
  });

  test("after a power cut lose what follows the checkpoint, zeros and whole lines alike", async (t) => {
    const path = metricsOf(
      t,
      `${lines.slice(0, 3).join("\n")}\n${"\0".repeat(50)}\n${lines[4]}\n${lines[5]}\n`,
    );
    await cutMetrics(path, { ...startOfRun, step: 6, epochsDone: 1 });
    assert.equal(readFileSync(path, "utf8"), `${lines.slice(0, 3).join("\n")}\n`);
  });

  test("damaged where the checkpoint covers them are not cut but refused", async (t) => {
    const between = `${lines[0]}\n\0\0\n${lines[2]}\n${lines[3]}\n`;
    const lastEpoch = `${lines[0]}\n\0\0\n${lines[3]}\n`;
    for (const text of [between, lastEpoch]) {
      const path = metricsOf(t, text);
      const cut = cutMetrics(path, { ...startOfRun, step: 6, epochsDone: 1 });
      await assert.rejects(cut, { code: "run-invalid", message: /metrics\.jsonl:2: / });
      assert.equal(readFileSync(path, "utf8"), text);
    }
  });

  test("are cut to nothing where there is no checkpoint", async (t) => {
    const path = metricsOf(t, `${lines.join("\n")}\n`);
    await cutMetrics(path, startOfRun);
    assert.equal(readFileSync(path, "utf8"), "");
  });

  test("written but not yet covered by a checkpoint lose an epoch whose step the checkpoint has reached", async (t) => {
    const path = metricsOf(t, `${lines.slice(0, 3).join("\n")}\n`);
    await cutMetrics(path, { ...startOfRun, step: 5, epochsDone: 0 });
    assert.equal(readFileSync(path, "utf8"), `${lines.slice(0, 2).join("\n")}\n`);
  });
});
