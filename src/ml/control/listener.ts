/**
 * One connection to a training process: lets in who knows the secret, tells what has happened and what happens, and
 * takes wishes. What may be said is in ../../contract/control.ts; who listens altogether is control-socket.ts's.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import { join } from "node:path";
import * as z from "zod/mini";
import {
  type ControlMessage,
  controlProtocolVersion,
  controlRequestSchema,
  maximumRequestBytes,
  type WhenAlone,
} from "../../contract/control.ts";
import type { StartEvent } from "../../contract/events.ts";
import { storageFailure } from "../../contract/failure.ts";
import { type MetricsLine, runFiles } from "../../contract/run.ts";
import { readMetricsInParts } from "../train/metrics-file.ts";
import { afterHearing, type Heard, isHeard, nothingHeard, type Told } from "./told.ts";

/** What a listener leaves unread, at most: after that it is dropped, and may come again. */
const maximumUnreadBytes = 8 * 2 ** 20;
/** For the last words to somebody who is refused, while what it still says is thrown away. */
const refusalMilliseconds = 1000;

/** What the process is to its listeners. */
export interface Host {
  readonly secret: string;
  readonly productVersion: string;
  readonly helloMilliseconds: number;
  readonly told: Told;
  welcomed(listener: Listener, wish: WhenAlone): void;
  gone(listener: Listener): void;
  /** A listener wants training to end. */
  stop(): void;
}

/** As much of a hello as every version says. */
const anyHelloSchema = z.object({ kind: z.literal("hello"), protocol: z.int(), secret: z.string() });

export class Listener {
  readonly #socket: Socket;
  readonly #host: Host;
  readonly #patience: NodeJS.Timeout;
  /** "waiting" for training to begin; "behind" while it hears the past. */
  #state: "unknown" | "refused" | "waiting" | "behind" | "live" = "unknown";
  #unread: Buffer = Buffer.alloc(0);
  #heard: Heard = nothingHeard;
  #caughtUp: Promise<void> = Promise.resolve();

