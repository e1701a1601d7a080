/** Tells assistive technology what changed: not every number, but now and then the latest; and what a key has done. */
import { element, setText } from "../shared/elements.ts";

const shortestPauseMilliseconds = 5000;
/** Who holds a key down hears where it has led to, not every place on the way. */
const settleMilliseconds = 300;

export class Announcer {
  readonly element = element("div", {
    class: "visually-hidden",
    attributes: { "aria-live": "polite", role: "status" },
  });
  #waiting: string | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #settling: ReturnType<typeof setTimeout> | undefined;

  /** Said at once after a pause, else when the pause is over; of several only the last, and nothing twice in a row. */
  say(words: string): void {
    if (this.#timer !== null) this.#waiting = words;
    else if (words !== this.element.textContent) this.#speak(words);
  }

  /** What somebody has asked for with a key: waits for no pause, only for the last of several keys. */
  answer(words: string): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#speak(words), settleMilliseconds);
  }

  #speak(words: string): void {
    setText(this.element, words);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      const waiting = this.#waiting;
      this.#waiting = null;
      if (waiting !== null) this.say(waiting);
    }, shortestPauseMilliseconds);
  }
}
