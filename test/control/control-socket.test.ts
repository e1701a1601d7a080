/** Who is let in and who is not, and what becomes of training when nobody is left: the socket alone, without training. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  type ControlFile,
  controlFileSchema,
  controlProtocolVersion,
  maximumRequestBytes,
} from "../../src/contract/control.ts";
import { type ControlOptions, ControlSocket } from "../../src/ml/control/control-socket.ts";
import { eventually } from "../fixtures/eventually.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { Connection, listen } from "./listening.ts";

interface Opened {
  readonly socket: ControlSocket;
  readonly control: ControlFile;
  /** How often a stop was asked for. */
  stops(): number;
  readonly stopped: Promise<void>;
}

const interrupted = AbortSignal.abort();

async function open(t: TestContext, options: Partial<ControlOptions> = {}): Promise<Opened> {
  const folder = join(temporaryFolder(t), "controls");
  let stops = 0;
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const onStop = () => {
    stops++;
    stop();
  };
  const socket = await ControlSocket.open({ folder, productVersion: "1.2.3", onStop, ...options });
  t.after(() => socket.end(interrupted));
  const control = controlFileSchema.parse(JSON.parse(readFileSync(socket.file, "utf8")));
  return { socket, control, stops: () => stops, stopped };
}

/** What a connection is told that says `lines` first. */
async function refusal({ control }: Opened, ...lines: readonly string[]): Promise<string> {
  const connection = new Connection(control.socket);
  for (const line of lines) connection.socket.write(`${line}\n`);
  await connection.closed;
  assert.deepEqual(connection.kinds(), ["refused"]);
  const [refused] = connection.messages;
  return refused?.kind === "refused" ? refused.message : "";
}

function hello(changes: Readonly<Record<string, unknown>>): string {
  const usual = { kind: "hello", protocol: controlProtocolVersion, secret: "", whenAlone: "keep" };
  return JSON.stringify({ ...usual, ...changes });
}

