/**
 * The extension as a panel sees it: messages each way, and the state a panel finds again after a reload. What comes
 * in is validated; what does not parse is reported and dropped. Nothing here knows a particular panel.
 */
import * as z from "zod/mini";

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** Every panel may say these. */
type Common = { kind: "problem"; message: string } | { kind: "ready"; protocol: number };

/** A panel that is flooded with garbage must not flood the log. */
const maximumProblems = 50;
const maximumProblemLength = 500;

export class Host<Incoming, Outgoing extends { kind: string }, State> {
  readonly #api = acquireVsCodeApi();
  readonly #incoming: z.ZodMiniType<Incoming>;
  readonly #stateSchema: z.ZodMiniType<State>;
  #problems = 0;

  /**
   * Tells the extension that this panel is being built and is to be filled: what it sends meanwhile waits for the end
   * of the task, by which `listen` must have been called.
   */
  constructor(protocol: number, incoming: z.ZodMiniType<Incoming>, state: z.ZodMiniType<State>) {
    this.#incoming = incoming;
    this.#stateSchema = state;
    this.#post({ kind: "ready", protocol });
  }

  /** Hands every message that parses to `take`. */
  listen(take: (message: Incoming) => void): void {
    window.addEventListener("message", (event: MessageEvent<unknown>) => {
      const parsed = this.#incoming.safeParse(event.data);
      if (parsed.success) take(parsed.data);
      else this.problem(`dropped a message${kindOf(event.data)}: ${z.prettifyError(parsed.error)}`);
    });
    window.addEventListener("error", (event) => this.problem(`${event.message} (line ${event.lineno})`));
    window.addEventListener("unhandledrejection", (event) => this.problem(String(event.reason)));
  }

  send(message: Outgoing): void {
    this.#api.postMessage(message);
  }

  /** Something went wrong in the panel: for the extension's log. */
  problem(message: string): void {
    this.#problems += 1;
    if (this.#problems > maximumProblems) return;
    const last = this.#problems === maximumProblems ? " (further problems of this panel are not told)" : "";
    this.#post({ kind: "problem", message: `${message.slice(0, maximumProblemLength)}${last}` });
  }

  /** What `keep` kept; null where there is nothing, or nothing we understand. */
  kept(): State | null {
    const parsed = this.#stateSchema.safeParse(this.#api.getState());
    return parsed.success ? parsed.data : null;
  }

  keep(state: State): void {
    this.#api.setState(state);
  }

  #post(message: Common): void {
    this.#api.postMessage(message);
  }
}

function kindOf(message: unknown): string {
  if (typeof message !== "object" || message === null || !("kind" in message)) return "";
  return typeof message.kind === "string" ? ` of kind ${JSON.stringify(message.kind.slice(0, 40))}` : "";
}
