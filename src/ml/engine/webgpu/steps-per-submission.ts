/**
 * How many steps go to the GPU in one submission: many, because each costs the host a little; but so few that one
 * takes less than twenty milliseconds. A screen that waits longer stutters, and a driver that waits seconds resets
 * the GPU. So a step that takes longer, and one of which that is not known yet, goes there dispatch by dispatch.
 */

const mostSteps = 64;
const targetSeconds = 0.02;
const largestGrowth = 4;
/** Measurements in a row that ask for about the same number, before it counts as found. */
const convincing = 2;

export class StepsPerSubmission {
  #steps = 1;
  #isWarm = false;
  #agreeing = 0;
  /** Of one step, as last measured. */
  #secondsPerStep = Number.POSITIVE_INFINITY;

  next(left: number): number {
    return Math.min(left, this.#steps);
  }

  /** Whether a step is too long for one submission. */
  get isApart(): boolean {
    return this.#secondsPerStep > targetSeconds;
  }

  /**
   * Whether the next submission should be waited for and timed: always while steps are long, for the GPU may only have
   * been slow to wake, and to wait costs little then.
   */
  get wantsMeasurement(): boolean {
    return this.isApart || this.#agreeing < convincing;
  }

  /**
   * The first one says nothing: with it goes all that was written before, a dataset among it, and the GPU wakes up.
   * From then on the number grows as long as it pays. One that was held up by something else is not believed at once.
   */
  measured(steps: number, seconds: number): void {
    if (!this.#isWarm) {
      this.#isWarm = true;
      return;
    }
    this.#secondsPerStep = seconds / steps;
    const fitting = Math.floor((targetSeconds * steps) / Math.max(seconds, 1e-9));
    const most = Math.min(mostSteps, this.#steps * largestGrowth);
    const wanted = Math.max(1, Math.min(most, fitting));
    const aboutTheSame = wanted < 2 * this.#steps && this.#steps < 2 * wanted;
    this.#agreeing = aboutTheSame ? this.#agreeing + 1 : 0;
    this.#steps = wanted;
  }
}
