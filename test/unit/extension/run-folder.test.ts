// The extension reads run folders of any workspace, trusted or not: what lies there must not hold it up.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hasWriter, lastEpoch, readRecord } from "../../../src/extension/runs/run-folder.ts";
import { RunMetrics } from "../../../src/extension/runs/run-metrics.ts";
import { failsWith } from "../../fixtures/failures.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const posix = { skip: process.platform === "win32" ? "Windows has no such files" : false };

test("a run whose files are endless devices is refused, and read no further", posix, async (t) => {
  const run = temporaryFolder(t);
  for (const name of ["run.json", "metrics.jsonl", "writer.json"]) symlinkSync("/dev/zero", join(run, name));
  await failsWith(() => readRecord(run), "run-invalid", "run.json: is not a regular file");
  assert.equal(await lastEpoch(run), null);
  assert.equal(await hasWriter(run), false);
  assert.equal((await new RunMetrics(() => {}).read(run)).step, 0);
});

test("nor does one whose files are pipes that nobody writes to keep it waiting", posix, async (t) => {
  const run = temporaryFolder(t);
  for (const name of ["run.json", "metrics.jsonl"]) execFileSync("mkfifo", [join(run, name)]);
  await failsWith(() => readRecord(run), "run-invalid", "run.json: is not a regular file");
  assert.equal(await lastEpoch(run), null);
});

test("whoever wrote a run before the machine was started writes no more, whatever has its number now", async (t) => {
  const run = temporaryFolder(t);
  const writer = { pid: process.pid, host: hostname(), startTime: null, nonce: "1" };
  const write = (since: string) =>
    writeFileSync(join(run, "writer.json"), JSON.stringify({ ...writer, since }));
  write(new Date().toISOString());
  assert.equal(await hasWriter(run), true);
  write("2001-02-03T04:05:06.000Z");
  assert.equal(await hasWriter(run), false);
});
