/** Losses and the results of an evaluation as people read them; after training and by `latent-lab evaluate` alike. */
import type { DoneEvent } from "../../contract/events.ts";
import { isLarge, withExponent } from "../../contract/large-number.ts";
import type { Evaluation, Losses } from "../../contract/losses.ts";
import type { SplitName } from "../data/dataset.ts";
import { comparedInWords, lossInWords } from "./words.ts";

/** What an evaluation found, one subject to a line. */
export function evaluationLines(test: Evaluation, beta: number, split: SplitName = "test"): string[] {
  const lines = [`${`${split} loss`.padEnd(13)}${lossInWords(test.loss)}${partsInWords(test, beta)}`];
  if (test.aboveFloor !== null) {
    lines.push(
      `above floor  ${lossInWords(test.aboveFloor)} over the cross-entropy of a perfect reconstruction`,
    );
  }
  const { pixelMse } = test;
  const squaredError = isLarge(pixelMse) ? withExponent(pixelMse, 4) : pixelMse.toFixed(5);
  lines.push(`pixels       mean squared error ${squaredError}`);
  if (test.activeUnits !== null) {
    lines.push(`latents      ${test.activeUnits} of ${test.klPerDimension.length} dimensions are active`);
  }
  return lines;
}

/** How much smaller the latents are than the image, in numbers and in bytes. */
export function compressionInWords({
  dimensions,
  bytesFloat32,
  bytesInt8,
}: DoneEvent["compression"]): string {
  return (
    `${comparedInWords(dimensions, ["fewer", "more", "as many"])} numbers; ` +
    `in bytes ${sizeInWords(bytesFloat32)} as float32, ${sizeInWords(bytesInt8)} as int8`
  );
}

/** By how many times the image is larger: "9.8× smaller". */
export function sizeInWords(ratio: number): string {
  return comparedInWords(ratio, ["smaller", "larger", "equally large"]);
}

/** The two parts of a VAE's loss, which add up to it: " (reconstruction 104.11, KL 11.60 × 2)". A plain autoencoder's has but one. */
export function partsInWords({ reconstruction, kl }: Losses, beta: number): string {
  if (kl === 0) return "";
  const weight = beta === 1 ? "" : ` × ${beta}`;
  return ` (reconstruction ${lossInWords(reconstruction)}, KL ${lossInWords(kl)}${weight})`;
}
