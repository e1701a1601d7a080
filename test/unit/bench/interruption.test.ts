/** A benchmark that is told to end: once in order, at once if told again, and never with its images left behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const moduleOf = (name: string): string => new URL(`../../../bench/${name}.ts`, import.meta.url).href;

/** A process with a temporary folder of the benchmark's, that does `onEnd` at the first request. */
function started(t: TestContext, onEnd: string) {
  const folder = temporaryFolder(t);
  const code = `
    import { exitCodeOf, listenForInterruption } from ${JSON.stringify(moduleOf("interruption"))};
    import { makeTemporaryFolder } from ${JSON.stringify(moduleOf("bench-data"))};
    const timer = setInterval(() => {}, 1000);
    listenForInterruption((signal) => { console.log("told " + signal); ${onEnd} });
    await makeTemporaryFolder();
    console.log("ready");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: folder },
  });
  return { folder, child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

const withSignals = { skip: process.platform === "win32" && "Windows has no signals" };

test("a request that a process and its group both get is one", withSignals, async (t) => {
  const { folder, child, lines } = started(
    t,
    "setTimeout(() => { clearInterval(timer); process.exitCode = exitCodeOf(signal); }, 300);",
  );
  const ended = once(child, "close");
  assert.equal((await lines.next()).value, "ready");
  assert.equal(readdirSync(folder).length, 1);
  child.kill("SIGTERM");
  assert.equal((await lines.next()).value, "told SIGTERM");
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [143, null]);
  assert.deepEqual(readdirSync(folder), []);
});

test("a second request ends what does not heed the first", withSignals, async (t) => {
  const { folder, child, lines } = started(t, "setTimeout(() => console.log('later'), 1100);");
  const ended = once(child, "close");
  assert.equal((await lines.next()).value, "ready");
  child.kill("SIGINT");
  assert.equal((await lines.next()).value, "told SIGINT");
  assert.equal((await lines.next()).value, "later");
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [143, null]);
  assert.deepEqual(readdirSync(folder), []);
});