test("a wrong secret is refused, whatever else is right", async (t) => {
  const opened = await open(t);
  const { secret } = opened.control;
  for (const wrong of ["", "0".repeat(64), secret.slice(1), `${secret} `, secret.toUpperCase()])
    assert.match(await refusal(opened, hello({ secret: wrong })), /secret is not this training's/);
  assert.equal(opened.stops(), 0);
});

test("an editor of another version is told which of the two is older", async (t) => {
  const opened = await open(t);
  const { secret } = opened.control;
  const say = (protocol: number) => refusal(opened, hello({ secret, protocol, whenAlone: "perhaps" }));
  assert.match(await say(controlProtocolVersion + 1), /started by an older Latent Lab \(1\.2\.3\)/);
  assert.match(await say(controlProtocolVersion - 1), /started by a newer Latent Lab \(1\.2\.3\)/);
});

test("garbage, other requests before the hello, and lines without an end are refused", async (t) => {
  const opened = await open(t);
  const { secret } = opened.control;
  for (const first of ["", "GET / HTTP/1.1", "[]", "null", '{"kind":"stop"}', "\0\u0001\u0002"])
    assert.match(await refusal(opened, first), /must be Latent Lab's hello/, first);
  assert.match(await refusal(opened, hello({ secret, whenAlone: "perhaps" })), /hello lacks/);
  for (const length of [maximumRequestBytes + 1, 3_000_000])
    assert.match(await refusal(opened, "x".repeat(length)), /more than 4096 bytes/);
  const listener = listen(opened.control);
  await listener.until(({ messages }) => messages.length > 0);
  listener.send({ kind: "pause" });
  await listener.closed;
  assert.deepEqual(listener.kinds(), ["welcome", "refused"]);
  assert.equal(opened.stops(), 0);
});

test("a hello may come in pieces, and with a stop in the same breath", async (t) => {
  const { control, stopped, stops } = await open(t);
  const connection = new Connection(control.socket);
  for (const letter of `${hello({ secret: control.secret })}\n{"kind":"st`) connection.socket.write(letter);
  await connection.until(({ messages }) => messages.length === 1);
  assert.equal(stops(), 0);
  connection.socket.write('op"}\n');
  await stopped;
  assert.deepEqual(connection.kinds(), ["welcome"]);
});

test("who says nothing is refused after a while, and who said hello is not", async (t) => {
  const opened = await open(t, { helloMilliseconds: 50 });
  const listener = listen(opened.control);
  assert.match(await refusal(opened), /asked nothing for 0\.05 seconds/);
  assert.deepEqual(listener.kinds(), ["welcome"]);
});

test("when the last listener has gone, the latest wish counts", async (t) => {
  const { control, stops } = await open(t, { aloneMilliseconds: 100 });
  const keeping = listen(control, "keep");
  const stopping = listen(control, "stop");
  await Promise.all([keeping, stopping].map((one) => one.until(({ messages }) => messages.length > 0)));
  stopping.socket.destroy();
  await delay(300);
  assert.equal(stops(), 0, "somebody still listens");
  keeping.socket.destroy();
  // The socket keeps no process alive, and so not this one.
  await eventually("the stop", () => stops() === 1);
});

test("nobody stops a training that somebody comes back to, or that shall be kept", async (t) => {
  const { control, stops } = await open(t, { aloneMilliseconds: 1000 });
  for (const wish of ["stop", "stop", "keep"] as const) {
    const listener = listen(control, wish);
    await listener.until(({ messages }) => messages.length > 0);
    listener.socket.destroy();
    await listener.closed;
  }
  // Somebody without the secret is nobody.
  const stranger = new Connection(control.socket);
  stranger.hello("0".repeat(64), "stop");
  await stranger.closed;
  await delay(1500);
  assert.equal(stops(), 0);
});

test("who does not read is dropped, and the others hear everything", async (t) => {
  const { socket, control } = await open(t);
  const [reading, sleeping] = [listen(control), listen(control)];
  await Promise.all([reading, sleeping].map((one) => one.until(({ messages }) => messages.length > 0)));
  sleeping.socket.pause();
  const count = 400;
  for (let number = 0; number < count; number++) {
    socket.remark("x".repeat(50_000));
    if (number % 20 === 0) await reading.until(({ messages }) => messages.length > number);
  }
  await reading.until(({ messages }) => messages.length === count + 1);
  sleeping.socket.resume();
  await sleeping.closed;
  assert.ok(sleeping.messages.length < count, "it was dropped");
});

test("progress of the data is told at most ten times a second, and where it stands to who comes", async (t) => {
  const { socket, control } = await open(t);
  const listener = listen(control);
  await listener.until(({ messages }) => messages.length > 0);
  const total = 10_000;
  const began = performance.now();
  for (let done = 0; done <= total; done++) socket.preparing({ doing: "draw", done, total });
  const most = 1 + Math.floor((performance.now() - began) / 100);
  const late = listen(control);
  await late.until(({ messages }) => messages.length === 2);
  assert.deepEqual(late.messages[1], { kind: "preparing", doing: "draw", done: total, total });
  const told = listener.kinds().filter((kind) => kind === "preparing").length;
  assert.ok(told >= 1 && told <= most, `${told} of at most ${most}`);
});

test("a failure before anybody came waits for somebody, for a while", async (t) => {
  const { socket, control } = await open(t);
  socket.event({ event: "error", code: "usage", message: "no", hint: "yes" });
  const ended = socket.end(new AbortController().signal);
  const listener = listen(control);
  await Promise.all([ended, listener.closed]);
  assert.deepEqual(listener.kinds(), ["welcome", "live", "event"]);
  const nobody = await open(t, { firstListenerMilliseconds: 50 });
  await nobody.socket.end(new AbortController().signal);
  const late = new Connection(nobody.control.socket);
  await late.closed;
});

test("two trainings in one folder have a file each, and take only their own away", async (t) => {
  const folder = join(temporaryFolder(t), "a", "b");
  const [one, other] = [await open(t, { folder }), await open(t, { folder })];
  assert.equal(readdirSync(folder).length, 2);
  await one.socket.end(interrupted);
  assert.deepEqual(readdirSync(folder), [other.socket.file.slice(folder.length + 1)]);
});

test("a folder that cannot be made is a failure that names it", {
  skip: process.platform === "win32",
}, async (t) => {
  await assert.rejects(open(t, { folder: "/dev/null/controls" }), {
    code: "storage-failed",
    message: /\/dev\/null\/controls/,
  });
});
