/** The archive of the GPU's benchmark: what its command takes, and what the script inside does without a GPU. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const { dataOf } = await import(new URL("../../../scripts/pack-bench.mjs", import.meta.url).href);
const runScript = new URL("../../../bench/run-packed.sh", import.meta.url);
const driverScript = new URL("../../../bench/find-vulkan-driver.sh", import.meta.url);

test("packing takes MNIST's folder and nothing else", () => {
  assert.equal(dataOf(["--pack"]), null);
  assert.equal(dataOf(["--pack", "--data", "/mnist"]), "/mnist");
  assert.equal(dataOf(["--data=/mnist", "--pack"]), "/mnist");
  for (const args of [
    ["--pack", "--rounds", "3"],
    ["--pack", "--data"],
  ])
    assert.throws(() => dataOf(args), /--data DIR/);
});

const glx = "nvidia-glx.json";
const egl = "nvidia-egl.json";
/** NVIDIA's own, which name the library that needs those of X. */
const own = "icd.d/nvidia_icd*.json";

/**
 * An archive in a folder, whose Node prints what it was started with. `good`: libraries that it can load, and ends of
 * the manifests by which there is a GPU.
 */
function unpackedArchive(t: TestContext, good: readonly string[]) {
  const machine = temporaryFolder(t);
  const folder = join(machine, "with a space");
  mkdirSync(join(folder, "node"), { recursive: true });
  mkdirSync(join(folder, "vulkan"));
  copyFileSync(runScript, join(folder, "run.sh"));
  copyFileSync(driverScript, join(folder, "vulkan/find-driver.sh"));
  for (const manifest of [glx, egl]) writeFileSync(join(folder, "vulkan", manifest), "");
  const node = `#!/bin/sh
if [ "$1" = -e ]; then
  for last in "$@"; do :; done
  case "$last" in ${["nothing", ...good.map((each) => `*${each}`)].join("|")}) exit 0;; esac
  exit 1
fi
printf "%s\\n" "$LATENT_LAB_DATA" "$@"
`;
  writeFileSync(join(folder, "node/node"), node, { mode: 0o755 });
  return { machine, folder };
}

const onlyWithShell = { skip: process.platform === "win32" && "a shell script" };

test("the archive's script runs its own Node, from any folder, with its own MNIST", onlyWithShell, (t) => {
  const { folder } = unpackedArchive(t, ["libvulkan.so.1"]);
  const { stdout } = spawnSync("/bin/sh", [join(folder, "run.sh"), "gpu", "--rounds", "3"], {
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    encoding: "utf8",
  });
  assert.deepEqual(stdout.trimEnd().split("\n"), [
    join(folder, "mnist"),
    join(folder, "bench/gpu.js"),
    "--rounds",
    "3",
  ]);
});

/** Which manifest and which search path the archive's script settles on, relative to the archive or the machine. */
function foundDriver(
  t: TestContext,
  good: readonly string[],
  files: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): string {
  const { machine, folder } = unpackedArchive(t, good);
  for (const file of files) {
    mkdirSync(dirname(join(machine, file)), { recursive: true });
    writeFileSync(join(machine, file), "");
  }
  const script = `set -eu
node="$1/node/node"
. "$1/vulkan/find-driver.sh"
find_vulkan_driver "$2" "$1/vulkan"
printf "%s %s" "\${VK_DRIVER_FILES-}" "\${LD_LIBRARY_PATH-}"`;
  const { stdout } = spawnSync("/bin/sh", ["-c", script, "sh", folder, machine], {
    env: { PATH: "/usr/bin:/bin", ...environment },
    encoding: "utf8",
  });
  return stdout.replaceAll(folder, "ARCHIVE").replaceAll(machine, "");
}

const installed = "usr/share/vulkan/icd.d";
const mounted = "usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json";

test(
  "an NVIDIA driver mounted beside an installed one in software is the one that is used",
  onlyWithShell,
  (t) => {
    const files = [`${installed}/lvp_icd.json`, mounted, "usr/local/nvidia/lib64/libGLX_nvidia.so.0"];
    assert.equal(
      foundDriver(t, ["libvulkan.so.1", own, egl, glx], files),
      `/${mounted} /usr/local/nvidia/lib64`,
    );
  },
);

test("an installed NVIDIA manifest goes before a mounted one", onlyWithShell, (t) => {
  const files = [`${installed}/nvidia_icd.x86_64.json`, mounted];
  const found = foundDriver(t, ["libvulkan.so.1", own, egl], files);
  assert.match(found, /^\/usr\/share\/vulkan\/icd\.d\/nvidia_icd\.x86_64\.json /);
});

test(
  "where the driver's own manifest serves no GPU, it is taken from where it needs no display",
  onlyWithShell,
  (t) => {
    const found = foundDriver(t, ["libvulkan.so.1", egl], [`${installed}/nvidia_icd.json`, mounted]);
    assert.equal(found.split(" ")[0], "ARCHIVE/vulkan/nvidia-egl.json");
  },
);

test("driver libraries without any manifest get one", onlyWithShell, (t) => {
  assert.equal(foundDriver(t, ["libvulkan.so.1", glx], []), "ARCHIVE/vulkan/nvidia-glx.json ");
});

test(
  "without NVIDIA's driver the loader finds what there is, the archive's own where there is none",
  onlyWithShell,
  (t) => {
    const files = [`${installed}/radeon_icd.json`, "with a space/vulkan/libvulkan.so.1"];
    assert.equal(foundDriver(t, [], files), " ARCHIVE/vulkan");
  },
);

test("a driver that was named is left alone", onlyWithShell, (t) => {
  const named = { VK_DRIVER_FILES: "/mine.json" };
  assert.equal(foundDriver(t, ["libvulkan.so.1", own, egl, glx], [mounted], named), "/mine.json ");
});
