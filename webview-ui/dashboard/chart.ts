/**
 * The chart itself: curves over steps or epochs, a line at the chosen epoch, a cursor by pointer or arrow keys, and
 * zooming. Knows curves, not runs; what stands around it is curve-section.ts.
 */
import uPlot from "uplot";
import type { Theme } from "../shared/theme.ts";
import { formatCount, formatTick } from "../shared/words.ts";
import { align, decimate, type Points } from "./decimate.ts";
import { type Extent, extentOf } from "./extent.ts";
import type { Axis, Curve } from "./series.ts";

export interface ChartView {
  readonly axis: Axis;
  readonly scale: "linear" | "log";
}

export interface ChartListener {
  /** Where the cursor is; null: nowhere. */
  cursorMoved(x: number | null): void;
  /** A key has put it there: who does not see it wants to hear of it. */
  cursorPut(x: number | null): void;
  zoomed(zoomed: boolean): void;
  /** Whether the axis ends below what is to be drawn. */
  cropped(cropped: boolean): void;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

const height = { wide: 300, narrow: 190 };
/** CSS pixels of the ticks of an axis, and between them and their names. */
const tickSize = 4;
const tickGap = 4;
/** CSS pixels of the vertical axis, at least: so that charts of like values begin at one place. */
const leastValuesWidth = 52;
/** Below this width the chart is in a side bar. */
const narrowWidth = 420;

export class Chart {
  readonly element: HTMLElement;
  readonly #theme: Theme;
  readonly #listener: ChartListener;
  #plot: uPlot | null = null;
  #curves: readonly Curve[] = [];
  #view: ChartView = { axis: "epoch", scale: "linear" };
  #zoom: Range | null = null;
  #mark: number | null = null;
  /** Of the data that is shown; null: nothing is. */
  #extent: Extent | null = null;

