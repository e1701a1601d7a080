/** A time that is limited, by a clock and by whoever asks the benchmark to end. */

export class TimeLimit {
  readonly #controller = new AbortController();
  readonly #until: number;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #within: AbortSignal | null;
  readonly #passOn = (): void => this.end(String(this.#within?.reason));

  /** `within`: ends this time as well. */
  constructor(seconds: number, within: AbortSignal | null = null) {
    this.#until = performance.now() + seconds * 1000;
    this.#within = within;
    if (Number.isFinite(seconds)) this.#timer = setTimeout(() => this.end("the time was up"), seconds * 1000);
    within?.addEventListener("abort", this.#passOn);
    if (within?.aborted) this.#passOn();
  }

  /** Fires when the time is over; its reason is a phrase. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Seconds; infinite without a limit. */
  get left(): number {
    return Math.max(0, this.#until - performance.now()) / 1000;
  }

  end(reason: string): void {
    this.release();
    this.#controller.abort(reason);
  }

  /** Nothing is limited any more, and nothing is waited for. */
  release(): void {
    clearTimeout(this.#timer);
    this.#within?.removeEventListener("abort", this.#passOn);
  }
}
