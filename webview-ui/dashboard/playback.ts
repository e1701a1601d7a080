/** Going through the epochs by itself, as a film: one after the other, from the first where the last was reached. */
import { button } from "../controls.ts";
import { isMotionReduced } from "../shared/reduced-motion.ts";

/** A film of so long is watched to its end. */
const filmMilliseconds = 6000;
const shortestMilliseconds = 60;
const longestMilliseconds = 500;
/** Where less motion is asked for, each picture stays so long; a film of many epochs leaves some out. */
const stillMilliseconds = 1000;

export interface Film {
  readonly length: number;
  readonly index: number;
  go(index: number): void;
}

export class Playback {
  readonly #film: () => Film;
  readonly #button = button("Play", "secondary", () => (this.#timer === null ? this.#play() : this.stop()));
  #timer: number | null = null;

  constructor(film: () => Film) {
    this.#film = film;
    this.element.classList.add("play");
    this.stop();
  }

  get element(): HTMLElement {
    return this.#button.element;
  }

  /** There are other epochs now, or none to go through. */
  refresh(): void {
    if (this.#film().length < 2) this.stop();
    this.#button.setDisabled(this.#film().length < 2);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#name("Play", "Play the epochs");
  }

  #play(): void {
    const { length, index, go } = this.#film();
    this.#name("Pause", "Pause the epochs");
    if (index >= length - 1) go(0);
    this.#wait();
  }

  #wait(): void {
    const pace = filmMilliseconds / this.#film().length;
    const milliseconds = Math.min(longestMilliseconds, Math.max(shortestMilliseconds, pace));
    this.#timer = setTimeout(() => this.#next(), isMotionReduced() ? stillMilliseconds : milliseconds);
  }

  #next(): void {
    const { length, index, go } = this.#film();
    const stride = isMotionReduced() ? Math.ceil((length * stillMilliseconds) / filmMilliseconds) : 1;
    const next = Math.min(index + stride, length - 1);
    go(next);
    if (next === length - 1) this.stop();
    else this.#wait();
  }

  #name(text: string, label: string): void {
    this.element.textContent = text;
    this.element.setAttribute("aria-label", label);
  }
}
