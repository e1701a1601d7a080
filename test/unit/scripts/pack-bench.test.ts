/** The archive of the GPU's benchmark: what its command takes, and what the script inside does without a GPU. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const { dataOf } = await import(new URL("../../../scripts/pack-bench.mjs", import.meta.url).href);
const runScript = new URL("../../../bench/run-packed.sh", import.meta.url);

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

test("the archive's script runs its own Node, from any folder, with its own MNIST", {
  skip: process.platform === "win32" && "a shell script",
}, (t) => {
  const folder = join(temporaryFolder(t), "with a space");
  mkdirSync(join(folder, "node"), { recursive: true });
  copyFileSync(runScript, join(folder, "run.sh"));
  const saying = '#!/bin/sh\nprintf "%s\\n" "$LATENT_LAB_DATA" "$@"\n';
  writeFileSync(join(folder, "node/node"), saying, { mode: 0o755 });
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
