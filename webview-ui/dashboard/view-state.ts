/** What a dashboard remembers over a reload: how it is looked at, and at which runs. No data. */
import * as z from "zod/mini";
import { type Axis, axes, type CurveId, curveKinds, hiddenAtFirst } from "./series.ts";

export const viewStateSchema = z.object({
  version: z.literal(1),
  /** Keys of the shown runs: with them the extension brings the panel back after a restart. */
  runs: z.array(z.string()),
  axis: z.enum(axes),
  log: z.boolean(),
  hidden: z.array(z.enum([...curveKinds.map(({ id }) => id), "floor"])),
  /** The chosen epoch; null: the latest, also when there are newer ones. */
  epoch: z.nullable(z.number()),
});

export interface ViewState {
  readonly version: 1;
  readonly runs: readonly string[];
  readonly axis: Axis;
  readonly log: boolean;
  readonly hidden: readonly CurveId[];
  readonly epoch: number | null;
}

export const firstViewState: ViewState = {
  version: 1,
  runs: [],
  axis: "epoch",
  log: false,
  hidden: hiddenAtFirst,
  epoch: null,
};
