/** Losses and the results of an evaluation as people read them; after training and by `latent-lab evaluate` alike. */
import type { DoneEvent } from "../../contract/events.ts";
import type { Evaluation, Losses } from "../../contract/losses.ts";
import type { SplitName } from "../data/dataset.ts";
import { lossInWords, ratioInWords } from "./words.ts";

/** What an evaluation found, one subject to a line. */
export function evaluationLines(test: Evaluation, split: SplitName = "test"): string[] {
  const lines = [`${`${split} loss`.padEnd(13)}${lossInWords(test.loss)}${partsInWords(test)}`];
  if (test.aboveFloor !== null) {
    lines.push(
      `above floor  ${lossInWords(test.aboveFloor)} over the cross-entropy of a perfect reconstruction`,
    );
  }
  lines.push(`pixels       mean squared error ${test.pixelMse.toFixed(5)}`);
  if (test.activeUnits !== null) {
    lines.push(`latents      ${test.activeUnits} of ${test.klPerDimension.length} dimensions are active`);
  }
  return lines;
}

/** How much smaller, in numbers and in bytes. */
export function compressionInWords({
  dimensions,
  bytesFloat32,
  bytesInt8,
}: DoneEvent["compression"]): string {
  return (
    `${ratioInWords(dimensions)} fewer numbers; in bytes ${ratioInWords(bytesFloat32)} smaller as float32, ` +
    `${ratioInWords(bytesInt8)} as int8`
  );
}

/** The two parts of a VAE's loss; a plain autoencoder's has but one. */
export function partsInWords({ reconstruction, kl }: Losses): string {
  return kl === 0 ? "" : ` (reconstruction ${lossInWords(reconstruction)}, KL ${lossInWords(kl)})`;
}
