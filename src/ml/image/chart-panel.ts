/**
 * One panel of a line chart as SVG: title, axes, grid, lines, and their names at their ends. It knows positions
 * and colours, not what a loss is; loss-chart.ts decides what is shown.
 */
import { type Markup, markup } from "./markup.ts";
import {
  epochScale,
  formatCount,
  formatTicks,
  formatValue,
  type NumberScale,
  type ValueScale,
  valueScale,
} from "./number-scale.ts";
import { approximateTextWidth, type Palette } from "./palette.ts";

export interface Point {
  /** From 1. */
  readonly epoch: number;
  readonly value: number;
}

export interface Series {
  readonly name: string;
  readonly color: string;
  /** In the order of their epochs; only finite values. */
  readonly points: readonly Point[];
}

export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series[];
  /** A value to hold the curves against, drawn dashed where it lies near enough. */
  readonly bound: { readonly name: string; readonly value: number } | null;
  /** Epochs at both ends of the axis. */
  readonly epochs: { readonly first: number; readonly last: number };
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const titleSize = 17;
const textSize = 13;
const headerHeight = 52;
const footerHeight = 28;
/** Up to this many epochs every epoch gets a dot. */
const dottedEpochs = 30;

export function drawPanel(panel: Panel, box: Box, palette: Palette): Markup {
  const bound = panel.bound !== null && isNear(panel.bound.value, panel.series) ? panel.bound : null;
  const values = panel.series.flatMap((series) => series.points.map((point) => point.value));
  const vertical = valueScale(
    bound === null ? values : [...values, bound.value],
    Math.round(box.height / 75),
  );
  const ends = endLabels(panel);
  const endWidth = Math.max(0, ...ends.map((end) => approximateTextWidth(end.text, textSize)));
  const tickWidth = Math.max(0, ...tickNames(vertical).map((tick) => approximateTextWidth(tick, textSize)));
  const plot: Box = {
    left: box.left + tickWidth + 10,
    top: box.top + headerHeight,
    width: Math.max(40, box.width - tickWidth - 10 - endWidth - 16),
    height: Math.max(40, box.height - headerHeight - footerHeight),
  };
  const horizontal = epochScale(
    panel.epochs.first,
    panel.epochs.last,
    Math.max(2, Math.round(plot.width / 90)),
  );
  const place = placement(horizontal, vertical, plot);
  return markup`<g>
${heading(panel, vertical.logarithmic, box, palette)}
${axes(horizontal, vertical, plot, place, palette)}
${panel.series.map((series) => line(series, place, palette))}
${bound === null ? "" : boundLine(bound, place.y(bound.value), plot, palette)}
${spread(ends, place.y, plot).map(
  (
    end,
  ) => markup`<text x="${plot.left + plot.width + 10}" y="${round(end.y + 4.5)}" fill="${end.color}" font-size="${textSize}" font-weight="600">${end.text}</text>
`,
)}</g>`;
}

interface Placement {
  readonly x: (epoch: number) => number;
  readonly y: (value: number) => number;
}

function placement(horizontal: NumberScale, vertical: NumberScale, plot: Box): Placement {
  return {
    x: (epoch) => plot.left + horizontal.position(epoch) * plot.width,
    y: (value) => plot.top + (1 - vertical.position(value)) * plot.height,
  };
}

/** Whether showing the bound leaves the curves at least a third of the height (a single value has no height to keep). */
function isNear(bound: number, series: readonly Series[]): boolean {
  const values = series.flatMap((one) => one.points.map((point) => point.value));
  if (values.length === 0 || !Number.isFinite(bound)) return false;
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  if (high / bound > 50 && bound > 0) return false;
  return (
    Math.max(high, bound) - Math.min(low, bound) <= 3 * (high - low) || (high === low && bound > high / 4)
  );
}

function heading(panel: Panel, logarithmic: boolean, box: Box, palette: Palette): Markup {
  const unit = logarithmic ? `${panel.unit}, logarithmic` : panel.unit;
  return markup`<text x="${box.left}" y="${box.top + 15}" fill="${palette.ink}" font-size="${titleSize}" font-weight="600">${panel.title}</text>
<text x="${box.left}" y="${box.top + 35}" fill="${palette.muted}" font-size="${textSize}">${unit}</text>`;
}

