/** The chart's legend: a switch for each kind of curve that also shows a value of it. */
import { element, setText } from "../shared/elements.ts";
import { formatValue } from "../shared/words.ts";
import { type Curve, type CurveId, runColour, type ShownRun } from "./series.ts";

/** What a curve has measured, wherever it is looked at; null: nothing. */
type Measure = (curve: Curve) => number | null;

interface Switch {
  readonly id: CurveId;
  readonly button: HTMLButtonElement;
  readonly value: HTMLElement;
}

export class Legend {
  readonly element = element("div", { class: "legend" });
  readonly #toggle: (id: CurveId) => void;
  #switches: Switch[] = [];
  #curves: readonly Curve[] = [];
  #table: RunTable | null = null;

  constructor(toggle: (id: CurveId) => void) {
    this.#toggle = toggle;
  }

  /** All curves there are, and which of them are hidden. */
  show(runs: readonly ShownRun[], curves: readonly Curve[], hidden: readonly CurveId[]): void {
    this.#curves = curves;
    const several = runs.length > 1;
    const firsts = curves.filter((curve, index) => curves.findIndex(({ id }) => id === curve.id) === index);
    const ids = firsts.map(({ id }) => id).join();
    if (ids !== this.#switches.map(({ id }) => id).join() || several !== (this.#table !== null))
      this.#build(firsts, several);
    for (const { id, button } of this.#switches)
      button.setAttribute("aria-pressed", String(!hidden.includes(id)));
    this.#table?.show(
      runs,
      firsts.filter(({ id }) => id !== "floor" && !hidden.includes(id)),
    );
  }

  showValues(measure: Measure): void {
    if (this.#table !== null) {
      this.#table.showValues(this.#curves, measure);
      return;
    }
    for (const { id, value } of this.#switches) {
      const curve = this.#curves.find((one) => one.id === id);
      showValue(value, curve, measure);
    }
  }

  #build(curves: readonly Curve[], several: boolean): void {
    this.#switches = curves.map(({ id, name, look, dash, colour }) => {
      const value = element("span", { class: "legend-value" });
      const swatch = element("span", {
        class: `swatch ${look} ${swatchDash(dash)} colour-${several && id !== "floor" ? "muted" : colour}`,
        attributes: { "aria-hidden": "true" },
      });
      const button = element(
        "button",
        { class: "legend-switch", attributes: { type: "button", "data-curve": id } },
        swatch,
        element("span", { text: name }),
      );
      if (!several) button.append(value);
      button.addEventListener("click", () => this.#toggle(id));
      return { id, button, value };
    });
    this.#table = several ? new RunTable() : null;
    const switches = element(
      "div",
      { class: "legend-switches", attributes: { role: "group", "aria-label": "Curves" } },
      ...this.#switches.map(({ button }) => button),
    );
    this.element.replaceChildren(switches, ...(this.#table === null ? [] : [framed(this.#table.element)]));
  }
}

/** Wider than a narrow panel: to be scrolled, with the keyboard too. */
function framed(table: HTMLElement): HTMLElement {
  const attributes = { tabindex: "0", role: "group", "aria-label": "Values of the runs" };
  return element("div", { class: "table-frame", attributes }, table);
}

function swatchDash([dash]: readonly number[]): string {
  if (dash === undefined) return "solid";
  return dash > 2 ? "dashed" : "dotted";
}

function showValue(place: HTMLElement, curve: Curve | undefined, measure: Measure): void {
  const measured = curve === undefined ? null : measure(curve);
  setText(place, measured === null ? "–" : formatValue(measured));
}

/** Several runs: a row for each, with its values. */
class RunTable {
  readonly element = element("table", { class: "numbers run-values" });
  #cells: { readonly id: CurveId; readonly run: ShownRun; readonly cell: HTMLElement }[] = [];

  show(runs: readonly ShownRun[], kinds: readonly Curve[]): void {
    this.#cells = [];
    const head = element(
      "tr",
      {},
      element("th", { text: "Run", attributes: { scope: "col" } }),
      ...kinds.map(({ name }) => element("th", { text: name, attributes: { scope: "col" } })),
    );
    const rows = runs.map((run, index) => {
      const swatch = element("span", { class: `swatch measured colour-${runColour(index)}` });
      const cells = kinds.map(({ id }) => {
        const cell = element("td");
        this.#cells.push({ id, run, cell });
        return cell;
      });
      const { name: given, id } = run.card;
      const isAmbiguous = runs.some((other) => other !== run && other.card.name === given);
      const words = isAmbiguous ? id : given;
      const name = element("th", { attributes: { scope: "row", title: id } }, swatch, words);
      return element("tr", {}, name, ...cells);
    });
    this.element.replaceChildren(element("thead", {}, head), element("tbody", {}, ...rows));
  }

  showValues(curves: readonly Curve[], measure: Measure): void {
    for (const { id, run, cell } of this.#cells) {
      const curve = curves.find((one) => one.id === id && one.run === run);
      showValue(cell, curve, measure);
    }
  }
}
