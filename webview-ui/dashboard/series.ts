/** Which curves there are for the shown runs, how each is called and drawn, and where its points are. */
import type { RunCard } from "../../src/contract/view.ts";
import type { ColourName } from "../shared/colour-names.ts";
import { formatValue } from "../shared/words.ts";
import { nearest, type Points } from "./decimate.ts";
import type { Measurements } from "./measurements.ts";

export interface ShownRun {
  readonly card: RunCard;
  readonly measurements: Measurements;
}

export const axes = ["step", "epoch"] as const;
export type Axis = (typeof axes)[number];

export const curveKinds = [
  { id: "test-loss", name: "Test loss", split: "test", quantity: "loss" },
  { id: "train-loss", name: "Train loss", split: "train", quantity: "loss" },
  { id: "test-reconstruction", name: "Test reconstruction", split: "test", quantity: "reconstruction" },
  { id: "train-reconstruction", name: "Train reconstruction", split: "train", quantity: "reconstruction" },
  { id: "test-kl", name: "Test KL", split: "test", quantity: "kl" },
  { id: "train-kl", name: "Train KL", split: "train", quantity: "kl" },
] as const;
export type CurveKind = (typeof curveKinds)[number];
export type CurveId = CurveKind["id"] | "floor";

/** Shown until somebody chooses otherwise. */
export const hiddenAtFirst: readonly CurveId[] = ["train-reconstruction", "train-kl"];

export interface Curve {
  readonly id: CurveId;
  readonly name: string;
  readonly run: ShownRun;
  readonly colour: ColourName;
  readonly look: "measured" | "running" | "bound";
  /** Lengths of dash and gap, where colours tell runs apart and not quantities; empty: a line without gaps. */
  readonly dash: readonly number[];
  points(axis: Axis): Points;
  /** What this epoch has measured, or the last one before it; null: the latest. Gives null where there is nothing yet. */
  ofEpoch(epoch: number | null): number | null;
  /** From where on the chart must have room for it: what comes before may lie above. */
  settledFrom(axis: Axis): number;
}

const dashes: Readonly<Record<CurveKind["quantity"], readonly number[]>> = {
  loss: [],
  reconstruction: [9, 4],
  kl: [2, 4],
};

const runColours: readonly ColourName[] = ["run-1", "run-2", "run-3", "run-4", "run-5", "run-6"];

/** The colour of the `index`-th of several runs. */
export function runColour(index: number): ColourName {
  return runColours[index % runColours.length] ?? "run-1";
}

/** The kinds of curve that make sense for these runs: a plain autoencoder's loss is its reconstruction. */
export function kindsFor(runs: readonly ShownRun[]): readonly CurveKind[] {
  const variational = runs.some(({ card }) => card.variational);
  return curveKinds.filter(({ quantity }) => variational || quantity === "loss");
}

/** One run: a colour for each quantity. Several: a colour for each run, a dash for each quantity. */
export function curvesFor(runs: readonly ShownRun[]): Curve[] {
  const curves: Curve[] = kindsFor(runs).flatMap((kind) =>
    runs.flatMap((run, index) => {
      // A plain autoencoder among variational ones has no KL divergence, not one of zero.
      if (kind.quantity === "kl" && !run.card.variational) return [];
      return [curveOf(run, kind, runs.length > 1 ? runColour(index) : null)];
    }),
  );
  const [first] = runs;
  if (first !== undefined && haveOneFloor(runs)) curves.push(floorCurve(first, runs));
  return curves;
}

/** `colour` is the run's, where there are several. */
function curveOf(run: ShownRun, kind: CurveKind, colour: ColourName | null): Curve {
  return {
    id: kind.id,
    name: kind.name,
    run,
    colour: colour ?? kind.quantity,
    look: kind.split === "test" ? "measured" : "running",
    dash: colour === null ? [] : dashes[kind.quantity],
    points: (axis) => pointsOf(run, kind, axis),
    ofEpoch: (epoch) => valueOfEpoch(run, kind, epoch),
    settledFrom: (axis) => settledFrom(run, axis),
  };
}

