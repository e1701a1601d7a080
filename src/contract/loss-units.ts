/** The units of an experiment's losses, in words. */
import type { Experiment } from "./experiment.ts";
import type { Losses } from "./losses.ts";

type Measured = Pick<Experiment, "loss" | "model">;

/** "nats per image". The KL divergence is in nats whatever the reconstruction is in. */
export function lossUnits({ loss, model }: Measured): Readonly<Record<keyof Losses, string>> {
  const quantity = loss.reconstruction === "bce" ? "nats" : "squared error";
  const isMixed = model.kind === "variational" && quantity !== "nats";
  const per = loss.reduction === "sum" ? "per image" : "per pixel";
  return {
    loss: `${isMixed ? `${quantity} plus nats` : quantity} ${per}`,
    reconstruction: `${quantity} ${per}`,
    kl: `nats ${per}`,
  };
}

/** Of all its curves: "squared error per image; KL in nats per image". */
export function curvesUnit(experiment: Measured): string {
  const { loss, reconstruction, kl } = lossUnits(experiment);
  return loss === reconstruction ? loss : `${reconstruction}; KL in ${kl}`;
}
