/** What systems say of a GPU's memory, each as it writes it. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type GpuSystem, gpuMemory } from "../../src/ml/engine/webgpu/gpu-memory.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

const mebibyte = 2 ** 20;
const nowhere: GpuSystem = { platform: "linux", devices: "/nowhere", nvidiaTool: "/nowhere" };

async function withTool(t: TestContext, answer: string): Promise<GpuSystem> {
  const nvidiaTool = join(temporaryFolder(t), "nvidia-smi");
  await writeFile(nvidiaTool, `#!/bin/sh\nprintf '${answer}'\n`, { mode: 0o755 });
  return { ...nowhere, nvidiaTool };
}

const noShell = process.platform === "win32" && "the driver's tool is played by a shell script";

test("NVIDIA's tool says it, of the GPU that is meant", { skip: noShell }, async (t) => {
  const one = await withTool(t, "NVIDIA H200, 143771\\n");
  assert.equal(await gpuMemory("NVIDIA H200", one), 143771 * mebibyte);
  // WebGPU's names are not always the tool's.
  assert.equal(await gpuMemory("NVIDIA Hopper", one), 143771 * mebibyte);
  const two = await withTool(t, "NVIDIA GeForce RTX 4090, 24564\\nNVIDIA T400, 2048\\n");
  assert.equal(await gpuMemory("NVIDIA T400", two), 2048 * mebibyte);
  assert.equal(await gpuMemory("NVIDIA Ada", two), null);
});

test("nobody says it where there is no tool, or it knows nothing", { skip: noShell }, async (t) => {
  assert.equal(await gpuMemory("NVIDIA H200", nowhere), null);
  assert.equal(await gpuMemory("NVIDIA H200", await withTool(t, "No devices were found\\n")), null);
  assert.equal(await gpuMemory("Intel ARC", nowhere), null);
});

test("amdgpu writes down every card's; the largest counts", async (t) => {
  const devices = temporaryFolder(t);
  for (const [card, bytes] of [
    ["card0", "536870912\n"],
    ["card1", "17163091968\n"],
  ] as const) {
    await mkdir(join(devices, card, "device"), { recursive: true });
    await writeFile(join(devices, card, "device", "mem_info_vram_total"), bytes);
  }
  await mkdir(join(devices, "card1-DP-1"));
  assert.equal(await gpuMemory("AMD Radeon RX 7800 XT", { ...nowhere, devices }), 17163091968);
  assert.equal(await gpuMemory("AMD Radeon RX 7800 XT", nowhere), null);
});

test("Apple's GPUs share the processor's", async () => {
  assert.equal(await gpuMemory("Apple M4 Max", { ...nowhere, platform: "darwin" }), totalmem());
});
