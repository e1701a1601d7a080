/**
 * One training process as this window sees it: what it has told so far and how it ended. Started by this window or
 * found running; the difference ends with the first message.
 */
import * as vscode from "vscode";
import type { ControlFile, ControlMessage, WhenAlone } from "../../contract/control.ts";
import type {
  DoneEvent,
  EpochEvent,
  ErrorEvent,
  StartEvent,
  StepEvent,
  TrainingEvent,
} from "../../contract/events.ts";
import type { Preparing } from "../../contract/preparing.ts";
import { isAlive } from "../../system/process-identity.ts";
import { ControlConnection } from "./control-connection.ts";

/** How long a process may take from being asked to stop until it is killed. */
const patienceMilliseconds = 30_000;

const maximumComplaints = 20;

/** A process that has said nothing for so long is remarked upon: it tells of steps several times a second. */
const silenceMilliseconds = 60_000;
const millisecondsBetweenLooks = 15_000;

export type TrainingPhase = "preparing" | "training" | "stopping" | "ended";

/**
 * How a training process ended: by its last word, without one, killed by us, or it had ended before it was reached.
 * "out-of-reach": it goes on, and the connection does not.
 */
export type TrainingEnd =
  | DoneEvent
  | ErrorEvent
  | { readonly event: "vanished" | "killed" | "unreachable" | "out-of-reach" };

/** Of connecting, where nobody listens any more. */
const nobodyListens: readonly (string | null)[] = ["ECONNREFUSED", "ENOENT"];
/** A process that was killed is there for a moment longer than its connections. */
const lastMomentMilliseconds = 500;

export interface Watching {
  /** What becomes of the training when nobody watches any more. */
  readonly whenAlone: WhenAlone;
  readonly log: vscode.LogOutputChannel;
  /** A run's folder as the workspace spells it. */
  readonly asOpened: (run: string) => string;
}

export class WatchedTraining implements vscode.Disposable {
  readonly control: ControlFile;
  readonly #connection: ControlConnection;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #told = new vscode.EventEmitter<TrainingEvent>();
  readonly #caughtUp = new vscode.EventEmitter<void>();
  readonly #remarked = new vscode.EventEmitter<string>();
  readonly #ended = new vscode.EventEmitter<TrainingEnd>();
  readonly #log: vscode.LogOutputChannel;
  readonly #asOpened: (run: string) => string;
  #phase: TrainingPhase = "preparing";
  #preparing: Preparing | null = null;
  #start: StartEvent | null = null;
  #step: StepEvent | null = null;
  #epoch: EpochEvent | null = null;
  #lastWord: DoneEvent | ErrorEvent | null = null;
  #wasReached = false;
  #isRefused = false;
  #complaints = 0;
  #firmness: NodeJS.Timeout | null = null;
  #lastMoment: NodeJS.Timeout | null = null;
  #wasKilled = false;
  #heardAt = performance.now();
  readonly #looks = setInterval(() => this.#lookForSilence(), millisecondsBetweenLooks);
  #isDisposed = false;

  /** Something that the status bar or a list shows has changed. */
  readonly onDidChange = this.#changed.event;
  /** Steps, epochs and the rest, as the process tells them from now on. */
  readonly onDidTell = this.#told.event;
  /** What had been measured before is told; from now on nothing is left out. */
  readonly onDidCatchUp = this.#caughtUp.event;
  readonly onDidRemark = this.#remarked.event;
  /** Once. */
  readonly onDidEnd = this.#ended.event;

