/**
 * How a run's measurements get to a page. The steps of a long training are megabytes, which take longer on their way
 * than all else that opens a dashboard: so those that a plot shows go first, and every one after them, in pieces that
 * the page asks for when it has drawn.
 */
import type { MetricsLine } from "../../contract/run.ts";
import type { ToDashboard } from "../../contract/view.ts";
import type { Metrics } from "../runs/run-metrics.ts";

/** Rows of `train`: a step's number, and three losses. */
const rows = 4;
/** So many steps are sent as they are. */
const fewSteps = 2048;
/** A plot is about so many pixels wide. */
const plotColumns = 800;
/** Half a megabyte: no message keeps the page or the extension host for long. */
const pieceSteps = 16_384;

/** Enough to draw: all there is, or of many steps the outline. */
export function metricsMessage(
  run: string,
  { train, epochs, imagesPerSecond }: Omit<Metrics, "step" | "epoch">,
): ToDashboard {
  const steps = train.length / rows;
  const shown = steps <= fewSteps ? train : outline(train);
  return { kind: "metrics", run, steps, train: shown, epochs: [...epochs], imagesPerSecond };
}

/** The next piece of `train`, all the steps of a run: [4, steps]; null past its end. */
export function stepsMessage(run: string, train: Float64Array, from: number): ToDashboard | null {
  const to = Math.min(train.length / rows, from + pieceSteps);
  return from < to ? { kind: "steps", run, from, train: piece(train, from, to) } : null;
}

/** What was measured after a step and an epoch, as a process would have told it: the steps, then the epochs. */
export function linesAfter(
  told: { readonly step: number; readonly epoch: number },
  { train, epochs, imagesPerSecond }: Metrics,
): MetricsLine[] {
  const count = train.length / rows;
  const at = (row: number, index: number) => train[row * count + index] ?? 0;
  const lines: MetricsLine[] = [];
  for (let index = 0; index < count; index++) {
    const step = at(0, index);
    if (step <= told.step) continue;
    lines.push({
      event: "step",
      step,
      epoch: (epochs.findLast((epoch) => epoch.step < step)?.epoch ?? 0) + 1,
      train: { loss: at(1, index), reconstruction: at(2, index), kl: at(3, index) },
      imagesPerSecond: imagesPerSecond ?? 0,
    });
  }
  return [...lines, ...epochs.filter(({ epoch }) => epoch > told.epoch)];
}

/** The first and the last step, and of those on each pixel column the two of the lowest and the highest loss. */
function outline(train: Float64Array): Float64Array<ArrayBuffer> {
  const steps = train.length / rows;
  const loss = train.subarray(steps, 2 * steps);
  const kept = [0];
  for (let column = 0; column < plotColumns; column++) {
    const from = Math.floor((column * steps) / plotColumns);
    const to = Math.floor(((column + 1) * steps) / plotColumns);
    kept.push(...lowestAndHighest(loss, from, to));
  }
  kept.push(steps - 1);
  const ascending = [...new Set(kept)].sort((a, b) => a - b);
  const thin = new Float64Array(rows * ascending.length);
  for (let row = 0; row < rows; row++)
    for (const [at, step] of ascending.entries())
      thin[row * ascending.length + at] = train[row * steps + step] ?? 0;
  return thin;
}

function lowestAndHighest(values: Float64Array, from: number, to: number): [number, number] {
  let low = from;
  let high = from;
  for (let at = from + 1; at < to; at++) {
    const value = values[at] ?? 0;
    if (value < (values[low] ?? 0)) low = at;
    if (value > (values[high] ?? 0)) high = at;
  }
  return [low, high];
}

function piece(train: Float64Array, from: number, to: number): Float64Array<ArrayBuffer> {
  const steps = train.length / rows;
  const part = new Float64Array(rows * (to - from));
  for (let row = 0; row < rows; row++)
    part.set(train.subarray(row * steps + from, row * steps + to), row * (to - from));
  return part;
}
