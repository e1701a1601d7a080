/** The table twin of the curves: every epoch's numbers as text, for screen readers and for eyes. */
import type { EpochEvent } from "../../src/contract/events.ts";
import { element } from "../shared/elements.ts";
import { formatCount, formatValue } from "../shared/words.ts";
import type { ShownRun } from "./series.ts";

/** More rows than this nobody reads, and the page would crawl: the latest are shown. */
const maximumRows = 1000;

interface ColumnOfTable {
  readonly title: string;
  value(epoch: EpochEvent): string;
}

const always: readonly ColumnOfTable[] = [
  { title: "Epoch", value: ({ epoch }) => String(epoch) },
  { title: "Train loss", value: ({ train }) => formatValue(train.loss) },
  { title: "Test loss", value: ({ test }) => formatValue(test.loss) },
];
const ofVariational: readonly ColumnOfTable[] = [
  { title: "Test reconstruction", value: ({ test }) => formatValue(test.reconstruction) },
  { title: "Test KL", value: ({ test }) => formatValue(test.kl) },
  { title: "Active dimensions", value: ({ test }) => String(test.activeUnits ?? "–") },
];
const last: readonly ColumnOfTable[] = [
  {
    title: "Above floor",
    value: ({ test }) => (test.aboveFloor === null ? "–" : formatValue(test.aboveFloor)),
  },
  { title: "Images/s", value: ({ imagesPerSecond }) => formatCount(imagesPerSecond) },
];

export class EpochTable {
  readonly element = element("details", { class: "epoch-table" });
  readonly #body = element("div", { class: "epoch-tables" });
  #tables: RunNumbers[] = [];

  constructor() {
    this.element.append(element("summary", { text: "The curves as a table" }), this.#body);
    this.element.addEventListener("toggle", () => this.refresh());
  }

  show(runs: readonly ShownRun[]): void {
    this.#tables = runs.map((run) => new RunNumbers(run));
    this.#body.replaceChildren(...this.#tables.map((table) => table.element));
    this.refresh();
  }

  /** Adds what is new; while the table is closed there is nothing to do. */
  refresh(): void {
    if (this.element.open) for (const table of this.#tables) table.refresh();
  }
}

class RunNumbers {
  readonly element: HTMLElement;
  readonly #run: ShownRun;
  readonly #columns: readonly ColumnOfTable[];
  readonly #rows = element("tbody");
  readonly #left = element("p", { class: "hint" });
  #written = 0;

  constructor(run: ShownRun) {
    this.#run = run;
    this.#columns = [...always, ...(run.card.variational ? ofVariational : []), ...last];
    const head = this.#columns.map(({ title }) =>
      element("th", { text: title, attributes: { scope: "col" } }),
    );
    this.#left.hidden = true;
    this.element = element(
      "div",
      { class: "table-frame", attributes: { tabindex: "0", role: "region", "aria-label": run.card.name } },
      element(
        "table",
        { class: "numbers" },
        element("caption", { text: `${run.card.name}: numbers by epoch` }),
        element("thead", {}, element("tr", {}, ...head)),
        this.#rows,
      ),
      this.#left,
    );
  }

  refresh(): void {
    const { epochs } = this.#run.measurements;
    for (const epoch of epochs.slice(Math.max(this.#written, epochs.length - maximumRows)))
      this.#rows.append(this.#row(epoch));
    this.#written = epochs.length;
    while (this.#rows.childElementCount > maximumRows) this.#rows.firstElementChild?.remove();
    this.#left.hidden = epochs.length <= maximumRows;
    this.#left.textContent = `The last ${maximumRows} of ${epochs.length} epochs; Save as CSV… has them all.`;
  }

  #row(epoch: EpochEvent): HTMLElement {
    const [first, ...others] = this.#columns.map(({ value }) => value(epoch));
    return element(
      "tr",
      {},
      element("th", { text: first ?? "", attributes: { scope: "row" } }),
      ...others.map((text) => element("td", { text })),
    );
  }
}
