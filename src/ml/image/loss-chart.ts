/**
 * The loss curves of a run as one SVG picture: the loss, and for a VAE its two parts beside it.
 * A function of the epochs alone; rasterise.ts makes a PNG of it, report.ts embeds it.
 */
import type { EpochEvent } from "../../contract/events.ts";
import type { Experiment } from "../../contract/experiment.ts";
import { lossUnits } from "../../contract/loss-units.ts";
import type { Losses } from "../../contract/losses.ts";
import { type Box, drawPanel, type Panel, type Point, type Series } from "./chart-panel.ts";
import { type Markup, markup } from "./markup.ts";
import { formatValue } from "./number-scale.ts";
import { approximateTextWidth, fontFamily, type Palette } from "./palette.ts";

/** What the chart needs of an epoch; an EpochEvent has it. */
export type EpochLosses = Pick<EpochEvent, "epoch" | "train" | "test">;

type Model = Pick<Experiment, "model" | "loss">;

/** Around the chart where it stands alone; a page brings its own. */
const documentMargin = 28;
const headingHeight = 44;
const documentHeight = 470 + headingHeight;
/** Panels beside each other, and one below the other where there is no room for that. */
const wide = { width: 960, height: 414, gap: 36, gapBelow: 20 };
const stacked = { width: 440, panelHeight: 250, gap: 24 };
/** More points per line than this are below a pixel each. */
const maximumPoints = 600;

/**
 * An SVG document of 960 × 514, headed by the experiment's name and that of the run's folder: it is often shown away
 * from it. No epochs give an empty chart that says so.
 */
export function lossChart(
  epochs: readonly EpochLosses[],
  experiment: Model & Pick<Experiment, "name">,
  run: string,
  palette: Palette,
): string {
  const size = { width: wide.width, height: documentHeight };
  const panels = panelsOf(epochs, experiment, palette);
  const inner = {
    left: documentMargin,
    top: documentMargin + headingHeight,
    width: size.width - 2 * documentMargin,
    height: size.height - 2 * documentMargin - headingHeight,
  };
  const boxes = layOut(panels.length, inner);
  return svg(epochs, panels, boxes, size, palette, heading(experiment.name, run, palette)).text;
}

function heading(name: string, run: string, palette: Palette): Markup {
  const y = documentMargin + 17;
  const room = wide.width - 2 * documentMargin;
  const title = shortened(name, 20, room * 0.6);
  const folder = shortened(`run ${run}`, 13, room * 0.35);
  return markup`<text x="${documentMargin}" y="${y}" fill="${palette.ink}" font-size="20" font-weight="600">${title}</text>
<text x="${wide.width - documentMargin}" y="${y}" fill="${palette.muted}" font-size="13" text-anchor="end">${folder}</text>
`;
}

/** As much of a text as has room. */
function shortened(text: string, fontSize: number, room: number): string {
  if (approximateTextWidth(text, fontSize) <= room) return text;
  return `${text.slice(0, Math.floor(room / approximateTextWidth("x", fontSize)) - 1)}…`;
}

/** The same panels without margins, to be put into a page: for a wide one, or one below the other for a narrow one. */
export function lossChartMarkup(
  epochs: readonly EpochLosses[],
  experiment: Model,
  palette: Palette,
  arrangement: "wide" | "stacked",
): Markup {
  const panels = panelsOf(epochs, experiment, palette);
  if (arrangement === "stacked") {
    const boxes = stack(Math.max(1, panels.length));
    const { top, height } = boxes.at(-1) as Box;
    return svg(epochs, panels, boxes, { width: stacked.width, height: top + height }, palette);
  }
  const inner = { left: 0, top: 0, width: wide.width, height: wide.height };
  return svg(epochs, panels, layOut(panels.length, inner), inner, palette);
}

function svg(
  epochs: readonly EpochLosses[],
  panels: readonly Panel[],
  boxes: readonly Box[],
  size: { readonly width: number; readonly height: number },
  palette: Palette,
  head: Markup = markup``,
): Markup {
  return markup`<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${describe(epochs)}" font-family="${fontFamily}">
<rect width="${size.width}" height="${size.height}" fill="${palette.background}"/>
${head}${panels.map((panel, index) => drawPanel(panel, boxes[index] as Box, palette))}
${panels.length > 0 ? "" : markup`<text x="${size.width / 2}" y="${size.height / 2}" fill="${palette.muted}" font-size="17" text-anchor="middle">No epoch is finished yet.</text>`}
</svg>`;
}