  constructor(control: ControlFile, { whenAlone, log, asOpened }: Watching) {
    this.control = control;
    this.#log = log;
    this.#asOpened = asOpened;
    this.#connection = new ControlConnection(control, whenAlone, {
      onMessage: (message) => this.#receive(message),
      onGarbage: (line) => this.#complain(line),
      onClose: (code) => this.#onClose(code),
    });
  }

  get phase(): TrainingPhase {
    return this.#phase;
  }

  /** The run's folder; null until training has begun. */
  get run(): string | null {
    return this.#start?.run ?? null;
  }

  get start(): StartEvent | null {
    return this.#start;
  }

  get step(): StepEvent | null {
    return this.#step;
  }

  get epoch(): EpochEvent | null {
    return this.#epoch;
  }

  get preparing(): Preparing | null {
    return this.#preparing;
  }

  /** Whether the process does not want to be watched by this window. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** For how long a process that should be training has said nothing, in seconds; null while that is nothing unusual. */
  get secondsOfSilence(): number | null {
    const silence = performance.now() - this.#heardAt;
    return this.#phase === "training" && silence >= silenceMilliseconds ? silence / 1000 : null;
  }

  /** Asks for a checkpoint and an end; a process that does not answer is killed. Idempotent. */
  stop(): void {
    if (this.#phase === "stopping" || this.#phase === "ended") return;
    this.#phase = "stopping";
    this.#connection.stop();
    this.#firmness = setTimeout(() => this.#kill(), patienceMilliseconds);
    this.#changed.fire();
  }

  /** Stops watching; the process goes on. */
  dispose(): void {
    this.#isDisposed = true;
    this.#stopTimers();
    this.#connection.close();
    for (const emitter of [this.#changed, this.#told, this.#caughtUp, this.#remarked, this.#ended])
      emitter.dispose();
  }

  #stopTimers(): void {
    clearInterval(this.#looks);
    for (const timer of [this.#firmness, this.#lastMoment]) if (timer !== null) clearTimeout(timer);
  }

  #lookForSilence(): void {
    if (this.secondsOfSilence !== null) this.#changed.fire();
  }

  /** A process that prints garbage all the time does not fill the log with it. */
  #complain(line: string): void {
    this.#complaints++;
    if (this.#complaints > maximumComplaints) return;
    const last = this.#complaints === maximumComplaints ? " (more of this is not logged)" : "";
    this.#log.warn(`The training process ${this.control.pid} sent what makes no sense: ${line}${last}`);
  }

  #kill(): void {
    this.#log.warn(`The training process ${this.control.pid} did not stop when asked, and is killed.`);
    this.#wasKilled = true;
    try {
      process.kill(this.control.pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }

  #receive(message: ControlMessage): void {
    this.#heardAt = performance.now();
    switch (message.kind) {
      case "welcome":
        this.#wasReached = true;
        this.#log.debug(`Watching process ${this.control.pid} of Latent Lab ${message.productVersion}`);
        break;
      case "refused":
        this.#isRefused = true;
        this.#lastWord = {
          event: "error",
          code: "engine-failed",
          message: `the training process ${this.control.pid} does not talk to this window: ${message.message}`,
          hint: "Reload the window; if that does not help, update Latent Lab.",
        };
        break;
      case "preparing":
        this.#preparing = message;
        this.#changed.fire();
        break;
      case "remark":
        this.#remarked.fire(message.message);
        break;
      case "past":
        break;
      case "live":
        this.#caughtUp.fire();
        break;
      case "event":
        this.#hear(this.#spelled(message.event));
        break;
      default:
        message satisfies never;
    }
  }

  #spelled(event: TrainingEvent): TrainingEvent {
    return event.event === "start" || event.event === "done"
      ? { ...event, run: this.#asOpened(event.run) }
      : event;
  }

  #hear(event: TrainingEvent): void {
    switch (event.event) {
      case "start":
        this.#start = event;
        if (this.#phase === "preparing") this.#phase = "training";
        break;
      case "step":
        this.#step = event;
        break;
      case "epoch":
        this.#epoch = event;
        break;
      case "done":
      case "error":
        this.#lastWord = event;
        break;
      default:
        event satisfies never;
    }
    this.#told.fire(event);
    this.#changed.fire();
  }

  #onClose(code: string | null): void {
    if (this.#isDisposed) return;
    if (this.#lastWord !== null) this.#end(this.#lastWord);
    else if (this.#wasKilled) this.#end({ event: "killed" });
    else if (!this.#wasReached && nobodyListens.includes(code)) this.#end({ event: "unreachable" });
    else this.#lastMoment = setTimeout(() => void this.#endWithoutAWord(), lastMomentMilliseconds);
  }

  async #endWithoutAWord(): Promise<void> {
    const event = (await isAlive(this.control))
      ? "out-of-reach"
      : this.#wasReached
        ? "vanished"
        : "unreachable";
    if (!this.#isDisposed) this.#end({ event: this.#wasKilled ? "killed" : event });
  }

  #end(end: TrainingEnd): void {
    this.#stopTimers();
    this.#phase = "ended";
    this.#changed.fire();
    // Whoever hears of this disposes of it all.
    this.#ended.fire(end);
  }
}