  constructor(socket: Socket, host: Host) {
    this.#socket = socket;
    this.#host = host;
    const seconds = host.helloMilliseconds / 1000;
    this.#patience = setTimeout(
      () => this.#refuse(`This training was asked nothing for ${seconds} seconds.`),
      host.helloMilliseconds,
    ).unref();
    socket.unref();
    // "close" follows, and says all there is to know.
    socket.on("error", () => {});
    socket.on("data", (bytes) => this.#read(bytes));
    socket.once("close", () => {
      clearTimeout(this.#patience);
      host.gone(this);
    });
  }

  /** Passes on what is told now, to those who have heard what was before. */
  hear(message: ControlMessage): void {
    const isEvent = message.kind === "event";
    if (this.#state === "unknown" || this.#state === "refused") return;
    if (!isEvent) this.#send(message);
    else if (this.#state === "waiting") this.#hearFirst(this.#host.told.start);
    else if (this.#state === "live") this.#sendEvent(message);
  }

  /** Tells what is still to be told and ends the connection. Resolves when all is handed over, or nobody wants it. */
  async close(): Promise<void> {
    await this.#caughtUp;
    if (this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#socket.once("close", () => resolve());
      this.#socket.end(resolve);
    });
    this.#socket.destroy();
  }

  /** Ends the connection, whatever is still to be told. */
  destroy(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    if (this.#state === "refused") return;
    this.#unread = Buffer.concat([this.#unread, bytes]);
    for (;;) {
      const end = this.#unread.indexOf("\n");
      const length = end < 0 ? this.#unread.length : end;
      if (length > maximumRequestBytes) {
        this.#refuse(`A request of more than ${maximumRequestBytes} bytes is none of Latent Lab's.`);
        return;
      }
      if (end < 0) return;
      const line = this.#unread.toString("utf8", 0, end);
      this.#unread = this.#unread.subarray(end + 1);
      if (!this.#take(parseJson(line))) return;
    }
  }

  /** False where the connection is over. */
  #take(request: unknown): boolean {
    if (this.#state === "unknown") return this.#takeHello(request);
    const parsed = controlRequestSchema.safeParse(request);
    if (!parsed.success || parsed.data.kind !== "stop")
      return this.#refuse("This training understood a request in no way.");
    this.#host.stop();
    return true;
  }

  #takeHello(request: unknown): boolean {
    const hello = anyHelloSchema.safeParse(request);
    if (!hello.success) return this.#refuse("The first request to a training must be Latent Lab's hello.");
    if (!isSame(hello.data.secret, this.#host.secret))
      return this.#refuse("The secret is not this training's: its file may be of another one.");
    if (hello.data.protocol !== controlProtocolVersion)
      return this.#refuse(this.#wordsForVersion(hello.data.protocol));
    const whole = controlRequestSchema.safeParse(request);
    if (!whole.success || whole.data.kind !== "hello")
      return this.#refuse("Latent Lab's hello lacks what shall become of training when nobody listens.");
    this.#welcome(whole.data.whenAlone);
    return true;
  }

  #wordsForVersion(theirs: number): string {
    const { productVersion } = this.#host;
    return theirs < controlProtocolVersion
      ? `This training was started by a newer Latent Lab (${productVersion}): update the editor's to watch it.`
      : `This training was started by an older Latent Lab (${productVersion}), which the editor's cannot watch. ` +
          "It goes on, and its run folder will hold what it finds.";
  }

  #welcome(wish: WhenAlone): void {
    clearTimeout(this.#patience);
    this.#state = "waiting";
    const { told, productVersion } = this.#host;
    this.#send({ kind: "welcome", protocol: controlProtocolVersion, productVersion });
    for (const message of told.beginning) this.#send(message);
    if (told.start !== null || told.end !== null) this.#hearFirst(told.start);
    this.#host.welcomed(this, wish);
  }

  /** Training has begun, or ended before it began. */
  #hearFirst(start: StartEvent | null): void {
    this.#state = "behind";
    this.#caughtUp = start === null ? Promise.resolve() : this.#hearPast(start);
    if (start === null) this.#goLive();
  }

  async #hearPast(start: StartEvent): Promise<void> {
    this.#send({ kind: "event", event: start });
    const file = join(start.run, runFiles.metrics);
    try {
      for await (const lines of readMetricsInParts(file)) {
        for (const line of lines) this.#sendPast(line);
        await this.#drained();
        if (this.#socket.destroyed) return;
      }
    } catch (error) {
      const { message } = storageFailure(error, file, "read");
      this.#send({ kind: "remark", message: `The curve up to now cannot be shown: ${message}` });
    }
    this.#goLive();
  }

  /** Nothing may be told between the last of the past and this: it all happens at once. */
  #goLive(): void {
    const { told } = this.#host;
    for (const line of told.recentAfter(this.#heard)) this.#sendPast(line);
    this.#send({ kind: "live" });
    this.#state = "live";
    if (told.end !== null) this.#send({ kind: "event", event: told.end });
  }

  #sendPast(line: MetricsLine): void {
    this.#heard = afterHearing(this.#heard, line);
    this.#send({ kind: "past", line });
  }

  /** A line may stand in metrics.jsonl a moment before its event is told. */
  #sendEvent(message: Extract<ControlMessage, { readonly kind: "event" }>): void {
    const { event } = message;
    const isMeasurement = event.event === "step" || event.event === "epoch";
    if (!isMeasurement || !isHeard(this.#heard, event)) this.#send(message);
  }

  #send(message: ControlMessage): void {
    if (!this.#socket.writable) return;
    this.#socket.write(`${JSON.stringify(message)}\n`);
    if (this.#socket.writableLength > maximumUnreadBytes) this.#socket.destroy();
  }

  /** Resolves when the other side has read, or has gone. */
  #drained(): Promise<void> {
    const socket = this.#socket;
    if (!socket.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        socket.off("drain", done);
        socket.off("close", done);
        resolve();
      };
      socket.once("drain", done);
      socket.once("close", done);
    });
  }

  /** Returns false: nothing more will be taken. */
  #refuse(message: string): false {
    this.#state = "refused";
    clearTimeout(this.#patience);
    this.#send({ kind: "refused", protocol: controlProtocolVersion, message });
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), refusalMilliseconds).unref();
    return false;
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Takes as long for a secret that is nearly right as for any other. */
function isSame(given: string, secret: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(secret));
}
