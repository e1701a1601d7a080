/** What is advised where no GPU is found, by what the system shows. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  type GraphicsSystem,
  hasGraphicsDevice,
  remedyForNoGpu,
} from "../../src/ml/engine/webgpu/graphics-devices.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

interface Shown {
  /** Below /dev. */
  readonly devices: readonly string[];
  readonly libraries: readonly string[];
  /** Of the devices, those that the user may open. */
  readonly usable?: readonly string[];
}

function linux(t: TestContext, { devices: names, libraries, usable = [] }: Shown): GraphicsSystem {
  const devices = temporaryFolder(t);
  for (const name of names) {
    mkdirSync(dirname(join(devices, name)), { recursive: true });
    writeFileSync(join(devices, name), "");
  }
  return {
    platform: "linux",
    devices,
    mayUse: async (path) => usable.some((name) => join(devices, name) === path),
    isLibrary: (name) => libraries.includes(name),
  };
}

const loader = "libvulkan.so.1";
const node = "dri/renderD128";

test("whoever may not open the device is told how to", async (t) => {
  const shown = { devices: ["dri/card0", node, "dri/renderD129"], libraries: [loader] };
  assert.match(
    await remedyForNoGpu(linux(t, shown)),
    /^You may not use .*renderD128: sudo usermod -aG render/,
  );
  const one = linux(t, { ...shown, usable: ["dri/renderD129"] });
  assert.match(
    await remedyForNoGpu(one),
    /^Install the driver of your GPU, with Vulkan; or use the CPU engine\.$/,
  );
});

test("a container that has NVIDIA's GPU without its graphics libraries is to be started with them", async (t) => {
  const shown = { devices: ["nvidia0", "nvidiactl"], libraries: [loader] };
  assert.match(await remedyForNoGpu(linux(t, shown)), /NVIDIA_DRIVER_CAPABILITIES=all/);
  const whole = linux(t, { ...shown, libraries: [loader, "libEGL_nvidia.so.0"] });
  assert.doesNotMatch(await remedyForNoGpu(whole), /NVIDIA/);
});

test("under WSL no driver is advised, unless there is one", async (t) => {
  assert.match(await remedyForNoGpu(linux(t, { devices: ["dxg"], libraries: [] })), /on Windows itself/);
  const mesa = linux(t, { devices: ["dxg", node], libraries: [loader], usable: [node] });
  assert.doesNotMatch(await remedyForNoGpu(mesa), /Windows/);
});

test("without the loader no driver is found", async (t) => {
  const shown = { devices: [node], usable: [node], libraries: [] };
  assert.match(await remedyForNoGpu(linux(t, shown)), /^Install Vulkan's loader \(libvulkan1\)/);
});

test("other systems have no such devices to look at", async (t) => {
  const bare = linux(t, { devices: ["null", "tty0"], libraries: [] });
  assert.equal(await hasGraphicsDevice(bare), false);
  for (const name of ["nvidia0", node, "dxg", "kfd"])
    assert.equal(await hasGraphicsDevice(linux(t, { devices: [name], libraries: [] })), true, name);
  const windows = { ...bare, platform: "win32" } as const;
  assert.equal(await hasGraphicsDevice(windows), true);
  assert.equal(await remedyForNoGpu(windows), "Install the driver of your GPU; or use the CPU engine.");
});
