/** How fast an engine is said to be: measured on a part of the dataset, in calls as training makes them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Engine } from "../../src/ml/engine/engine.ts";
import { measureSpeed } from "../../src/ml/engine/speed.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { patchDataset } from "../reference/datasets.ts";
import { experiment } from "../reference/experiments.ts";
import { createReferenceEngine } from "../train/reference-engine.ts";

const network = buildNetwork(
  experiment({ model: { kind: "autoencoder", encoder: [16, 2] }, training: { batch: 8 } }),
);
const dataset = patchDataset(4, 4, 20_000, 5, 2);

/** The reference, each of whose calls takes so long at least; what it was asked for. */
function watched(secondsPerCall: number) {
  const calls: number[] = [];
  const counts: number[][] = [];
  const reference = createReferenceEngine(secondsPerCall);
  const engine: Engine = {
    ...reference,
    async open(of, images, options) {
      counts.push([images?.train.count ?? 0, images?.test.count ?? 0]);
      const session = await reference.open(of, images, options);
      const train = (steps: number) => {
        calls.push(steps);
        return session.train(steps);
      };
      return { ...session, train };
    },
  };
  return { engine, calls, counts };
}

test("calls grow until they last as long as a training's; the first ones warm up", async () => {
  const { engine, calls, counts } = watched(0.001);
  const { imagesPerSecond, firstLoss } = await measureSpeed(engine, network, dataset, { threads: 0 });
  assert.deepEqual(counts, [[16_384, 1]]);
  assert.deepEqual(calls.slice(0, 4), [1, 1, 2, 4]);
  assert.ok(imagesPerSecond > 0);
  assert.ok(firstLoss > 0);
});

test("an engine whose every step takes long is measured by a few of them", async () => {
  const { engine, calls } = watched(0.06);
  const { imagesPerSecond } = await measureSpeed(engine, network, dataset, { threads: 0 });
  assert.deepEqual(new Set(calls), new Set([1]));
  assert.ok(calls.length <= 5, `${calls.length} calls`);
  assert.ok(imagesPerSecond <= network.batch / 0.06);
});