function axes(
  horizontal: NumberScale,
  vertical: ValueScale,
  plot: Box,
  place: Placement,
  palette: Palette,
): Markup {
  const bottom = plot.top + plot.height;
  const names = tickNames(vertical);
  const rows = vertical.ticks.map((tick, index) => {
    const y = round(place.y(tick));
    return markup`<line x1="${round(plot.left)}" x2="${round(plot.left + plot.width)}" y1="${y}" y2="${y}" stroke="${palette.line}"/>
<text x="${round(plot.left - 10)}" y="${round(y + 4.5)}" fill="${palette.muted}" font-size="${textSize}" text-anchor="end">${names[index] ?? ""}</text>
`;
  });
  const cols = horizontal.ticks.map((tick, index) => {
    const x = round(place.x(tick));
    // The first tick says what is counted.
    const label = index === 0 ? `epoch ${formatCount(tick)}` : formatCount(tick);
    return markup`<line x1="${x}" x2="${x}" y1="${bottom}" y2="${bottom + 5}" stroke="${palette.muted}"/>
<text x="${x}" y="${bottom + 22}" fill="${palette.muted}" font-size="${textSize}" text-anchor="middle">${label}</text>
`;
  });
  return markup`${rows}<line x1="${round(plot.left)}" x2="${round(plot.left + plot.width)}" y1="${bottom}" y2="${bottom}" stroke="${palette.muted}"/>
${cols}`;
}

/** On equal steps all have the same decimals; powers of ten have none in common. */
function tickNames({ ticks, logarithmic }: ValueScale): readonly string[] {
  return logarithmic ? ticks.flatMap((tick) => formatTicks([tick])) : formatTicks(ticks);
}

/** Its name stands on it where curves begin, far above a floor; a rim keeps it readable where one does not. */
function boundLine(bound: NonNullable<Panel["bound"]>, y: number, plot: Box, palette: Palette): Markup {
  return markup`<line x1="${round(plot.left)}" x2="${round(plot.left + plot.width)}" y1="${round(y)}" y2="${round(y)}" stroke="${palette.floor}" stroke-width="1.5" stroke-dasharray="5 4"/>
<text x="${round(plot.left + 8)}" y="${round(y - 6)}" fill="${palette.floor}" stroke="${palette.background}" stroke-width="4" stroke-linejoin="round" paint-order="stroke" font-size="${textSize}" font-weight="600">${bound.name} ${formatValue(bound.value)}</text>`;
}

function line(series: Series, place: Placement, palette: Palette): Markup {
  const positions = series.points.map(
    (point) => `${round(place.x(point.epoch))},${round(place.y(point.value))}`,
  );
  const dots = series.points.length <= dottedEpochs ? series.points : series.points.slice(-1);
  return markup`<polyline points="${positions.join(" ")}" fill="none" stroke="${series.color}" stroke-width="2.25" stroke-linejoin="round" stroke-linecap="round"/>
${dots.map(
  (
    point,
  ) => markup`<circle cx="${round(place.x(point.epoch))}" cy="${round(place.y(point.value))}" r="3.5" fill="${series.color}" stroke="${palette.background}" stroke-width="1.5"/>
`,
)}`;
}

interface EndLabel {
  readonly text: string;
  readonly color: string;
  readonly value: number;
}

function endLabels(panel: Panel): EndLabel[] {
  return panel.series.flatMap((series) => {
    const last = series.points.at(-1);
    return last === undefined
      ? []
      : [{ text: `${series.name} ${formatValue(last.value)}`, color: series.color, value: last.value }];
  });
}

/** Moves labels apart until none covers another, then back up where the lowest would leave the plot. */
function spread(
  labels: readonly EndLabel[],
  yOf: (value: number) => number,
  plot: Box,
): (EndLabel & { y: number })[] {
  const gap = textSize + 4;
  const placed = labels.map((label) => ({ ...label, y: yOf(label.value) })).sort((a, b) => a.y - b.y);
  let ceiling = -Infinity;
  for (const label of placed) {
    label.y = Math.max(label.y, ceiling + gap);
    ceiling = label.y;
  }
  let limit = plot.top + plot.height;
  for (const label of placed.toReversed()) {
    label.y = Math.min(label.y, limit);
    limit = label.y - gap;
  }
  return placed;
}

/** A tenth of a pixel is finer than any screen shows, and keeps the SVG small. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
