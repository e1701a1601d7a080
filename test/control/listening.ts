/** What an editor does with a training process: starts it detached, finds its control file, listens to its socket. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  type ControlFile,
  type ControlMessage,
  controlFileSchema,
  controlMessageSchema,
  controlProtocolVersion,
  type WhenAlone,
} from "../../src/contract/control.ts";
import type { TrainingEvent } from "../../src/contract/events.ts";
import type { MetricsLine } from "../../src/contract/run.ts";
import { plainEnvironment, program } from "../cli/run-cli.ts";

/** A run that learns little and lasts as long as it is let. */
export const quickTraining = [
  ...["train", "--preset", "mnist-vae", "--threads", "1", "--set", "model.encoder=784,16,2"],
  ...["--set", "dataset.kind=drawn-digits", "--set", "dataset.train=600", "--set", "dataset.test=100"],
];
export const endless = ["--epochs", "100000"];

/** A training process with nobody at its outputs. */
export class DetachedTraining {
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
  readonly pid: number;
  readonly #controls: string;
  #isRunning = true;

  constructor(args: readonly string[], folder: string, node = process.execPath) {
    this.#controls = join(folder, "controls");
    const child = spawn(node, [program, ...args, "--control", this.#controls], {
      cwd: folder,
      detached: true,
      stdio: "ignore",
      // Also what a killed process leaves behind is gone with the folder.
      env: { ...plainEnvironment(folder), TMPDIR: folder },
    });
    assert.ok(child.pid !== undefined);
    this.pid = child.pid;
    this.ended = once(child, "exit").then(([code, signal]) => {
      this.#isRunning = false;
      return [code, signal] as const;
    });
  }

  /** Names of the control files. */
  files(): string[] {
    try {
      return readdirSync(this.#controls).filter((name) => name.endsWith(".json"));
    } catch {
      return [];
    }
  }

  /** Where the file is that this process has written. */
  async file(): Promise<string> {
    for (;;) {
      const [name] = this.files();
      if (name !== undefined) return join(this.#controls, name);
      assert.ok(this.#isRunning, "it ended without a control file");
      await delay(20);
    }
  }

  async control(): Promise<ControlFile> {
    return controlFileSchema.parse(JSON.parse(readFileSync(await this.file(), "utf8")));
  }

  /** For a test's end, however it went. */
  async end(): Promise<void> {
    for (const name of this.#isRunning ? this.files() : []) {
      const { pid } = controlFileSchema.parse(JSON.parse(readFileSync(join(this.#controls, name), "utf8")));
      kill(pid);
    }
    if (this.#isRunning) kill(this.pid);
    await this.ended;
  }
}

export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** One connection. What it hears stays in `messages`. */
export class Connection {
  readonly messages: ControlMessage[] = [];
  readonly closed: Promise<void>;
  readonly socket: Socket;
  #rest = "";
  #isClosed = false;
  #wake = (): void => {};

  constructor(socketPath: string) {
    this.socket = connect(socketPath);
    this.socket.setEncoding("utf8");
    this.socket.on("error", () => {});
    this.socket.on("data", (text: string) => {
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.messages.push(controlMessageSchema.parse(JSON.parse(line)));
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.once("close", () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  send(request: unknown): void {
    this.socket.write(`${JSON.stringify(request)}\n`);
  }

  hello(secret: string, whenAlone: WhenAlone = "keep"): void {
    this.send({ kind: "hello", protocol: controlProtocolVersion, secret, whenAlone });
  }

  /** Resolves once `isEnough` says so of what has been heard. */
  async until(isEnough: (connection: this) => boolean): Promise<void> {
    while (!isEnough(this)) {
      assert.ok(!this.#isClosed, `the connection ended after ${JSON.stringify(this.messages.at(-1))}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  kinds(): string[] {
    return this.messages.map((message) => message.kind);
  }

  get events(): TrainingEvent[] {
    return this.messages.flatMap((message) => (message.kind === "event" ? [message.event] : []));
  }

  get isLive(): boolean {
    return this.messages.some((message) => message.kind === "live");
  }

  /** Everything measured that it has heard of, past and present, in the order it came. */
  get measured(): MetricsLine[] {
    return this.messages.flatMap((message) => {
      if (message.kind === "past") return [message.line];
      if (message.kind !== "event") return [];
      const { event } = message;
      return event.event === "step" || event.event === "epoch" ? [event] : [];
    });
  }

  /** Numbers of the epochs that it has heard of. */
  get epochs(): number[] {
    return this.measured.filter((line) => line.event === "epoch").map((line) => line.epoch);
  }
}

/** Connects to the training that `control` describes and says hello. */
export function listen(control: ControlFile, whenAlone: WhenAlone = "keep"): Connection {
  const connection = new Connection(control.socket);
  connection.hello(control.secret, whenAlone);
  return connection;
}

/** That every epoch from the first on was told once, in order, and no step twice or too late. */
export function requireWhole(connection: Connection): void {
  const { epochs, measured } = connection;
  assert.deepEqual(
    epochs,
    epochs.map((_, index) => index + 1),
  );
  let last = 0;
  for (const line of measured) {
    if (line.event === "epoch") continue;
    assert.ok(line.step > last, `step ${line.step} was told after step ${last}`);
    last = line.step;
  }
}
