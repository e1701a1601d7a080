/**
 * How many steps to ask of the engine at once: enough that the calls cost nothing, few enough that progress shows
 * and Ctrl-C is heard at once. The weights do not depend on it.
 */

const targetSeconds = 0.045;
/** A first measurement includes warming up, and a machine may be busy for a moment: grow with care. */
const largestGrowth = 4;
/** What is said to be left follows the last seconds, not the last moment. */
const rememberedSeconds = 5;

export class StepPace {
  #steps = 1;
  #secondsPerStep: number | null = null;
  /** Steps and seconds of late, those of long ago fading. */
  #lately = { steps: 0, seconds: 0 };

  /** How many steps to take next, of the `left` in this epoch. */
  next(left: number): number {
    return Math.min(left, this.#steps);
  }

  measured(steps: number, seconds: number): void {
    const latest = seconds / steps;
    // The mean of the last few calls, the newest weighing most.
    this.#secondsPerStep = this.#secondsPerStep === null ? latest : (this.#secondsPerStep + latest) / 2;
    const fading = Math.exp(-seconds / rememberedSeconds);
    this.#lately = {
      steps: this.#lately.steps * fading + steps,
      seconds: this.#lately.seconds * fading + seconds,
    };
    const wanted = Math.floor(targetSeconds / Math.max(this.#secondsPerStep, 1e-9));
    this.#steps = Math.max(1, Math.min(wanted, this.#steps * largestGrowth));
  }

  /** In the last seconds; 0 before the first call. */
  get secondsPerStep(): number {
    const { steps, seconds } = this.#lately;
    return steps === 0 ? 0 : seconds / steps;
  }
}
