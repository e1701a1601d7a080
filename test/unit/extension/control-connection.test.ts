/** The extension's end of the control socket, against processes that say what makes no sense, or nothing at all. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import type { ControlFile, ControlMessage } from "../../../src/contract/control.ts";
import { ControlConnection, readControlFile } from "../../../src/extension/training/control-connection.ts";
import { eventually } from "../../fixtures/eventually.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const welcome = JSON.stringify({ kind: "welcome", protocol: 1, productVersion: "0.1.0" });

interface Heard {
  readonly messages: ControlMessage[];
  readonly garbage: string[];
  closes: number;
}

function controlFile(socket: string): ControlFile {
  const secret = "0".repeat(64);
  return {
    protocol: 1,
    socket,
    secret,
    pid: process.pid,
    startTime: null,
    folder: "/",
    startedAt: "2026-01-01T00:00:00Z",
  };
}

/** Connects to a process that `speak` plays. */
async function listenTo(t: TestContext, speak: (socket: Socket) => void): Promise<Heard> {
  const folder = temporaryFolder(t);
  const path = process.platform === "win32" ? `\\\\.\\pipe\\${basename(folder)}` : join(folder, "socket");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    speak(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
  return connectTo(t, path);
}

function connectTo(t: TestContext, path: string): Heard {
  const heard: Heard = { messages: [], garbage: [], closes: 0 };
  const connection = new ControlConnection(controlFile(path), "keep", {
    onMessage: (message) => heard.messages.push(message),
    onGarbage: (line) => heard.garbage.push(line),
    onClose: () => {
      heard.closes++;
    },
  });
  t.after(() => connection.close());
  return heard;
}

test("what makes no sense is told and dropped, and what follows is heard", async (t) => {
  const heard = await listenTo(t, (socket) => {
    socket.write(`${welcome}\nnonsense\n{"kind":"who knows"}\n`);
    socket.end(`${welcome.slice(0, 9)}${welcome.slice(9)}\n`);
  });
  await eventually("the end", () => heard.closes === 1);
  assert.deepEqual(
    heard.messages.map(({ kind }) => kind),
    ["welcome", "welcome"],
  );
  assert.deepEqual(heard.garbage, ["nonsense", '{"kind":"who knows"}']);
});

test("a process that sends a line without end is hung up on", async (t) => {
  const heard = await listenTo(t, (socket) => {
    const piece = "x".repeat(2 ** 16);
    const pour = () => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on("drain", pour);
    pour();
  });
  await eventually("the end", () => heard.closes === 1);
  assert.equal(heard.garbage.length, 1);
  assert.ok((heard.garbage[0]?.length ?? 0) <= 200);
});

test("a socket file that was left behind is a closed connection", async (t) => {
  const path = join(temporaryFolder(t), "socket");
  writeFileSync(path, "");
  const heard = connectTo(t, path);
  await eventually("the end", () => heard.closes === 1);
  assert.deepEqual(heard.messages, []);
});

test("a control file that is none is not read", async (t) => {
  const path = join(temporaryFolder(t), "control.json");
  assert.equal(await readControlFile(path), null);
  writeFileSync(path, "{");
  assert.equal(await readControlFile(path), null);
  writeFileSync(path, JSON.stringify({ ...controlFile("/nowhere"), secret: "short" }));
  assert.equal(await readControlFile(path), null);
  writeFileSync(path, JSON.stringify(controlFile("/nowhere")));
  assert.equal((await readControlFile(path))?.socket, "/nowhere");
});
