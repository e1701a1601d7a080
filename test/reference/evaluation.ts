/** An evaluation of a whole split in float64, number by number as contract/losses.ts defines them. */
import type { Evaluation } from "../../src/contract/losses.ts";
import type { Split } from "../../src/ml/data/dataset.ts";
import { lossScale } from "../../src/ml/model/network.ts";
import { imagesAt } from "./datasets.ts";
import type { Matrix } from "./matrix.ts";
import type { ReferenceModel } from "./model.ts";
import { evaluationNoise } from "./schedule.ts";

export function evaluateReference(model: ReferenceModel, split: Split): Evaluation {
  const { network } = model;
  const images = imagesAt(
    split,
    Uint32Array.from({ length: split.count }, (_, index) => index),
  );
  const pass = model.forward(images, evaluationNoise(network, split.count));
  const sums = model.losses(pass);
  const reconstruction = sums.reconstruction / split.count;
  const kl = sums.kl / split.count;
  const floor = (images.map(entropy).sum() * lossScale(network)) / split.count;
  const fromMeans = model.decode(pass.mean);
  const errors = fromMeans.map((value, row, col) => (value - images.at(row, col)) ** 2);
  return {
    loss: reconstruction + network.loss.beta * kl,
    reconstruction,
    kl,
    aboveFloor: network.loss.reconstruction === "bce" ? reconstruction - floor : null,
    pixelMse: errors.sum() / (split.count * network.pixels),
    klPerDimension: Array.from({ length: pass.divergences.cols }, (_, dimension) =>
      columnMean(pass.divergences, dimension),
    ),
    ...activity(pass.mean, network.variational),
  };
}

/** The binary cross-entropy of a pixel against itself, the least that any reconstruction can reach. */
function entropy(pixel: number): number {
  const term = (p: number) => (p > 0 ? -p * Math.log(p) : 0);
  return term(pixel) + term(1 - pixel);
}

function columnMean(matrix: Matrix, col: number): number {
  let sum = 0;
  for (let row = 0; row < matrix.rows; row++) sum += matrix.at(row, col);
  return sum / matrix.rows;
}

/** Dimensions whose mean has a variance above 0.01 over the images (Burda et al., "Importance Weighted Autoencoders"). */
function activity(means: Matrix, variational: boolean): Pick<Evaluation, "activeUnits" | "activeDimensions"> {
  if (!variational || means.rows < 2) return { activeUnits: null };
  const active: number[] = [];
  for (let dimension = 0; dimension < means.cols; dimension++) {
    const centre = columnMean(means, dimension);
    const squares = means.map((value, _, col) => (col === dimension ? (value - centre) ** 2 : 0));
    if (columnMean(squares, dimension) > 0.01) active.push(dimension);
  }
  return { activeUnits: active.length, activeDimensions: active };
}
