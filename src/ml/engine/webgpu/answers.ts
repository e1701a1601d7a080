/**
 * Waiting for a GPU: for every answer only so long, and for none once the GPU is lost. A driver that hangs has no error
 * of its own to tell, and nobody would learn of it.
 */
import type { Failure } from "../../../contract/failure.ts";
import { DriverSilence } from "../driver-trials.ts";

/** In which an answer must have come. In software a GPU is as slow as the processor. */
export const patienceSeconds = { hardware: 30, software: 600 } as const;
/** Where answers have taken long, the next may take so many times as long; a compiler may in any case. */
const patienceFactor = 10;
/** Ticks are counted, and not the time: a machine that has slept has waited for nobody. */
const tickSeconds = 1;

export const remedy = "Update the GPU's driver, or do without the GPU: --engine cpu.";

interface Waiter {
  readonly reject: (failure: Failure) => void;
  readonly clock: NodeJS.Timeout;
}

export class Answers {
  readonly #waiting = new Set<Waiter>();
  readonly #onSilence: (silence: DriverSilence) => void;
  #patience: number;
  #isSilent = false;

  /** `patience` in seconds. `onSilence` is told before those who wait. */
  constructor(patience: number, onSilence: (silence: DriverSilence) => void = () => {}) {
    this.#patience = patience;
    this.#onSilence = onSilence;
  }

  /** Whether an answer has not come. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /**
   * Settles as `answer` does, or rejects with why there is none. Not Promise.race, whose every call the other promise,
   * which never ends, would remember.
   */
  wait<T>(answer: Promise<T>): Promise<T> {
    return this.#wait(answer, 1);
  }

  /** The same of a compiler, which may take its time. */
  waitForCompiler<T>(answer: Promise<T>): Promise<T> {
    return this.#wait(answer, patienceFactor);
  }

  /** There will be none: whoever waits hears why. */
  end(failure: Failure): void {
    for (const { reject, clock } of this.#waiting) {
      clearInterval(clock);
      reject(failure);
    }
    this.#waiting.clear();
  }

  #wait<T>(answer: Promise<T>, factor: number): Promise<T> {
    return new Promise((resolve, reject) => {
      let ticks = 0;
      const clock = setInterval(() => {
        ticks++;
        if (ticks * tickSeconds >= this.#patience * factor) this.#fallSilent(ticks * tickSeconds);
      }, tickSeconds * 1000);
      const waiter = { reject, clock };
      this.#waiting.add(waiter);
      answer.then(resolve, reject).finally(() => {
        clearInterval(clock);
        this.#waiting.delete(waiter);
        this.#patience = Math.max(this.#patience, (patienceFactor * ticks * tickSeconds) / factor);
      });
    });
  }

  #fallSilent(seconds: number): void {
    this.#isSilent = true;
    const silence = new DriverSilence(`the GPU has not answered for ${seconds} s`, remedy);
    this.#onSilence(silence);
    this.end(silence);
  }
}
