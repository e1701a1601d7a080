/**
 * A process that measures when asked, so that contestants can take turns while their set-up, compilers and caches stay
 * as they are. JSON lines: it says `{"kind":"ready"}` or `{"kind":"unavailable"}` once, then answers each line it gets
 * with one line. It ends when its input does. The other side is peers/protocol.ts and peers/turns.py.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import * as z from "zod/mini";

export interface PeerCommand {
  readonly program: string;
  readonly args: readonly string[];
}

const greetingSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready"), description: z.string() }),
  z.object({ kind: z.literal("unavailable"), reason: z.string() }),
]);

/** Why a peer takes no part, in one line. */
export class PeerUnavailable extends Error {}

type PeerProcess = ChildProcessByStdio<Writable, Readable, Readable>;

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
  static async start({ program, args }: PeerCommand): Promise<Peer> {
    const child = spawn(program, [...args], { stdio: ["pipe", "pipe", "pipe"] });
    // A peer that is gone says why by its last words; a broken pipe adds nothing.
    child.stdin.on("error", () => {});
    const lines = new LineReader(child);
    try {
      const greeting = greetingSchema.parse(await lines.next());
      if (greeting.kind === "unavailable") throw new PeerUnavailable(greeting.reason);
      return new Peer(child, lines, greeting.description);
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  /** One turn: sends the request and returns what comes back. Throws a PeerUnavailable when the peer is gone. */
  async ask(request: unknown): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    return this.#lines.next();
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.stdin.end();
    const impatience = setTimeout(() => this.#process.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(impatience);
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
      this.#lastWords = (this.#lastWords + text).slice(-2000);
    });
    child.on("error", (error) => {
      this.#lastWords += error.message;
    });
    this.#ended = new Promise((resolve) => {
      child.once("close", (code, signal) => resolve(signal === null ? `code ${code}` : signal));
    });
    this.#values = jsonLines(child.stdout);
  }

  async next(): Promise<unknown> {
    const { value, done } = await this.#values.next();
    if (done !== true) return value;
    const how = await this.#ended;
    const words = this.#lastWords.trim().split("\n").at(-1);
    throw new PeerUnavailable(words || `it ended with ${how}`);
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
