/**
 * How many steps go to the GPU in one submission: many, because each costs the host a little; but so few that one
 * takes less than twenty milliseconds. A screen that waits longer stutters, and a driver that waits seconds resets
 * the GPU.
 */

const mostSteps = 64;
const targetSeconds = 0.02;

export class StepsPerSubmission {
  #steps = 1;
  #settled = false;

  next(left: number): number {
    return Math.min(left, this.#steps);
  }

  /** Whether the next submission should be waited for and timed. */
  get wantsMeasurement(): boolean {
    return !this.#settled;
  }

  /** A first one includes warming up: the number grows as long as it pays, and settles. */
  measured(steps: number, seconds: number): void {
    const fitting = Math.floor((targetSeconds * steps) / Math.max(seconds, 1e-9));
    const grown = Math.max(1, Math.min(mostSteps, fitting, this.#steps * 4));
    this.#settled = steps === this.#steps && grown <= this.#steps;
    this.#steps = grown;
  }
}
