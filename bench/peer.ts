/**
 * A process that measures when asked, so that contestants can take turns while their set-up, compilers and caches stay
 * as they are. JSON lines: it says `{"kind":"ready"}` or `{"kind":"unavailable"}` once, then answers each line it gets
 * with one line. It ends when its input does. The other side is peers/protocol.ts and peers/turns.py.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod/mini";

export interface PeerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Beside this process's environment. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** How long to wait for a peer; one that takes longer is ended. */
export interface Patience {
  readonly seconds: number;
  /** Ends the waiting as well; its reason is said in one line. */
  readonly signal: AbortSignal;
}

const endless: Patience = { seconds: Number.POSITIVE_INFINITY, signal: new AbortController().signal };

const greetingSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready"), description: z.string() }),
  z.object({ kind: z.literal("unavailable"), reason: z.string() }),
]);

/** Why a peer takes no part, in one line. */
export class PeerUnavailable extends Error {
  /** The end of what it and the libraries in it said on the side. */
  readonly chatter: string;

  constructor(reason: string, chatter = "") {
    super(reason);
    this.chatter = chatter;
  }
}

type PeerProcess = ChildProcessByStdio<Writable, Readable, Readable>;

const secondsToEnd = 5;

export class Peer {
  /** What runs, in the peer's words, with its versions. */
  readonly description: string;
  readonly #process: PeerProcess;
  readonly #lines: LineReader;

  private constructor(process: PeerProcess, lines: LineReader, description: string) {
    this.#process = process;
    this.#lines = lines;
    this.description = description;
  }

  /** Starts the process and waits for its set-up. Throws a PeerUnavailable. */
  static async start({ program, args, environment }: PeerCommand, patience = endless): Promise<Peer> {
    const env = { ...process.env, ...environment };
    const child = spawn(program, [...args], { stdio: ["pipe", "pipe", "pipe"], env });
    // A peer that is gone says why by its last words; a broken pipe adds nothing.
    child.stdin.on("error", () => {});
    const lines = new LineReader(child);
    try {
      const greeting = await within(lines.next(), patience);
      const { success, data } = greetingSchema.safeParse(greeting);
      if (!success) throw new PeerUnavailable(`it began with ${JSON.stringify(greeting)}`, lines.chatter);
      if (data.kind === "unavailable") throw new PeerUnavailable(data.reason, lines.chatter);
      return new Peer(child, lines, data.description);
    } catch (error) {
      abandon(child);
      throw error;
    }
  }

  /** One turn: sends the request and returns what comes back. Throws a PeerUnavailable, and the peer is gone. */
  async ask(request: unknown, patience = endless): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    try {
      return await within(this.#lines.next(), patience);
    } catch (error) {
      this.#process.kill("SIGKILL");
      throw error;
    }
  }

  /** `seconds`: for ending of its own accord. */
  async close(seconds = secondsToEnd): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit").then(() => true);
    this.#process.stdin.end();
    if (await Promise.race([ended, sleep(seconds * 1000, false)])) return;
    abandon(this.#process);
  }
}

/** Ends it, and waits for nothing: one that hangs in a driver does not even end then. */
function abandon(process: PeerProcess): void {
  process.kill("SIGKILL");
  process.unref();
  for (const stream of [process.stdin, process.stdout, process.stderr]) stream.destroy();
}

/** Throws a PeerUnavailable when patience ends before the work does. */
async function within<T>(work: Promise<T>, { seconds, signal }: Patience): Promise<T> {
  let stopWaiting = (): void => {};
  const given = new Promise<never>((_, reject) => {
    const giveUp = (reason: string): void => reject(new PeerUnavailable(reason));
    const interrupted = (): void => giveUp(String(signal.reason));
    const timer = Number.isFinite(seconds)
      ? setTimeout(() => giveUp(`no answer within ${Number(seconds.toFixed(1))} s`), seconds * 1000)
      : undefined;
    signal.addEventListener("abort", interrupted);
    if (signal.aborted) interrupted();
    stopWaiting = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", interrupted);
    };
  });
  try {
    return await Promise.race([work, given]);
  } finally {
    stopWaiting();
  }
}

/** A process's output as JSON values, one at a time. Lines that are not JSON are other people's chatter. */
class LineReader {
  readonly #values: AsyncIterator<unknown>;
  readonly #ended: Promise<string>;
  #lastWords = "";

  constructor(child: PeerProcess) {
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-4000);
    });
    child.on("error", (error) => {
      this.#lastWords += error.message;
    });
    this.#ended = new Promise((resolve) => {
      child.once("close", (code, signal) => resolve(signal === null ? `code ${code}` : signal));
    });
    this.#values = jsonLines(child.stdout);
  }

  /** The end of what it said beside the JSON lines. */
  get chatter(): string {
    return this.#lastWords.trim();
  }

  async next(): Promise<unknown> {
    const { value, done } = await this.#values.next();
    if (done !== true) return value;
    const how = await this.#ended;
    throw new PeerUnavailable(this.chatter.split("\n").at(-1) || `it ended with ${how}`, this.chatter);
  }
}

async function* jsonLines(stream: Readable): AsyncGenerator<unknown> {
  for await (const line of createInterface({ input: stream })) {
    const value = parseObject(line);
    if (value !== null) yield value;
  }
}

/** null: not a JSON object; a Python dictionary, say, that a library printed. */
function parseObject(line: string): unknown {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
