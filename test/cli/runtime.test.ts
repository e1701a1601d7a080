/** `latent-lab runtime`: what the extension asks a Node before it trains on it. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runtimeVerdictSchema } from "../../src/contract/runtime.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { runCli } from "./run-cli.ts";

const platform = `${process.platform}-${process.platform === "darwin" ? "universal" : process.arch}`;
const dawn = fileURLToPath(new URL(`../../node_modules/webgpu/dist/${platform}/dawn.node`, import.meta.url));
const skip = existsSync(dawn) ? false : `the WebGPU library has no binary for ${platform}`;

test("this Node maps a buffer of the GPU library and reads it", { skip }, async (t) => {
  const { code, stdout, stderr } = await runCli(["runtime", "--json"], { folder: temporaryFolder(t) });
  assert.equal(code, 0, stderr);
  const [early, verdict] = stdout
    .trim()
    .split("\n")
    .map((line) => runtimeVerdictSchema.parse(JSON.parse(line)));
  const runtime = { node: process.versions.node, electron: null };
  assert.deepEqual(verdict, { ...runtime, dawn: true, readback: true, reason: null });
  // Said before the library is loaded, which may crash.
  assert.equal(early?.readback, false);
  assert.notEqual(early?.reason, null);
});

test("in words, for a person who wonders", { skip }, async (t) => {
  const { stdout } = await runCli(["runtime"], { folder: temporaryFolder(t) });
  assert.equal(stdout, `Node ${process.versions.node}: GPU buffers can be read\n`);
});

test("the help does not name it", async (t) => {
  const { stdout } = await runCli(["--help"], { folder: temporaryFolder(t) });
  assert.doesNotMatch(stdout, /^ {2}runtime/m);
});
