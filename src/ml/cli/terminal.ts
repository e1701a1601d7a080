/**
 * The program's two outputs. Results go to stdout, progress and errors to stderr; each knows whether a person is
 * looking at it, and tells when nobody reads it any more (`| head`).
 */
import type { Writable } from "node:stream";
import { hasSystemCode, storageFailure } from "../../contract/failure.ts";

/** A terminal, or anything else that takes text. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/**
 * What becomes of an output that cannot be written, by a full disk, say: results that are lost end the program with a
 * Failure, remarks are dropped, for no work is worth less without them.
 */
export type OutputRole = "results" | "remarks";

export class Output {
  readonly #stream: OutputStream;
  #onReaderGone = (): void => {};
  /** Node opens its own outputs again after an error, and would report every further write. */
  #isReaderGone = false;
  /** Whether a person sees lines being drawn over. */
  readonly isLive: boolean;
  /** Whether colours and weights may be used (https://no-color.org). */
  readonly hasColour: boolean;

  constructor(stream: OutputStream, role: OutputRole, environment: NodeJS.ProcessEnv) {
    this.#stream = stream;
    stream.on("error", (error) => {
      // EIO: a terminal that hung up.
      const isGone = hasSystemCode(error, "EPIPE", "EIO", "ERR_STREAM_DESTROYED");
      if (role === "results" && !isGone) throw storageFailure(error, "standard output", "write");
      if (this.#isReaderGone) return;
      this.#isReaderGone = true;
      this.#onReaderGone();
    });
    this.isLive = stream.isTTY === true && environment.TERM !== "dumb";
    this.hasColour = this.isLive && (environment.NO_COLOR ?? "") === "";
  }

  /** Calls `gone`, and none named before, when nobody reads this output any more; what is written then goes nowhere. */
  whenReaderGone(gone: () => void): void {
    this.#onReaderGone = gone;
  }

  /** Some terminals that are no real ones say that they are 0 wide. */
  get columns(): number {
    return this.#stream.columns || 80;
  }

  write(text: string): void {
    if (!this.#isReaderGone && !this.#stream.destroyed) this.#stream.write(text);
  }

  /** Whatever names and values `text` quotes, they move no cursor and change no terminal's settings. */
  line(text = ""): void {
    this.write(`${printable(text, this.hasColour ? style : null)}\n`);
  }

  bold(text: string): string {
    return this.#styled(text, 1, 22);
  }

  dim(text: string): string {
    return this.#styled(text, 2, 22);
  }

  red(text: string): string {
    return this.#styled(text, 31, 39);
  }

  green(text: string): string {
    return this.#styled(text, 32, 39);
  }

  /** Resolves when all that was written has been handed to the system. */
  flushed(): Promise<void> {
    if (this.#isReaderGone || this.#stream.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#stream.write("", () => resolve());
    });
  }

  #styled(text: string, on: number, off: number): string {
    return this.hasColour ? `\u001B[${on}m${text}\u001B[${off}m` : text;
  }
}

/** What follows the escape character in the styles below. */
const style = /^\[\d\d?m/;

/** Escapes, as JSON does, all control characters but line breaks and styles, and those that turn the writing direction. */
function printable(text: string, style: RegExp | null): string {
  return text.replace(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, (character, offset: number) => {
    const isStyle = character === "\u001B" && style?.test(text.slice(offset + 1, offset + 5));
    if (isStyle || character === "\n") return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

export interface Terminal {
  readonly out: Output;
  readonly err: Output;
}

export function openTerminal(environment: NodeJS.ProcessEnv): Terminal {
  return {
    out: new Output(process.stdout, "results", environment),
    err: new Output(process.stderr, "remarks", environment),
  };
}
