/**
 * A listener's end of a training process's socket (see contract/control.ts): says hello, hands on what comes, asks to
 * stop. Lines that do not parse are reported and dropped.
 */
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import {
  type ControlFile,
  type ControlMessage,
  type ControlRequest,
  controlFileSchema,
  controlMessageSchema,
  controlProtocolVersion,
  type WhenAlone,
} from "../../contract/control.ts";

/** No line is longer; a process that sends one is not ours. */
const maximumLineLength = 2 ** 22;

export interface Listener {
  onMessage(message: ControlMessage): void;
  /** A line made no sense. */
  onGarbage(line: string): void;
  /** The connection has ended, or never began; nothing follows. `code`: the system's for what went wrong, if anything. */
  onClose(code: string | null): void;
}

/** Null where `path` is not there or not a control file. */
export async function readControlFile(path: string): Promise<ControlFile | null> {
  try {
    const parsed = controlFileSchema.safeParse(JSON.parse(await readFile(path, "utf8")));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

export class ControlConnection {
  readonly #socket: Socket;
  readonly #listener: Listener;
  #rest = "";
  #isClosed = false;
  #errorCode: string | null = null;

  constructor(control: ControlFile, whenAlone: WhenAlone, listener: Listener) {
    this.#listener = listener;
    this.#socket = connect(control.socket);
    this.#socket.setEncoding("utf8");
    this.#socket.on("connect", () =>
      this.#send({ kind: "hello", protocol: controlProtocolVersion, secret: control.secret, whenAlone }),
    );
    this.#socket.on("data", (text: string) => this.#receive(text));
    // "close" follows every error.
    this.#socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#errorCode = error.code ?? null;
    });
    this.#socket.on("close", () => this.close());
  }

  /** Asks for a graceful end. */
  stop(): void {
    this.#send({ kind: "stop" });
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    this.#listener.onClose(this.#errorCode);
  }

  #send(request: ControlRequest): void {
    if (!this.#isClosed) this.#socket.write(`${JSON.stringify(request)}\n`);
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) if (!this.#isClosed) this.#take(line);
    if (this.#rest.length > maximumLineLength) {
      this.#listener.onGarbage(this.#rest.slice(0, 200));
      this.close();
    }
  }

  #take(line: string): void {
    // What was measured before is read from the run's folder, where a long past costs no message a line.
    if (line.startsWith('{"kind":"past"')) return;
    const parsed = controlMessageSchema.safeParse(parseJson(line));
    if (parsed.success) this.#listener.onMessage(parsed.data);
    else this.#listener.onGarbage(line.slice(0, 200));
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
