// How far a run got, from the end of its metrics: among steps, before a line that is being written.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lastEpoch } from "../../../src/extension/runs/run-folder.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const train = { loss: 3, reconstruction: 2, kl: 1 };
const step = JSON.stringify({ event: "step", step: 11, epoch: 2, train, imagesPerSecond: 1000 });

function epoch(number: number): string {
  const evaluated = { ...train, aboveFloor: null, pixelMse: 0.1, klPerDimension: [1], activeUnits: 1 };
  const pace = { seconds: 1, imagesPerSecond: 500 };
  return JSON.stringify({
    event: "epoch",
    epoch: number,
    step: 10 * number,
    train,
    test: evaluated,
    ...pace,
  });
}

test("the last whole epoch counts, whatever steps follow it", async (t) => {
  const run = temporaryFolder(t);
  const says = async (...lines: string[]) => {
    writeFileSync(join(run, "metrics.jsonl"), lines.join("\n"));
    return (await lastEpoch(run))?.epoch ?? null;
  };
  assert.equal(await lastEpoch(run), null);
  assert.equal(await says(step, step, ""), null);
  assert.equal(await says(step, epoch(1), step, epoch(2), ""), 2);
  assert.equal(await says(step, epoch(1), ...Array(1500).fill(step), ""), 1);
  assert.equal(await says(step, epoch(1), step, epoch(2).slice(0, 90)), 1);
  assert.equal(await says(epoch(1), epoch(2).replace('"step":20', '"step":null'), ""), 1);
});
