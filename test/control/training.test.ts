/** The built program, detached and watched through its socket, as an editor does it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { metricsLineSchema, runRecordSchema } from "../../src/contract/run.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import {
  Connection,
  DetachedTraining,
  endless,
  kill,
  listen,
  quickTraining,
  requireWhole,
} from "./listening.ts";

function start(t: TestContext, args: readonly string[], folder: string, node?: string): DetachedTraining {
  const training = new DetachedTraining(args, folder, node);
  t.after(() => training.end());
  return training;
}

function statusOf(run: string): string {
  return runRecordSchema.parse(JSON.parse(readFileSync(join(run, "run.json"), "utf8"))).status;
}

test("a listener hears a training from its preparation to its end, and nothing is left of the socket", async (t) => {
  const folder = temporaryFolder(t);
  const training = start(t, [...quickTraining, "--epochs", "3", "--out", "run"], folder);
  const file = await training.file();
  const control = await training.control();
  if (process.platform !== "win32") {
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
    assert.equal(statSync(dirname(control.socket)).mode & 0o777, 0o700);
  }
  assert.equal(control.folder, folder);
  const listener = listen(control);
  await listener.closed;
  assert.deepEqual(await training.ended, [0, null]);
  const [welcome] = listener.messages;
  assert.ok(welcome?.kind === "welcome");
  assert.ok(listener.kinds().includes("preparing"));
  assert.equal(listener.kinds().filter((kind) => kind === "live").length, 1);
  const [first] = listener.events;
  assert.ok(first?.event === "start");
  assert.equal(first.run, join(folder, "run"));
  assert.equal(listener.events.at(-1)?.event, "done");
  assert.deepEqual(listener.epochs, [1, 2, 3]);
  requireWhole(listener);
  assert.equal(existsSync(file), false);
  assert.equal(existsSync(dirname(control.socket)), false);
});

test("who comes late, or comes again, hears the whole past, then the same as all others; one may stop it for all", async (t) => {
  const folder = temporaryFolder(t);
  const training = start(t, [...quickTraining, ...endless, "--out", "run"], folder);
  const control = await training.control();
  const early = listen(control);
  const late: Connection[] = [];
  // One after another in the midst of training: each comes at another moment of writing.
  for (let number = 1; number <= 12; number++) {
    await early.until(({ epochs }) => epochs.length >= 3 * number);
    late.push(listen(control));
  }
  await Promise.all(late.map((listener) => listener.until(({ isLive }) => isLive)));
  const gone = late.pop();
  gone?.socket.destroy();
  late[0]?.send({ kind: "stop" });
  await Promise.all([early, ...late].map((listener) => listener.closed));
  assert.deepEqual(await training.ended, [130, null]);
  for (const listener of [early, ...late]) {
    requireWhole(listener);
    assert.deepEqual(listener.epochs, early.epochs);
    const last = listener.events.at(-1);
    assert.ok(last?.event === "error" && last.code === "interrupted", JSON.stringify(last));
    assert.match(last.hint, /--resume/);
  }
  assert.ok(late.at(-1)?.kinds().includes("past"));
  assert.equal(statusOf(join(folder, "run")), "stopped");
  const lines = readFileSync(join(folder, "run/metrics.jsonl"), "utf8").trimEnd().split("\n");
  const written = lines.map((line) => metricsLineSchema.parse(JSON.parse(line)));
  const epochs = written.filter((line) => line.event === "epoch");
  assert.deepEqual(
    late[0]?.measured.filter((line) => line.event === "epoch"),
    epochs,
  );
});

test("who listens to a run that goes on hears what was trained before it was stopped, once", async (t) => {
  const folder = temporaryFolder(t);
  const first = start(t, [...quickTraining, ...endless, "--out", "run"], folder);
  const before = listen(await first.control());
  await before.until(({ epochs }) => epochs.length >= 5);
  before.send({ kind: "stop" });
  await first.ended;
  const second = start(t, ["train", "--resume", "run", "--threads", "1"], folder);
  const control = await second.control();
  const waiting = listen(control);
  await waiting.until(({ epochs }) => epochs.length >= before.epochs.length + 3);
  const late = listen(control);
  await late.until(({ isLive }) => isLive);
  late.send({ kind: "stop" });
  await second.ended;
  for (const listener of [waiting, late]) {
    await listener.closed;
    requireWhole(listener);
    const [begin] = listener.events;
    assert.ok(begin?.event === "start" && begin.resumedAtStep > 0);
    const kinds = listener.kinds();
    assert.ok(kinds.lastIndexOf("past") < kinds.indexOf("live"));
    assert.ok(listener.messages.findIndex((message) => message.kind === "event") < kinds.indexOf("past"));
  }
});

test("why a training could not begin is told to who comes after that", async (t) => {
  const folder = temporaryFolder(t);
  const training = start(t, ["train", "missing.latent-lab.json"], folder);
  const listener = listen(await training.control());
  await listener.closed;
  assert.deepEqual(await training.ended, [1, null]);
  assert.deepEqual(listener.kinds(), ["welcome", "live", "event"]);
  const [error] = listener.events;
  assert.ok(error?.event === "error" && error.code === "storage-failed", JSON.stringify(error));
  assert.match(error.message, /missing\.latent-lab\.json/);
});

test("a process that was killed leaves a file whose socket refuses", async (t) => {
  const folder = temporaryFolder(t);
  const training = start(t, [...quickTraining, ...endless], folder);
  const control = await training.control();
  const listener = listen(control);
  await listener.until(({ epochs }) => epochs.length > 0);
  kill(control.pid);
  await listener.closed;
  await training.ended;
  assert.deepEqual(training.files().length, 1);
  const again = new Connection(control.socket);
  await again.closed;
  assert.deepEqual(again.messages, []);
});

test("a hang-up does not stop what has no terminal", { skip: process.platform === "win32" }, async (t) => {
  const folder = temporaryFolder(t);
  const training = start(t, [...quickTraining, ...endless], folder);
  const listener = listen(await training.control());
  await listener.until(({ epochs }) => epochs.length > 0);
  process.kill(-training.pid, "SIGHUP");
  const heard = listener.epochs.length;
  await listener.until(({ epochs }) => epochs.length > heard + 5);
  listener.send({ kind: "stop" });
  assert.deepEqual(await training.ended, [130, null]);
});

const older = process.env.LATENT_LAB_TEST_NODE ?? "node";
const version = execFileSync(older, ["-p", "process.versions.node"], { encoding: "utf8" }).trim();
const skip =
  Number.parseInt(version, 10) >= 24 && `npm runs on Node ${version}, which hands over to no other`;

test("an older Node hands over, and whom it handed over to can be watched and stopped", {
  skip,
}, async (t) => {
  const folder = temporaryFolder(t);
  const training = start(t, [...quickTraining, ...endless, "--out", "run"], folder, older);
  const control = await training.control();
  assert.notEqual(control.pid, training.pid);
  const listener = listen(control);
  await listener.until(({ epochs }) => epochs.length > 0);
  process.kill(-training.pid, "SIGHUP");
  const heard = listener.epochs.length;
  await listener.until(({ epochs }) => epochs.length > heard + 5);
  listener.send({ kind: "stop" });
  await listener.closed;
  assert.deepEqual(await training.ended, [130, null]);
  requireWhole(listener);
  assert.equal(statusOf(join(folder, "run")), "stopped");
  assert.deepEqual(training.files(), []);
});
