/** How much each latent dimension of a VAE says, as bars, the most telling first. */
import type { EpochEvent } from "../../src/contract/events.ts";
import type { Evaluation } from "../../src/contract/losses.ts";
import { element, section, setText, svgElement } from "../shared/elements.ts";
import { formatValue } from "../shared/words.ts";

/** More bars would be hairlines; the rest say less than the last one shown. */
const maximumBars = 96;
/** Up to so many bars carry the number of their dimension. */
const numberedBars = 32;
const drawing = { width: 480, height: 150, foot: 16 };

interface Dimension {
  readonly index: number;
  readonly kl: number;
  /** Whether it is known that its μ hardly varies with the image. */
  readonly isInactive: boolean;
}

export class LatentSection {
  readonly element: HTMLElement;
  readonly #words = element("p", { class: "hint" });
  readonly #chart = svgElement("svg", {
    class: "bars",
    attributes: {
      viewBox: `0 0 ${drawing.width} ${drawing.height}`,
      preserveAspectRatio: "none",
      role: "img",
    },
  });
  readonly #names = element("div", { class: "bar-names", attributes: { "aria-hidden": "true" } });
  readonly #frame = element("div");
  readonly #list = element("ol", { class: "visually-hidden" });
  #shown: EpochEvent | null | undefined;

  constructor() {
    const { root } = section("latents", "Latent dimensions");
    this.#frame.append(
      this.#chart,
      this.#names,
      element("p", {
        class: "hint axis-title",
        text: "KL divergence of each dimension, in nats; largest first",
      }),
      this.#list,
    );
    root.append(this.#words, this.#frame);
    this.element = root;
  }

  /** After this epoch; null: there is none yet. */
  show(epoch: EpochEvent | null): void {
    if (epoch === this.#shown) return;
    this.#shown = epoch;
    const dimensions = epoch === null ? [] : sorted(epoch.test);
    const bars = dimensions.slice(0, maximumBars);
    const words = describe(epoch, dimensions);
    this.#frame.hidden = bars.length === 0;
    setText(this.#words, words);
    this.#chart.setAttribute("aria-label", `KL divergence of each latent dimension. ${words}`);
    const highest = Math.max(bars[0]?.kl ?? 0, 1e-3);
    this.#chart.replaceChildren(...bars.map((bar, rank) => drawBar(bar, rank, bars.length, highest)));
    this.#names.replaceChildren(
      ...(bars.length > numberedBars ? [] : bars).map(({ index, isInactive }) =>
        element("span", { class: isInactive ? "inactive" : "", text: String(index) }),
      ),
    );
    this.#list.replaceChildren(...bars.map((bar) => element("li", { text: wordsOf(bar) })));
  }
}

function sorted({ klPerDimension, activeDimensions }: Evaluation): Dimension[] {
  const active = new Set(activeDimensions ?? klPerDimension.keys());
  return klPerDimension
    .map((kl, index) => ({ index, kl, isInactive: !active.has(index) }))
    .sort((a, b) => b.kl - a.kl);
}

function drawBar(dimension: Dimension, rank: number, count: number, highest: number): SVGElement {
  const pitch = drawing.width / count;
  const width = Math.min(pitch * 0.72, 28);
  // A dimension that says nothing still shows that it is there.
  const height = Math.max(2, (Math.max(0, dimension.kl) / highest) * (drawing.height - 4));
  return svgElement(
    "rect",
    {
      class: dimension.isInactive ? "bar inactive" : "bar",
      attributes: {
        x: ((rank + 0.5) * pitch - width / 2).toFixed(2),
        y: (drawing.height - height).toFixed(2),
        width: width.toFixed(2),
        height: height.toFixed(2),
      },
    },
    svgElement("title", { text: wordsOf(dimension) }),
  );
}

function wordsOf({ index, kl, isInactive }: Dimension): string {
  return `dimension ${index}: ${formatValue(kl)} nats${isInactive ? ", inactive" : ""}`;
}

function describe(epoch: EpochEvent | null, dimensions: readonly Dimension[]): string {
  const [first] = dimensions;
  if (epoch === null || first === undefined) return "Known after the first epoch.";
  const { activeUnits } = epoch.test;
  const inactive = dimensions.filter(({ isInactive }) => isInactive);
  return [
    ...(activeUnits === null
      ? []
      : [
          `${activeUnits} of ${dimensions.length} dimensions are active: the variance of their μ is above 0.01.`,
        ]),
    `Dimension ${first.index} carries the most, ${formatValue(first.kl)} nats.`,
    ...(inactive.length === 0 ? [] : [inactiveInWords(inactive)]),
  ].join(" ");
}

/** By their numbers, where those are few. */
function inactiveInWords(dimensions: readonly Dimension[]): string {
  if (dimensions.length > 12) return `The other ${dimensions.length} are inactive.`;
  const numbers = dimensions.map(({ index }) => index).sort((a, b) => a - b);
  return `Inactive: ${numbers.join(", ")}.`;
}
