/**
 * The figures at the head of a report: what came out, each with what it should be held against.
 */
import type { DoneEvent, EpochEvent } from "../../contract/events.ts";
import { lossUnits } from "../../contract/loss-units.ts";
import type { Evaluation } from "../../contract/losses.ts";
import { type Markup, markup } from "./markup.ts";
import { formatCount, formatValue } from "./number-scale.ts";
import { formatDecibels } from "./picture-grid.ts";
import { psnrOfError } from "./quality.ts";
import type { ReportData } from "./report-data.ts";

interface Figure {
  readonly name: string;
  readonly value: string;
  readonly unit: string;
  readonly detail: string;
}

/** A description list; empty before the first epoch. */
export function keyNumbers(data: ReportData): Markup {
  const last = data.epochs.at(-1);
  if (last === undefined) return markup``;
  const figures = [
    testLoss(data, last),
    floorDistance(data, last.test),
    reconstructionQuality(last.test),
    activeDimensions(last.test),
    compression(data.done),
    speed(data.epochs),
  ].filter((figure) => figure !== null);
  return markup`<dl class="numbers figures-${figures.length}">
${figures.map(
  ({
    name,
    value,
    unit,
    detail,
  }) => markup`<div><dt>${name}</dt><dd class="value">${value}${unit === "" ? "" : markup` <small>${unit}</small>`}</dd><dd class="detail">${detail}</dd></div>
`,
)}</dl>`;
}

function testLoss({ experiment }: ReportData, { train, test }: EpochEvent): Figure {
  return {
    name: "Test loss",
    value: formatValue(test.loss),
    unit: "",
    detail: `${lossUnits(experiment).loss}; train ${formatValue(train.loss)}`,
  };
}

function floorDistance({ experiment }: ReportData, test: Evaluation): Figure | null {
  if (test.aboveFloor === null) return null;
  return {
    name: "Above the BCE floor",
    value: formatValue(test.aboveFloor),
    unit: "",
    detail: `${lossUnits(experiment).reconstruction}; a perfect reconstruction scores ${formatValue(test.reconstruction - test.aboveFloor)}`,
  };
}

function reconstructionQuality(test: Evaluation): Figure {
  return {
    name: "Reconstruction",
    value: formatDecibels(psnrOfError(test.pixelMse)),
    unit: "dB",
    detail: `mean squared error ${formatValue(test.pixelMse)}`,
  };
}

function activeDimensions({ activeUnits, klPerDimension }: Evaluation): Figure | null {
  if (activeUnits === null) return null;
  return {
    name: "Active dimensions",
    value: `${activeUnits}`,
    unit: `of ${klPerDimension.length}`,
    detail: "the variance of μ over the test split is above 0.01",
  };
}

/** Dimensions and bytes side by side: the first counts numbers, only the second is what a disk would save. */
function compression({ compression: ratio }: DoneEvent): Figure {
  return {
    name: "Compression",
    value: `${ratioText(ratio.dimensions)}×`,
    unit: "",
    detail: `in dimensions; in bytes ${ratioText(ratio.bytesInt8)}× with latents as int8, ${ratioText(ratio.bytesFloat32)}× as float32`,
  };
}

function ratioText(ratio: number): string {
  return formatValue(ratio, ratio < 1 ? 2 : 3);
}

function speed(epochs: readonly EpochEvent[]): Figure {
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const perEpoch = formatValue(seconds / epochs.length, 3);
  const images = epochs.reduce((sum, epoch) => sum + epoch.imagesPerSecond * epoch.seconds, 0);
  return {
    name: "Training",
    ...duration(seconds),
    detail: `${perEpoch} s per epoch; ${formatCount(seconds > 0 ? images / seconds : 0)} images per second`,
  };
}

function duration(seconds: number): { value: string; unit: string } {
  if (seconds < 120) return { value: formatValue(seconds, 3), unit: "s" };
  if (seconds < 7200) return { value: formatValue(seconds / 60, 3), unit: "min" };
  return { value: formatValue(seconds / 3600, 3), unit: "h" };
}
