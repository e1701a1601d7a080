/** The unit of an experiment's losses, in words, as it stands beside its curves. */
import type { Experiment } from "./experiment.ts";

/** "nats per image". The KL divergence is in nats whatever the reconstruction is measured in. */
export function lossUnit({ loss, model }: Pick<Experiment, "loss" | "model">): string {
  const share = loss.reduction === "sum" ? "per image" : "per pixel";
  if (loss.reconstruction === "bce") return `nats ${share}`;
  if (model.kind === "autoencoder") return `squared error ${share}`;
  return `squared error ${share}; KL in nats${loss.reduction === "sum" ? "" : ` ${share}`}`;
}
