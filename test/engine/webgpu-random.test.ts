/** The WebGPU engine's random words are the same bits as everywhere else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openDevice } from "../../src/ml/engine/webgpu/gpu-device.ts";
import { functionsFor } from "../../src/ml/engine/webgpu/wgsl/functions.ts";
import { arenas, prelude } from "../../src/ml/engine/webgpu/wgsl/prelude.ts";
import { keyOf } from "../../src/ml/engine/webgpu/wgsl/random.ts";
import { streams, threefry2x32 } from "../../src/ml/random.ts";
import { noSoftwareGpu } from "../fixtures/software-gpu.ts";

const count = 1024;

/** Two words for each of `count` counters (i, second). */
async function wordsOf(seed: number, second: number): Promise<Uint32Array> {
  const device = await openDevice({ software: true, checks: "fast" });
  const buffers = await Promise.all(arenas.map(({ name }) => device.buffer(name, count * 8)));
  const kernel = `
@compute @workgroup_size(256) fn main(@builtin(global_invocation_id) id: vec3u) {
  let words = threefry(${keyOf(seed, streams.trainingNoise)}, vec2u(id.x, ${second}u));
  counters[2u * id.x] = words.x;
  counters[2u * id.x + 1u] = words.y;
}`;
  const pipeline = await device.compile("random words", `${prelude(0, 1)}${functionsFor(kernel)}${kernel}`);
  await device.submit(device.bind(buffers), [{ pipeline, groups: [count / 256, 1] }], 1);
  const counters = buffers[arenas.findIndex(({ name }) => name === "counters")];
  assert.ok(counters);
  const words = new Uint32Array(await device.read(counters, 0, count * 8));
  for (const buffer of buffers) buffer.destroy();
  return words;
}

test("Threefry on the GPU gives the same words, bit for bit", { skip: noSoftwareGpu }, async () => {
  for (const [seed, second] of [
    [0, 0],
    [1, 469],
    [2 ** 32 - 1, 2 ** 32 - 1],
  ] as const) {
    const found = await wordsOf(seed, second);
    const expected = Array.from({ length: count }, (_, index) => [
      ...threefry2x32(seed, streams.trainingNoise, index, second),
    ]).flat();
    assert.deepEqual([...found], expected);
  }
});
