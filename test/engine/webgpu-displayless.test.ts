/** NVIDIA's driver on a machine without a display; SwiftShader's library stands for the driver's. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { noSoftwareGpu, softwareGpuEnvironment } from "../fixtures/software-gpu.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

const adapterModule = new URL("../../src/ml/engine/webgpu/adapter.ts", import.meta.url).href;

/** The name of the GPU that a process finds and opens, twice, or why there is none; and what it left behind. */
function findGpu(t: TestContext, libraries: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const folder = temporaryFolder(t);
  const temporary = join(folder, "temporary");
  mkdirSync(temporary);
  const swiftShader = join(dirname(process.env.VK_DRIVER_FILES ?? ""), "libvk_swiftshader.so");
  for (const library of libraries) symlinkSync(swiftShader, join(folder, library));
  const script = `
    import { findAdapter } from ${JSON.stringify(adapterModule)};
    const open = async () => {
      const found = await findAdapter({ software: true, checks: "fast" });
      await found.adapter.requestDevice();
      return found.name;
    };
    console.log(await open().then(open).catch(({ message }) => message));
    process.exit();`;
  const { PATH, XDG_RUNTIME_DIR } = process.env;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
    env: {
      PATH,
      XDG_RUNTIME_DIR,
      HOME: folder,
      TMPDIR: temporary,
      LD_LIBRARY_PATH: folder,
      // Those that are installed here are not looked at.
      VK_LOADER_DRIVERS_SELECT: "nvidia-egl-icd.json",
      ...softwareGpuEnvironment,
      ...environment,
    },
  });
  return { name: stdout.trim(), left: readdirSync(temporary) };
}

test("a driver that no manifest names is found in its library that needs no display", {
  skip: noSoftwareGpu,
}, (t) => {
  const { name, left } = findGpu(t, ["libEGL_nvidia.so.0"]);
  assert.match(name, /SwiftShader/);
  assert.deepEqual(left, []);
});

test("so it is under a display, where the installed drivers come first", { skip: noSoftwareGpu }, (t) => {
  const { name, left } = findGpu(t, ["libEGL_nvidia.so.0"], { DISPLAY: ":0" });
  assert.match(name, /SwiftShader/);
  assert.deepEqual(left, []);
});

test("without that library there is no GPU", { skip: noSoftwareGpu }, (t) => {
  assert.deepEqual(findGpu(t, []), { name: "no GPU was found", left: [] });
});

test("where nothing can be written there is none", { skip: noSoftwareGpu }, (t) => {
  const found = findGpu(t, ["libEGL_nvidia.so.0"], { TMPDIR: "/no/such/folder" });
  assert.deepEqual(found, { name: "no GPU was found", left: [] });
});

test("where the user has named a driver, no other is taken", { skip: noSoftwareGpu }, (t) => {
  const named = { VK_DRIVER_FILES: "/mine.json" };
  assert.deepEqual(findGpu(t, ["libEGL_nvidia.so.0"], named), { name: "no GPU was found", left: [] });
});
