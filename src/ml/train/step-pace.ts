/**
 * How many steps to ask of the engine at once: enough that the calls cost nothing, few enough that progress shows
 * and Ctrl-C is heard at once. The weights do not depend on it.
 */

const targetSeconds = 0.045;
/** A first measurement includes warming up, and a machine may be busy for a moment: grow with care. */
const largestGrowth = 4;

export class StepPace {
  #steps = 1;
  #secondsPerStep: number | null = null;

  /** How many steps to take next, of the `left` in this epoch. */
  next(left: number): number {
    return Math.min(left, this.#steps);
  }

  measured(steps: number, seconds: number): void {
    const latest = seconds / steps;
    // The mean of the last few calls, the newest weighing most.
    this.#secondsPerStep = this.#secondsPerStep === null ? latest : (this.#secondsPerStep + latest) / 2;
    const wanted = Math.floor(targetSeconds / Math.max(this.#secondsPerStep, 1e-9));
    this.#steps = Math.max(1, Math.min(wanted, this.#steps * largestGrowth));
  }

  /** As measured lately; 0 before the first call. */
  get secondsPerStep(): number {
    return this.#secondsPerStep ?? 0;
  }
}
