/** Tells assistive technology what changed: not every number, but now and then the latest. */
import { element } from "../shared/elements.ts";

const shortestPauseMilliseconds = 5000;

export class Announcer {
  readonly element = element("div", {
    class: "visually-hidden",
    attributes: { "aria-live": "polite", role: "status" },
  });
  #waiting: string | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** Said at once after a pause, else when the pause is over; of several only the last. */
  say(words: string): void {
    if (this.#timer !== null) {
      this.#waiting = words;
      return;
    }
    this.element.textContent = words;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      const waiting = this.#waiting;
      this.#waiting = null;
      if (waiting !== null) this.say(waiting);
    }, shortestPauseMilliseconds);
  }
}
