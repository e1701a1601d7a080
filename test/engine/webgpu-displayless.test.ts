/** NVIDIA's driver on a machine without a display; SwiftShader's library stands for the driver's. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { noSoftwareGpu, softwareGpuEnvironment } from "../fixtures/software-gpu.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

const adapterModule = fileURLToPath(new URL("../../src/ml/engine/webgpu/adapter.ts", import.meta.url));

/** The name of the GPU that a process finds, or why there is none; and what it left in the cache. */
function findGpu(t: TestContext, libraries: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const folder = temporaryFolder(t);
  const swiftShader = join(dirname(process.env.VK_DRIVER_FILES ?? ""), "libvk_swiftshader.so");
  for (const library of libraries) symlinkSync(swiftShader, join(folder, library));
  const script = `
    import { findAdapter } from ${JSON.stringify(adapterModule)};
    const found = await findAdapter({ software: true, checks: "fast" }).catch(({ message }) => ({ name: message }));
    console.log(found.name);
    process.exit();`;
  const { PATH, XDG_RUNTIME_DIR } = process.env;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
    env: {
      PATH,
      XDG_RUNTIME_DIR,
      HOME: folder,
      LD_LIBRARY_PATH: folder,
      // Those that are installed here are not looked at.
      VK_LOADER_DRIVERS_SELECT: "nvidia-egl-icd.json",
      ...softwareGpuEnvironment,
      ...environment,
    },
  });
  return { name: stdout.trim(), cached: existsSync(join(folder, ".cache/latent-lab/nvidia-egl-icd.json")) };
}

test("a driver that no manifest names is found in its library that needs no display", {
  skip: noSoftwareGpu,
}, (t) => {
  const { name, cached } = findGpu(t, ["libEGL_nvidia.so.0"]);
  assert.match(name, /SwiftShader/);
  assert.ok(cached);
});

test("so it is under a display, where the installed drivers come first", { skip: noSoftwareGpu }, (t) => {
  const { name, cached } = findGpu(t, ["libEGL_nvidia.so.0"], { DISPLAY: ":0" });
  assert.match(name, /SwiftShader/);
  assert.ok(cached);
});

test("so it is where the cache cannot be written", { skip: noSoftwareGpu }, (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "a file");
  writeFileSync(file, "");
  const { name } = findGpu(t, ["libEGL_nvidia.so.0"], { XDG_CACHE_HOME: file, TMPDIR: folder });
  assert.match(name, /SwiftShader/);
});

test("without that library there is no GPU, and nothing is written", { skip: noSoftwareGpu }, (t) => {
  assert.deepEqual(findGpu(t, []), { name: "no GPU was found", cached: false });
});

test("where the user has named a driver, no other is taken", { skip: noSoftwareGpu }, (t) => {
  const named = { VK_DRIVER_FILES: "/mine.json" };
  assert.deepEqual(findGpu(t, ["libEGL_nvidia.so.0"], named), { name: "no GPU was found", cached: false });
});