  constructor(theme: Theme, listener: ChartListener) {
    this.#theme = theme;
    this.#listener = listener;
    this.element = document.createElement("div");
    this.element.className = "chart";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "application");
    this.element.setAttribute("aria-roledescription", "chart");
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
    // In a frame of its own: what is drawn changes sizes again.
    new ResizeObserver(() => requestAnimationFrame(() => this.#resize())).observe(this.element);
    theme.onChange(() => {
      if (this.#curves.length > 0) this.show(this.#curves, this.#view);
    });
  }

  /** Draws these curves instead of those before; the zoom stays while the axis does. */
  show(curves: readonly Curve[], view: ChartView): void {
    if (view.axis !== this.#view.axis) this.#setZoom(null);
    this.#curves = curves;
    this.#view = view;
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(), this.#data(), this.element);
  }

  /** There are new points. */
  refresh(): void {
    this.#plot?.setData(this.#data(), true);
  }

  /** Draws a line at `x`; null: none. */
  mark(x: number | null): void {
    if (x === this.#mark) return;
    this.#mark = x;
    this.#plot?.redraw(false);
  }

  resetZoom(): void {
    this.#setZoom(null);
    this.refresh();
  }

  #setZoom(zoom: Range | null): void {
    this.#zoom = zoom;
    this.#listener.zoomed(zoom !== null);
  }

  #range(): Range {
    if (this.#zoom !== null) return this.#zoom;
    let from = Number.POSITIVE_INFINITY;
    let to = Number.NEGATIVE_INFINITY;
    for (const curve of this.#curves) {
      const { x } = curve.points(this.#view.axis);
      if (x.length === 0) continue;
      from = Math.min(from, x[0] ?? 0);
      to = Math.max(to, x.at(-1) ?? 0);
    }
    return from < to ? { from, to } : { from: 0, to: 1 };
  }

  #data(): uPlot.AlignedData {
    const range = this.#range();
    const columns = Math.max(100, Math.round(this.element.clientWidth * devicePixelRatio));
    const shown = this.#curves.map((curve) => {
      const points = decimate(curve.points(this.#view.axis), { ...range, columns });
      return {
        points: this.#view.scale === "log" ? positive(points) : points,
        // Who has zoomed in wants to see what is there.
        settledFrom: this.#zoom === null ? curve.settledFrom(this.#view.axis) : range.from,
      };
    });
    this.#extent = extentOf(shown);
    const isLinear = this.#view.scale === "linear";
    const highest = this.#extent?.highest ?? Number.NEGATIVE_INFINITY;
    const [, top] = this.#heights();
    this.#listener.cropped(isLinear && this.#zoom === null && highest > (top ?? highest));
    return align(shown.map(({ points }) => points));
  }

  /** Around what is shown, and from zero where that is not far. */
  #heights(): uPlot.Range.MinMax {
    const { low, high } = this.#extent ?? { low: 0, high: 1 };
    const isNearZero = low > 0 && low < high / 4;
    return uPlot.rangeNum(isNearZero ? 0 : low, high, 0.1, true);
  }

  #options(): uPlot.Options {
    const theme = this.#theme;
    const { axis, scale } = this.#view;
    const line: Partial<uPlot.Axis> = {
      stroke: theme.colour("muted"),
      font: theme.font(11),
      labelFont: theme.font(11),
      grid: { stroke: theme.colour("grid"), width: 1 },
      ticks: { stroke: theme.colour("grid"), width: 1, size: tickSize },
      gap: tickGap,
    };
    return {
      ...this.#size(),
      legend: { show: false },
      padding: [8, 12, 0, 0],
      cursor: {
        drag: { x: true, y: false, setScale: false },
        points: { size: 7 },
        bind: { dblclick: () => () => this.#unzoom() },
      },
      scales: {
        x: {
          time: false,
          range: () => {
            const { from, to } = this.#range();
            return [from, to];
          },
        },
        y: scale === "log" ? { distr: 3 } : { range: () => this.#heights() },
      },
      axes: [
        { ...line, size: 34, values: (_, ticks) => ticks.map(formatCount), incrs: wholeSteps },
        {
          ...line,
          size: ({ ctx }, names) => this.#valuesWidth(ctx, names),
          values: (_, ticks) => ticks.map(tickName),
        },
      ],
      series: [{ label: axis }, ...this.#curves.map((curve) => this.#series(curve))],
      hooks: {
        draw: [(plot) => this.#drawMark(plot)],
        setSelect: [(plot) => this.#selected(plot)],
        setCursor: [(plot) => this.#listener.cursorMoved(cursorX(plot))],
      },
    };
  }

  /** Of the vertical axis, in CSS pixels: room for the longest of its ticks' names. */
  #valuesWidth(context: CanvasRenderingContext2D, names: readonly string[] | null): number {
    context.save();
    context.font = this.#theme.font(11);
    const widths = (names ?? []).map((name) => context.measureText(name).width);
    context.restore();
    return Math.max(leastValuesWidth, ...widths.map((width) => width + tickSize + tickGap + 1));
  }

  #series(curve: Curve): uPlot.Series {
    const colour = this.#theme.colour(curve.colour);
    const common = { label: curve.name, stroke: colour, spanGaps: true, dash: [...curve.dash] };
    switch (curve.look) {
      case "bound":
        return { ...common, width: 1.25, points: { show: false } };
      case "running":
        return { ...common, width: 1, alpha: 0.62, points: { show: false } };
      case "measured":
        return { ...common, width: 2, points: { show: fewPoints, size: 5, fill: colour } };
    }
  }

  #drawMark({ ctx, bbox, valToPos }: uPlot): void {
    if (this.#mark === null) return;
    const { from, to } = this.#range();
    if (this.#mark < from || this.#mark > to) return;
    const x = Math.round(valToPos(this.#mark, "x", true)) + 0.5;
    ctx.save();
    ctx.strokeStyle = this.#theme.colour("cursor");
    ctx.setLineDash([]);
    ctx.lineWidth = Math.max(1, Math.round(devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  #selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 3) return;
    this.#setZoom({ from: plot.posToVal(left, "x"), to: plot.posToVal(left + width, "x") });
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.refresh();
  }

  #unzoom(): null {
    this.resetZoom();
    return null;
  }

  /** Arrows move the cursor, + and - zoom around it, 0 shows everything, Escape takes the cursor away. */
  #pressed(event: KeyboardEvent): void {
    const plot = this.#plot;
    if (plot === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const width = plot.over.clientWidth;
    const at = plot.cursor.left !== undefined && plot.cursor.left >= 0 ? plot.cursor.left : width / 2;
    const stride = event.shiftKey ? width / 10 : width / 100;
    const moves: Record<string, number> = {
      ArrowLeft: at - stride,
      ArrowRight: at + stride,
      Home: 0,
      End: width - 1,
      Escape: -10,
    };
    const move = moves[event.key];
    if (move !== undefined) {
      const left = event.key === "Escape" ? -10 : Math.min(width - 1, Math.max(0, move));
      plot.setCursor({ left, top: left < 0 ? -10 : plot.over.clientHeight / 2 });
      this.#listener.cursorPut(cursorX(plot));
    } else if (event.key === "+" || event.key === "=") this.#zoomBy(0.5, plot.posToVal(at, "x"));
    else if (event.key === "-") this.#zoomBy(2, plot.posToVal(at, "x"));
    else if (event.key === "0") this.resetZoom();
    else return;
    event.preventDefault();
  }

  #zoomBy(factor: number, centre: number): void {
    const now = this.#range();
    this.#zoom = null;
    const whole = this.#range();
    const from = Math.max(whole.from, centre - (centre - now.from) * factor);
    const to = Math.min(whole.to, centre + (now.to - centre) * factor);
    this.#setZoom(from <= whole.from && to >= whole.to ? null : { from, to });
    this.refresh();
  }

  #size(): { width: number; height: number } {
    const width = Math.max(160, this.element.clientWidth);
    return { width, height: width < narrowWidth ? height.narrow : height.wide };
  }

  #resize(): void {
    const plot = this.#plot;
    const size = this.#size();
    if (plot === null || (plot.width === size.width && plot.height === size.height)) return;
    plot.setSize(size);
    this.refresh();
  }
}

/** Steps and epochs are counted: no ticks between them. */
const wholeSteps = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat();

function positive({ x, y }: Points): Points {
  const keep = (_: number, index: number) => (y[index] ?? 0) > 0;
  return { x: x.filter(keep), y: y.filter(keep) };
}

function fewPoints(plot: uPlot, series: number): boolean {
  let measured = 0;
  for (const value of plot.data[series] ?? []) if (value !== null) measured += 1;
  return measured * 12 < plot.over.clientWidth;
}

function cursorX(plot: uPlot): number | null {
  const { left } = plot.cursor;
  return left === undefined || left < 0 ? null : plot.posToVal(left, "x");
}

/** A tick of the log scale without a name has none in between either. */
function tickName(tick: number | null): string {
  return tick === null ? "" : formatTick(tick);
}
