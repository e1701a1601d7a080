/** The curves with everything around them: legend, axis and scale, zoom, the numbers as a table, CSV. */
import { button, checkbox, dropdown } from "../controls.ts";
import { element, section, setText } from "../shared/elements.ts";
import type { Theme } from "../shared/theme.ts";
import { formatCount, formatValue } from "../shared/words.ts";
import { Chart } from "./chart.ts";
import { EpochTable } from "./epoch-table.ts";
import { Legend } from "./legend.ts";
import {
  type Axis,
  type Curve,
  type CurveId,
  curvesFor,
  type ShownRun,
  scaleOf,
  valueAt,
  valuesInWords,
} from "./series.ts";
import type { ViewState } from "./view-state.ts";

const croppedWords = "The beginning lies above the chart; the log scale shows it.";
const unlikeWords =
  "These runs measure their losses differently: compare how curves fall, not how high they lie.";

export interface CurveSectionListener {
  change(change: Partial<Pick<ViewState, "axis" | "log" | "hidden">>): void;
  saveCsv(): void;
  /** What a key in the chart has led to, in words. */
  answer(words: string): void;
}

export class CurveSection {
  readonly element: HTMLElement;
  readonly #chart: Chart;
  readonly #legend: Legend;
  readonly #table = new EpochTable();
  readonly #axis = dropdown("Horizontal axis", (value) =>
    this.#listener.change({ axis: value === "step" ? "step" : "epoch" }),
  );
  readonly #log = checkbox("Log scale", false, (log) => this.#listener.change({ log }));
  readonly #zoomOut = button("Show all", "secondary", () => this.#chart.resetZoom());
  readonly #csv = button("Save as CSV…", "secondary", () => this.#listener.saveCsv());
  readonly #unit = element("span", { class: "unit" });
  readonly #where = element("p", { class: "where" });
  readonly #empty = element("p", { class: "empty", text: "The first numbers appear after the first steps." });
  readonly #listener: CurveSectionListener;
  #runs: readonly ShownRun[] = [];
  #curves: readonly Curve[] = [];
  #state: Pick<ViewState, "axis" | "log" | "hidden"> | null = null;
  #cursor: number | null = null;
  /** The epoch that somebody has chosen to look at. */
  #chosen: number | null = null;
  #cropped = false;

  constructor(theme: Theme, listener: CurveSectionListener) {
    this.#listener = listener;
    this.#chart = new Chart(theme, {
      cursorMoved: (x) => {
        this.#cursor = x;
        this.#showValues();
      },
      cursorPut: (x) => listener.answer(this.#spoken(x)),
      zoomed: (zoomed) => {
        this.#zoomOut.element.hidden = !zoomed;
      },
      cropped: (cropped) => {
        this.#cropped = cropped;
        this.#showPlace();
      },
    });
    this.#legend = new Legend((id) => this.#toggle(id));
    this.#zoomOut.element.hidden = true;
    this.#axis.element.classList.add("axis");
    const { root, head } = section("curves", "Loss curves");
    const tools = element("div", { class: "tools" });
    tools.append(this.#zoomOut.element, this.#log.element, this.#axis.element, this.#csv.element);
    head.append(this.#unit, tools);
    const stage = element("div", { class: "stage" }, this.#chart.element, this.#empty);
    // In the side bar the legend would fill the view, and the curves would have to be scrolled to.
    if (document.body.dataset.layout === "narrow") root.append(stage, this.#where, this.#legend.element);
    else root.append(this.#legend.element, stage, this.#where);
    root.append(this.#table.element);
    this.element = root;
  }

  /** These runs, looked at in this way. */
  show(runs: readonly ShownRun[], state: Pick<ViewState, "axis" | "log" | "hidden">): void {
    this.#runs = runs;
    this.#state = state;
    this.#log.setChecked(state.log);
    this.#axis.setChoices(
      [
        { value: "epoch", label: "by epoch" },
        { value: "step", label: "by step" },
      ],
      state.axis,
    );
    setText(this.#unit, unitOf(runs));
    this.#draw(state);
    this.#table.show(runs);
  }

  /** There are new measurements. */
  refresh(): void {
    const state = this.#state;
    if (state === null) return;
    // The floor is known after the first epoch.
    if (curvesFor(this.#runs).length === this.#curves.length) this.#chart.refresh();
    else this.#draw(state);
    this.#tell();
    this.#table.refresh();
  }

  /** Draws a line at this epoch; null: none. One that was chosen is that of the values, too. */
  markEpoch(epoch: number | null, isChosen: boolean): void {
    this.#chosen = isChosen ? epoch : null;
    this.#chart.mark(this.#placeOf(epoch));
    this.#showValues();
  }

  /** Where an epoch ends on the axis. */
  #placeOf(epoch: number | null): number | null {
    const [first] = this.#runs;
    if (epoch === null || first === undefined || this.#state === null) return null;
    return epoch * first.card.stepsPerEpoch * scaleOf(first, this.#state.axis);
  }

  get #shownCurves(): readonly Curve[] {
    const hidden = this.#state?.hidden ?? [];
    return this.#curves.filter(({ id }) => !hidden.includes(id));
  }

  #draw(state: Pick<ViewState, "axis" | "log" | "hidden">): void {
    this.#curves = curvesFor(this.#runs);
    this.#legend.show(this.#runs, this.#curves, state.hidden);
    this.#chart.show(this.#shownCurves, { axis: state.axis, scale: state.log ? "log" : "linear" });
    this.#tell();
  }

  #tell(): void {
    const empty = this.#runs.every(({ measurements }) => measurements.isEmpty);
    this.#empty.hidden = !empty;
    this.#chart.element.classList.toggle("blank", empty);
    this.#where.hidden = empty;
    this.#csv.setDisabled(empty || this.#runs.some(({ measurements }) => measurements.missing !== null));
    this.#chart.element.setAttribute("aria-label", describe(this.#runs));
    this.#showValues();
  }

  #showValues(): void {
    if (this.#state === null) return;
    const { axis } = this.#state;
    const cursor = this.#cursor;
    this.#legend.showValues((curve) =>
      cursor === null ? curve.ofEpoch(this.#chosen) : valueAt(curve, axis, cursor),
    );
    this.#showPlace();
  }

  #showPlace(): void {
    if (this.#state === null) return;
    const notes = [this.#cropped ? croppedWords : "", haveLikeLosses(this.#runs) ? "" : unlikeWords];
    setText(this.#where, [this.#place(this.#state.axis), ...notes].filter((words) => words !== "").join(" "));
  }

  /** What the values belong to: what the cursor points at, else the chosen epoch, else the latest. */
  #place(axis: Axis): string {
    if (this.#cursor !== null) return `Values at ${placeName(axis, this.#cursor)}.`;
    return this.#chosen === null ? "Latest values." : `Values of epoch ${formatCount(this.#chosen)}.`;
  }

  /** The place and the values there, for those who do not see them. */
  #spoken(x: number | null): string {
    if (this.#state === null || x === null) return "No cursor";
    const { axis } = this.#state;
    return `${placeName(axis, x)}: ${valuesInWords(this.#shownCurves, axis, x)}`;
  }

  #toggle(id: CurveId): void {
    const hidden = this.#state?.hidden ?? [];
    this.#listener.change({
      hidden: hidden.includes(id) ? hidden.filter((other) => other !== id) : [...hidden, id],
    });
  }
}

/** What they all measure their losses in; empty where that differs. */
function unitOf(runs: readonly ShownRun[]): string {
  const [unit = "", ...others] = runs.map(({ card }) => card.lossUnit);
  return others.every((other) => other === unit) ? unit : "";
}

/** Whether one run's loss is a better or a worse one than another's: the same quantity, summed or averaged alike. */
function haveLikeLosses(runs: readonly ShownRun[]): boolean {
  const kinds = runs.map(({ card }) => JSON.stringify(card.experiment.loss));
  return kinds.every((kind) => kind === kinds[0]);
}

function placeName(axis: Axis, x: number): string {
  return axis === "step" ? `step ${formatCount(x)}` : `epoch ${x.toFixed(2)}`;
}

/** The chart in a sentence, for those who do not see it. */
function describe(runs: readonly ShownRun[]): string {
  const parts = runs.map(({ card, measurements }) => {
    const first = measurements.epochs[0];
    const last = measurements.latestEpoch;
    if (first === undefined || last === undefined) return `${card.name}: no epoch is finished yet`;
    return `${card.name}: test loss from ${formatValue(first.test.loss)} to ${formatValue(last.test.loss)} over epochs ${first.epoch} to ${last.epoch}`;
  });
  return `Loss curves. ${parts.join("; ")}. Arrow keys move the cursor, plus and minus zoom, 0 shows everything.`;
}
