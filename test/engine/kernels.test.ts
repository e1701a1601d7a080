/** What the CPU engine asks of V8, and what it says of the registers it computes in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCpuEngine } from "../../src/ml/engine/cpu/cpu-engine.ts";
import { compilerFlags, registerBits } from "../../src/ml/engine/cpu/kernels.ts";

/** With sixteen columns at once, on this Node and machine. */
function bitsOn(node: string, arch = "x64", platform = "linux"): number {
  return registerBits({ wide: true }, compilerFlags({ versions: { node }, arch, platform }));
}

test("256 bits are claimed only where V8 can revectorize", () => {
  for (const node of ["20.18.1", "22.22.0", "23.4.0"]) assert.equal(bitsOn(node), 128, node);
  for (const node of ["23.5.0", "24.11.0", "26.0.0"]) assert.equal(bitsOn(node), 256, node);
  assert.equal(bitsOn("24.11.0", "arm64"), 128);
  assert.equal(bitsOn("24.11.0", "x64", "darwin"), 128);
  assert.equal(bitsOn("24.11.0", "x64", "win32"), 256);
});

test("eight columns at once are 128 bits everywhere", async () => {
  assert.equal(registerBits({ wide: false }, compilerFlags()), 128);
  const device = await createCpuEngine({ columns: 8 }).probe({ threads: 1 });
  assert.ok(device.available);
  assert.match(device.description, /, WebAssembly SIMD 128-bit, 1 thread$/);
});
