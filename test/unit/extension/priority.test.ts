// A training makes way for the editor: its process, the threads it starts, and on Linux the session it is given.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { constants, getPriority } from "node:os";
import { type TestContext, test } from "node:test";
import { giveWay } from "../../../src/extension/training/priority.ts";

const { PRIORITY_BELOW_NORMAL } = constants.priority;
const withThread = `
  const { Worker } = require("node:worker_threads");
  process.stdin.once("data", () => new Worker("setInterval(() => {}, 1000)", { eval: true }).once("online", () => console.log("ready")));
  console.log("here");
`;

function start(t: TestContext) {
  const child = spawn(process.execPath, ["--eval", withThread], {
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  assert.ok(child.pid !== undefined);
  return { child, pid: child.pid };
}

test("a process that gives way has a lower priority, as have the threads it starts afterwards", async (t) => {
  const { child, pid } = start(t);
  await giveWay(pid);
  assert.equal(getPriority(pid), PRIORITY_BELOW_NORMAL);
  if (process.platform !== "linux") return;
  await once(child.stdout, "data");
  const before = new Set(threadsOf(pid));
  child.stdin.write("go\n");
  await once(child.stdout, "data");
  const begun = threadsOf(pid).filter((thread) => !before.has(thread));
  assert.ok(begun.length > 0);
  for (const thread of begun) assert.equal(getPriority(Number(thread)), PRIORITY_BELOW_NORMAL);
});

const isShared = / nice /.test(sessionOf("self"));
const skip = isShared ? false : "this system does not share out the processor by sessions";

test("where the processor is shared out by sessions, the session of one that gives way is told too", {
  skip,
}, async (t) => {
  const { pid } = start(t);
  const before = sessionOf("self");
  await giveWay(pid);
  assert.match(sessionOf(pid), / nice 10$/m);
  assert.equal(sessionOf("self"), before);
});

test("a process that has ended meanwhile is no error", async (t) => {
  const { child, pid } = start(t);
  child.kill("SIGKILL");
  await once(child, "exit");
  await giveWay(pid);
});

/** "/autogroup-12 nice 0"; nothing where there are no such groups. */
function sessionOf(pid: number | "self"): string {
  try {
    return readFileSync(`/proc/${pid}/autogroup`, "latin1");
  } catch {
    return "";
  }
}

function threadsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`);
}
