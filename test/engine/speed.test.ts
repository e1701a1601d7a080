/** How fast an engine is said to be: measured on a part of the dataset, in calls as training makes them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
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

/** The reference, each of whose calls takes so long at least, longer in the first `asleep` seconds; what it was asked for. */
function watched(secondsPerCall: number, asleep = 0) {
  const calls: number[] = [];
  const counts: number[][] = [];
  const reference = createReferenceEngine(secondsPerCall);
  const engine: Engine = {
    ...reference,
    async open(of, images, options) {
      counts.push([images?.train.count ?? 0, images?.test.count ?? 0]);
      const session = await reference.open(of, images, options);
      const awake = performance.now() + asleep * 1000;
      const train = async (steps: number) => {
        calls.push(steps);
        if (performance.now() < awake) await setTimeout(150);
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

test("who may have slept trains for a while before that counts", async () => {
  const speedOf = async (asleep: number) => {
    const { engine } = watched(0.02, 0.2);
    return (await measureSpeed(engine, network, dataset, { threads: 0 }, asleep)).imagesPerSecond;
  };
  const [slow, awake] = [await speedOf(0), await speedOf(0.25)];
  assert.ok(awake > 1.5 * slow, `${awake} images a second against ${slow}`);
});
