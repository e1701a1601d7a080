/** A latent vector as bars above and below zero, and as numbers. */
import { element, svgElement } from "../shared/elements.ts";
import { formatValue } from "../shared/words.ts";

const drawing = { width: 480, height: 150 };
/** Up to so many bars carry the number of their dimension. */
const numberedBars = 32;

export class LatentBars {
  readonly element: HTMLElement;

  constructor(latents: readonly number[]) {
    const highest = latents.reduce((high, value) => Math.max(high, Math.abs(value)), 1e-6);
    const chart = svgElement(
      "svg",
      {
        class: "bars",
        attributes: {
          viewBox: `0 0 ${drawing.width} ${drawing.height}`,
          preserveAspectRatio: "none",
          role: "img",
          "aria-label": `Latent vector of ${latents.length} numbers, the largest ${formatValue(highest)} from zero`,
        },
      },
      ...latents.map((value, index) => bar(value, index, latents.length, highest)),
      svgElement("line", {
        class: "zero",
        attributes: { x1: "0", x2: "480", y1: "75", y2: "75", "vector-effect": "non-scaling-stroke" },
      }),
    );
    const names = latents.length > numberedBars ? [] : latents;
    this.element = element(
      "div",
      { class: "latent-vector" },
      element("h3", { text: `Latent vector, ${latents.length} numbers` }),
      element(
        "div",
        {},
        chart,
        element(
          "div",
          { class: "bar-names", attributes: { "aria-hidden": "true" } },
          ...names.map((_, index) => element("span", { text: String(index) })),
        ),
      ),
      element("p", { class: "hint", text: `The scale ends at ±${formatValue(highest)}.` }),
      element(
        "details",
        {},
        element("summary", { text: "As numbers" }),
        element("p", { class: "vector-text", text: latents.map(formatValue).join(", ") }),
      ),
    );
  }
}

function bar(value: number, index: number, count: number, highest: number): SVGElement {
  const pitch = drawing.width / count;
  const width = Math.min(pitch * 0.72, 28);
  const middle = drawing.height / 2;
  const height = Math.max(1, (Math.abs(value) / highest) * (middle - 2));
  return svgElement(
    "rect",
    {
      class: "bar",
      attributes: {
        x: ((index + 0.5) * pitch - width / 2).toFixed(2),
        y: (value < 0 ? middle : middle - height).toFixed(2),
        width: width.toFixed(2),
        height: height.toFixed(2),
      },
    },
    svgElement("title", { text: `latent ${index}: ${formatValue(value)}` }),
  );
}
