/**
 * The steps since something was last reported: gathers their losses, and says when the next report is due.
 */
import type { Losses } from "../../contract/losses.ts";
import type { StepLosses } from "../engine/engine.ts";
import { addLosses, type LossSums, meanLosses, noLosses } from "./progress.ts";

export interface WindowReport {
  readonly train: Losses;
  readonly imagesPerSecond: number;
}

export class StepWindow {
  #sums: LossSums = noLosses;
  /** Seconds on the clock of `performance.now()` of the last report. */
  #reportedAt = Number.NEGATIVE_INFINITY;

  add(losses: StepLosses, seconds: number): void {
    this.#sums = addLosses(this.#sums, losses, seconds);
  }

  /** What was gathered, unless the last report is less than `gap` seconds old. Reports begin anew after it. */
  take(gap: number, beta: number): WindowReport | null {
    const now = performance.now() / 1000;
    if (now - this.#reportedAt < gap || this.#sums.images === 0) return null;
    const sums = this.#sums;
    this.#sums = noLosses;
    this.#reportedAt = now;
    return { train: meanLosses(sums, beta), imagesPerSecond: sums.images / Math.max(sums.seconds, 1e-9) };
  }

  /** Forgets what was gathered: an epoch is over, and its own report covers it. */
  clear(): void {
    this.#sums = noLosses;
  }
}