/** The cross-entropy of a perfect reconstruction of the test images; null for other losses, or before an epoch. */
function floorOf({ measurements }: ShownRun): number | null {
  const test = measurements.latestEpoch?.test;
  return test === undefined || test.aboveFloor === null ? null : test.reconstruction - test.aboveFloor;
}

/** Whether a line can stand for all of them: to the digits that are shown, they have the same floor. */
function haveOneFloor(runs: readonly ShownRun[]): boolean {
  const [first, ...others] = runs.map(floorOf).map((floor) => (floor === null ? null : formatValue(floor)));
  return first != null && others.every((floor) => floor === first);
}

/** That of all `runs`, of which `run` is the first, as far as any of them goes. */
function floorCurve(run: ShownRun, runs: readonly ShownRun[]): Curve {
  return {
    id: "floor",
    name: "Floor",
    run,
    colour: "floor",
    look: "bound",
    dash: [5, 4],
    points(axis) {
      const value = floorOf(run) ?? Number.NaN;
      const end = Math.max(...runs.map((one) => one.measurements.lastStep * scaleOf(one, axis)));
      return { x: Float64Array.of(0, end), y: Float64Array.of(value, value) };
    },
    ofEpoch: () => floorOf(run),
    settledFrom: () => 0,
  };
}

/** A beginning in parts of the whole. */
const beginning = 0.05;

/**
 * A training's first steps lose many times what all others do, and of a long one so do its first epochs: were they all
 * in the chart, what matters later would be flat. From the second epoch on, those of the first give way, and as many as
 * are a twentieth of the training so far.
 */
function settledFrom(run: ShownRun, axis: Axis): number {
  const { epochs, lastStep } = run.measurements;
  const [first, second] = epochs;
  if (first === undefined || second === undefined) return 0;
  return Math.max(first.step, beginning * lastStep) * scaleOf(run, axis);
}

function pointsOf(run: ShownRun, { split, quantity }: CurveKind, axis: Axis): Points {
  const columns = run.measurements[split];
  return { x: columns.scaledSteps(scaleOf(run, axis)), y: columns[quantity].values };
}

/** From steps to what the axis counts. */
export function scaleOf({ card }: ShownRun, axis: Axis): number {
  return axis === "step" || card.stepsPerEpoch <= 0 ? 1 : 1 / card.stepsPerEpoch;
}

/**
 * Of training, the mean over the whole epoch. Its steps are recorded in windows as long as the clock makes them, so the
 * last of these would be another one in each run of the same seed: it stands in until the first epoch is finished.
 */
function valueOfEpoch(
  { measurements }: ShownRun,
  { split, quantity }: CurveKind,
  epoch: number | null,
): number | null {
  const measured = epoch === null ? measurements.latestEpoch : measurements.epochAt(epoch);
  return (measured?.[split] ?? measurements[split].latest)?.[quantity] ?? null;
}

/** The measured value nearest to `x`. */
export function valueAt(curve: Curve, axis: Axis, x: number): number | null {
  const points = curve.points(axis);
  return points.y[nearest(points.x, x)] ?? null;
}

/** The values at `x` in a line: of one run every curve's that is shown, of several runs the first such curve's. */
export function valuesInWords(shown: readonly Curve[], axis: Axis, x: number): string {
  const measured = shown.filter(({ id }) => id !== "floor");
  const [first] = measured;
  const isOfOneRun = measured.every(({ run }) => run === first?.run);
  const told = isOfOneRun ? measured : measured.filter(({ id }) => id === first?.id);
  return told
    .map((curve) => {
      const value = valueAt(curve, axis, x);
      const name = isOfOneRun ? curve.name : `${curve.name} of ${curve.run.card.id}`;
      return `${name} ${value === null ? "unknown" : formatValue(value)}`;
    })
    .join(", ");
}