/** None before the first epoch. */
function panelsOf(epochs: readonly EpochLosses[], experiment: Model, palette: Palette): Panel[] {
  if (epochs.length === 0) return [];
  const variational = experiment.model.kind === "variational";
  const units = lossUnits(experiment);
  const range = { first: epochs[0]?.epoch ?? 1, last: epochs.at(-1)?.epoch ?? 1 };
  const panel = (title: string, key: keyof Losses, bound: Panel["bound"]): Panel => ({
    title,
    unit: units[key],
    bound,
    epochs: range,
    series: [
      seriesOf("train", palette.train, epochs, (epoch) => epoch.train[key]),
      seriesOf("test", palette.test, epochs, (epoch) => epoch.test[key]),
    ],
  });
  const floor = reconstructionFloor(epochs);
  if (!variational) return [panel("Loss", "loss", floor)];
  return [
    panel("Loss", "loss", null),
    panel("Reconstruction", "reconstruction", floor),
    panel("KL divergence", "kl", null),
  ];
}

/** The loss of a perfect reconstruction: not zero for grey pixels under BCE. Null for squared error. */
function reconstructionFloor(epochs: readonly EpochLosses[]): Panel["bound"] {
  const test = epochs.at(-1)?.test;
  if (test === undefined || test.aboveFloor === null) return null;
  return { name: "floor", value: test.reconstruction - test.aboveFloor };
}

function seriesOf(
  name: string,
  color: string,
  epochs: readonly EpochLosses[],
  choose: (epoch: EpochLosses) => number,
): Series {
  const points = epochs
    .map((epoch) => ({ epoch: epoch.epoch, value: choose(epoch) }))
    .filter((point) => Number.isFinite(point.value));
  return { name, color, points: thinned(points) };
}

/** Keeps the lowest and the highest point of every stretch, so a spike of one epoch in 100,000 is still seen; and both ends. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= maximumPoints) return points;
  const stretch = points.length / (maximumPoints / 2);
  const kept: Point[] = [];
  for (let start = 0; Math.floor(start) < points.length; start += stretch) {
    const part = points.slice(Math.floor(start), Math.floor(start + stretch));
    const low = part.reduce((a, b) => (b.value < a.value ? b : a), part[0] as Point);
    const high = part.reduce((a, b) => (b.value > a.value ? b : a), part[0] as Point);
    kept.push(...(low.epoch <= high.epoch ? [low, high] : [high, low]));
  }
  return [points[0] as Point, ...kept, points.at(-1) as Point];
}

/** One panel fills the picture; of three, the first takes the left and the others share the right. */
function layOut(panels: number, inner: Box): Box[] {
  if (panels < 3) return [inner];
  const leftWidth = Math.round((inner.width - wide.gap) * 0.56);
  const right = { left: inner.left + leftWidth + wide.gap, width: inner.width - leftWidth - wide.gap };
  const half = (inner.height - wide.gapBelow) / 2;
  return [
    { ...inner, width: leftWidth },
    { ...right, top: inner.top, height: half },
    { ...right, top: inner.top + half + wide.gapBelow, height: half },
  ];
}

function stack(panels: number): Box[] {
  return Array.from({ length: panels }, (_, index) => ({
    left: 0,
    top: index * (stacked.panelHeight + stacked.gap),
    width: stacked.width,
    height: stacked.panelHeight,
  }));
}

/** The chart in a sentence, for those who do not see it. */
function describe(epochs: readonly EpochLosses[]): string {
  const first = epochs[0];
  const last = epochs.at(-1);
  if (first === undefined || last === undefined) return "Loss curves: no epoch is finished yet.";
  const change = (split: "train" | "test") =>
    `${split} loss from ${formatValue(first[split].loss)} to ${formatValue(last[split].loss)}`;
  return `Loss curves over epochs ${first.epoch} to ${last.epoch}: ${change("train")}, ${change("test")}.`;
}
