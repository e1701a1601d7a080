/**
 * How long the extension host's thread is kept at a time, seen from inside: a timer that wants to run every
 * millisecond finds out for how long it could not, and how much of that the thread spent computing. The rest it spent
 * waiting for a processor that others had.
 */
import * as z from "zod/mini";
import { Failure } from "../../src/contract/failure.ts";
import { eventually } from "../../test/fixtures/eventually.ts";

/** Where Node listens for debuggers when a signal asks it to. */
const inspector = "http://127.0.0.1:9229/json/list";

const targetsSchema = z.array(z.object({ webSocketDebuggerUrl: z.string() }));
const answerSchema = z.object({
  id: z.number(),
  result: z.optional(z.object({ result: z.object({ value: z.optional(z.unknown()) }) })),
});

/** Runs in the extension host. What it does itself takes microseconds. */
const start = `(() => {
  const turns = (globalThis.latentLabTurns = []);
  const cpu = () => { const { user, system } = process.threadCpuUsage(); return (user + system) / 1000; };
  let at = performance.now();
  let used = cpu();
  globalThis.latentLabTimer = setInterval(() => {
    const now = performance.now();
    const nowUsed = cpu();
    turns.push([now - at, nowUsed - used]);
    at = now;
    used = nowUsed;
  }, 1);
})()`;
const stop = "clearInterval(latentLabTimer); latentLabTurns";
const turnsSchema = z.array(z.tuple([z.number(), z.number()]));

/** The longest turns of the thread's loop, in milliseconds. */
export interface LongestTurns {
  /** By the clock on the wall. */
  readonly wall: number;
  /** Of computing. */
  readonly computing: number;
}

export class HostClock {
  readonly #socket: WebSocket;
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** `pid`: the extension host's. Throws a Failure where another process of this machine is being debugged. */
  static async connect(pid: number): Promise<HostClock> {
    if ((await targets()) !== null)
      throw new Failure(
        "usage",
        "port 9229 is taken: another Node is being debugged",
        "End it, and try again.",
      );
    process.kill(pid, "SIGUSR1");
    const [target] = await eventually("the extension host's inspector", targets);
    if (target === undefined) throw new Error("the extension host's inspector has no target");
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => reject(new Error("the extension host cannot be inspected")));
    });
    return new HostClock(socket);
  }

  /** What the longest turns were while `work` was done. */
  async during(work: () => Promise<void>): Promise<LongestTurns> {
    await this.#evaluate(start);
    await work();
    const turns = turnsSchema.parse(await this.#evaluate(stop));
    return {
      wall: Math.max(...turns.map(([wall]) => wall)),
      computing: Math.max(...turns.map(([, computing]) => computing)),
    };
  }

  close(): void {
    this.#socket.close();
  }

  #evaluate(expression: string): Promise<unknown> {
    const id = ++this.#calls;
    const answered = new Promise<unknown>((resolve, reject) => {
      this.#socket.addEventListener("close", () => reject(new Error("the extension host has ended")));
      const listen = ({ data }: MessageEvent) => {
        const answer = answerSchema.safeParse(JSON.parse(String(data)));
        if (!answer.success || answer.data.id !== id) return;
        this.#socket.removeEventListener("message", listen);
        resolve(answer.data.result?.result.value);
      };
      this.#socket.addEventListener("message", listen);
    });
    const params = { expression, returnByValue: true };
    this.#socket.send(JSON.stringify({ id, method: "Runtime.evaluate", params }));
    return answered;
  }
}

async function targets() {
  try {
    return targetsSchema.parse(await (await fetch(inspector)).json());
  } catch {
    return null;
  }
}
