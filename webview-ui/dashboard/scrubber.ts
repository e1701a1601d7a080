/**
 * A slider over the epochs that there are pictures of: by pointer, arrows, Home, End, Page Up and Page Down; or by
 * itself, until somebody takes it in hand.
 */
import { element, setText } from "../shared/elements.ts";
import { formatCount } from "../shared/words.ts";
import { Playback } from "./playback.ts";

export class Scrubber {
  readonly element: HTMLElement;
  readonly #slider: HTMLElement;
  readonly #filled = element("div", { class: "scrubber-filled" });
  readonly #thumb = element("div", { class: "scrubber-thumb" });
  readonly #label = element("span", { class: "scrubber-label" });
  readonly #playback = new Playback(() => ({
    length: this.#stops.length,
    index: this.#index,
    go: (index) => this.#go(index),
  }));
  readonly #choose: (epoch: number) => void;
  #stops: readonly number[] = [];
  #planned = 0;
  #index = 0;

  /** `choose` hears of people's choices only. */
  constructor(choose: (epoch: number) => void) {
    this.#choose = choose;
    this.#slider = element(
      "div",
      {
        class: "scrubber-slider",
        attributes: {
          role: "slider",
          tabindex: "0",
          "aria-label": "Epoch",
          "aria-orientation": "horizontal",
        },
      },
      element("div", { class: "scrubber-track" }, this.#filled),
      this.#thumb,
    );
    this.element = element("div", { class: "scrubber" }, this.#playback.element, this.#slider, this.#label);
    this.#slider.addEventListener("keydown", (event) => this.#pressed(event));
    this.#slider.addEventListener("pointerdown", (event) => {
      this.#slider.setPointerCapture(event.pointerId);
      this.#pointed(event);
    });
    this.#slider.addEventListener("pointermove", (event) => {
      if (this.#slider.hasPointerCapture(event.pointerId)) this.#pointed(event);
    });
  }

  /** The epochs to choose from, ascending; how many are planned; the one to show. */
  show(stops: readonly number[], planned: number, epoch: number | null): void {
    this.#stops = stops;
    this.#planned = planned;
    const found = stops.findLastIndex((stop) => epoch !== null && stop <= epoch);
    this.#index = Math.max(0, found);
    this.#playback.refresh();
    this.#draw();
  }

  #draw(): void {
    const { length } = this.#stops;
    const epoch = this.#stops[this.#index];
    const part = length > 1 ? this.#index / (length - 1) : 0;
    this.#thumb.style.left = `${part * 100}%`;
    this.#filled.style.width = `${part * 100}%`;
    this.element.classList.toggle("none", epoch === undefined);
    const words =
      epoch === undefined ? "No epoch yet" : `Epoch ${formatCount(epoch)} of ${formatCount(this.#planned)}`;
    setText(this.#label, words);
    const values = {
      "aria-valuemin": this.#stops[0] ?? 0,
      "aria-valuemax": this.#stops.at(-1) ?? 0,
      "aria-valuenow": epoch ?? 0,
      "aria-valuetext": words,
      "aria-disabled": length < 2,
    };
    for (const [name, value] of Object.entries(values)) this.#slider.setAttribute(name, String(value));
  }

  #pressed(event: KeyboardEvent): void {
    const page = Math.max(2, Math.round(this.#stops.length / 10));
    const last = this.#stops.length - 1;
    const targets: Record<string, number> = {
      ArrowLeft: this.#index - 1,
      ArrowDown: this.#index - 1,
      ArrowRight: this.#index + 1,
      ArrowUp: this.#index + 1,
      PageDown: this.#index - page,
      PageUp: this.#index + page,
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#playback.stop();
    this.#go(target);
  }

  #pointed(event: PointerEvent): void {
    this.#playback.stop();
    const box = this.#slider.getBoundingClientRect();
    const part = (event.clientX - box.left) / Math.max(1, box.width);
    this.#go(Math.round(part * (this.#stops.length - 1)));
  }

  #go(target: number): void {
    const index = Math.min(this.#stops.length - 1, Math.max(0, target));
    const epoch = this.#stops[index];
    if (epoch === undefined || index === this.#index) return;
    this.#index = index;
    this.#draw();
    this.#choose(epoch);
  }
}
