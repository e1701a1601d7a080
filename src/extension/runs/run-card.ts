/** What the extension tells panels about a run: its record, joined with what its process is doing. */
import { curvesUnit } from "../../contract/loss-units.ts";
import type { AbsentRun, RunCard } from "../../contract/view.ts";
import { isExtendable, isResumable, type KnownRun, type UnreadableRun } from "./listed-run.ts";

/** `isWatched`: whether its training process is in touch with this window; `isTrusted`: whether any may be launched. */
export function cardOf(
  run: KnownRun,
  { isWatched, isTrusted }: { readonly isWatched: boolean; readonly isTrusted: boolean },
): RunCard {
  const { path, record, state } = run;
  const { experiment, dataset } = record;
  const { encoder } = experiment.model;
  return {
    key: path,
    name: experiment.name,
    id: record.id,
    state,
    failure: record.failure === null || state === "training" ? null : record.failure,
    createdAt: record.createdAt,
    seed: record.seed,
    engine: record.engine,
    device: record.device,
    productVersion: record.productVersion,
    dataset,
    experiment: { ...experiment },
    epochs: experiment.training.epochs,
    stepsPerEpoch: Math.ceil(dataset.train / experiment.training.batch),
    parameters: parameterCount(encoder, experiment.model.decoder, experiment.model.kind === "variational"),
    variational: experiment.model.kind === "variational",
    lossUnit: curvesUnit(experiment),
    latent: encoder.at(-1) ?? 0,
    canStop: isWatched && state === "training",
    canResume: isTrusted && isResumable(run),
    canTrainLonger: isTrusted && isExtendable(run),
  };
}

/** What there is to say about a run that has no card. */
export function absentOf({ path, problem: { message, hint } }: UnreadableRun): AbsentRun {
  return { key: path, failure: { message, hint } };
}

/** Weights and biases of all layers; the last layer of a VAE's encoder gives means and log-variances. */
function parameterCount(
  encoder: readonly number[],
  decoder: readonly number[],
  variational: boolean,
): number {
  const latent = encoder.at(-1) ?? 0;
  const widened = variational ? [...encoder.slice(0, -1), 2 * latent] : encoder;
  return [widened, decoder].reduce((sum, widths) => sum + layersOf(widths), 0);
}

function layersOf(widths: readonly number[]): number {
  return widths.slice(1).reduce((sum, width, index) => sum + width * ((widths[index] ?? 0) + 1), 0);
}
