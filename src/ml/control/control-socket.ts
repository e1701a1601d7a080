/**
 * How a training process is watched and stopped from outside: a local socket, any number of listeners, none of which
 * training ever waits for. What is said is in ../../contract/control.ts.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { ControlMessage, WhenAlone } from "../../contract/control.ts";
import type { TrainingEvent } from "../../contract/events.ts";
import { storageFailure } from "../../contract/failure.ts";
import type { Preparing } from "../../contract/preparing.ts";
import { type AnnouncedPlace, announce, type ControlPlace, makeControlPlace } from "./control-place.ts";
import { type Host, Listener } from "./listener.ts";
import { Told } from "./told.ts";

/** Windows of an editor, and what else may look. */
const maximumConnections = 64;
const millisecondsBetweenPreparing = 100;
/** For last words to those who listen. */
const farewellMilliseconds = 5000;

export interface ControlOptions {
  /** Where the file goes that says where the socket is; made where it is not. */
  readonly folder: string;
  readonly productVersion: string;
  /** Called when a listener wants training to end, or when none is left and the latest wanted that. */
  readonly onStop: () => void;
  /** Without any listener, where the latest wanted training to stop then; 30 s where left out. */
  readonly aloneMilliseconds?: number;
  /** Until a listener must have said hello; 5 s where left out. */
  readonly helloMilliseconds?: number;
  /** At the end, until somebody must have come where nobody has yet; 5 s where left out. */
  readonly firstListenerMilliseconds?: number;
}

export class ControlSocket {
  readonly #options: ControlOptions;
  readonly #place: AnnouncedPlace;
  readonly #server: Server;
  readonly #told = new Told();
  readonly #connected = new Set<Listener>();
  /** Those among them that have said hello. */
  readonly #listening = new Set<Listener>();
  readonly #host: Host;
  #wish: WhenAlone = "keep";
  #alone: NodeJS.Timeout | undefined;
  #preparingToldAt = Number.NEGATIVE_INFINITY;
  #firstCame = (): void => {};
  readonly #first = new Promise<void>((resolve) => {
    this.#firstCame = resolve;
  });
  #nobodyCame = true;

  private constructor(options: ControlOptions, place: AnnouncedPlace, server: Server) {
    this.#options = options;
    this.#place = place;
    this.#server = server;
    this.#host = {
      secret: place.secret,
      productVersion: options.productVersion,
      helloMilliseconds: options.helloMilliseconds ?? 5000,
      told: this.#told,
      welcomed: (listener, wish) => this.#welcomed(listener, wish),
      gone: (listener) => this.#gone(listener),
      stop: options.onStop,
    };
    // Also where the process ends in haste. What is left behind by one that was killed refuses connections.
    process.once("exit", place.remove);
  }

  /** Listens from now on; keeps no process alive. Throws a Failure (storage-*). */
  static async open(options: ControlOptions): Promise<ControlSocket> {
    const server = createServer();
    const place = await makeControlPlace();
    try {
      await listen(server, place);
      const announced = await announce(place, options.folder);
      const control = new ControlSocket(options, announced, server);
      server.on("connection", (socket) => control.#connect(socket));
      return control;
    } catch (error) {
      server.close();
      place.remove();
      throw error;
    }
  }

  /** The file that says where the socket is. */
  get file(): string {
    return this.#place.file;
  }

  event(event: TrainingEvent): void {
    this.#tell({ kind: "event", event });
  }

  /** Told to listeners now and then. */
  preparing(progress: Preparing): void {
    const message = { kind: "preparing", ...progress } as const;
    this.#told.add(message);
    const now = performance.now();
    if (now - this.#preparingToldAt < millisecondsBetweenPreparing) return;
    this.#preparingToldAt = now;
    for (const listener of this.#listening) listener.hear(message);
  }

  remark(message: string): void {
    this.#tell({ kind: "remark", message });
  }

  /**
   * Tells everybody what is still to be told, then takes the socket and its file away. Where nobody has ever come, it
   * waits a little: a process that fails at once would else be gone before anyone could hear why. Aborting `signal`
   * ends that wait.
   */
  async end(signal: AbortSignal): Promise<void> {
    clearTimeout(this.#alone);
    this.#wish = "keep";
    if (this.#nobodyCame) await within(this.#options.firstListenerMilliseconds ?? 5000, this.#first, signal);
    this.#server.close();
    const farewells = Promise.all([...this.#listening].map((listener) => listener.close()));
    await within(farewellMilliseconds, farewells, null);
    for (const listener of this.#connected) listener.destroy();
    process.off("exit", this.#place.remove);
    this.#place.remove();
  }

  #tell(message: ControlMessage): void {
    this.#told.add(message);
    for (const listener of this.#listening) listener.hear(message);
  }

  #connect(socket: Socket): void {
    this.#connected.add(new Listener(socket, this.#host));
  }

  #welcomed(listener: Listener, wish: WhenAlone): void {
    this.#listening.add(listener);
    this.#wish = wish;
    clearTimeout(this.#alone);
    this.#nobodyCame = false;
    this.#firstCame();
  }

  #gone(listener: Listener): void {
    this.#connected.delete(listener);
    const listened = this.#listening.delete(listener);
    if (!listened || this.#listening.size > 0 || this.#wish !== "stop") return;
    const { onStop, aloneMilliseconds = 30_000 } = this.#options;
    this.#alone = setTimeout(onStop, aloneMilliseconds).unref();
  }
}

async function listen(server: Server, { socket }: ControlPlace): Promise<void> {
  server.maxConnections = maximumConnections;
  server.unref();
  await new Promise<void>((resolve, reject) => {
    // Later errors are of somebody who could not be let in: no reason to end anything.
    server.on("error", (error) => reject(storageFailure(error, socket, "write")));
    server.listen(socket, resolve);
  });
}

/** Resolves with `work`, after `milliseconds`, or when `signal` is aborted, whichever comes first. Keeps the process alive. */
async function within(
  milliseconds: number,
  work: Promise<unknown>,
  signal: AbortSignal | null,
): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done);
    void work.then(done, done);
  });
}
