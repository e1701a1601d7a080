/**
 * The pictures a run leaves behind: a small one after an epoch, so that its images can be watched becoming sharp,
 * and at the end the chart, the reconstructions, the samples and the report.
 */
import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { DoneEvent, StartEvent } from "../../contract/events.ts";
import { hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { previewName, runFiles } from "../../contract/run.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Session } from "../engine/engine.ts";
import { lossChart } from "../image/loss-chart.ts";
import { lightPalette } from "../image/palette.ts";
import { plainGridPng, reconstructionsPng, samplesPng } from "../image/picture-grid.ts";
import { rasterise } from "../image/rasterise.ts";
import { renderReport } from "../image/report.ts";
import type { Network } from "../model/network.ts";
import type { LatentSpread } from "./checkpoint.ts";
import { writeFileDurably } from "./durable-file.ts";
import { readEpochs } from "./metrics-file.ts";
import { reconstruct, sample, shownImages } from "./pictures.ts";
import type { RunWriter } from "./run-folder.ts";

export interface PictureSource {
  readonly run: RunWriter;
  readonly session: Session;
  readonly network: Network;
  readonly dataset: Dataset;
}

const columns = 10;
const samplesShown = 16;
/** Previews of one run, at most; those of where it was stopped, or was to end before it was trained for longer, come on top. */
const maximumPreviews = 28;
/** In one preview: large images get fewer columns, so that making one stays a matter of milliseconds. */
const maximumPreviewPixels = 250_000;
const previewRows = 3;

/**
 * Whether an epoch of a run of `epochs` gets a preview: all do in a short run; in a long one ever fewer, since
 * images change the most at the beginning. Known beforehand, so nothing has to be deleted.
 */
export function keepsPreview(epoch: number, epochs: number): boolean {
  if (epochs <= maximumPreviews) return true;
  const last = maximumPreviews - 1;
  const position = Math.floor((last * Math.log(epoch)) / Math.log(epochs));
  return [position, position + 1].some((at) => Math.round(epochs ** (at / last)) === epoch);
}

/** previews/epoch-….png: test images, below them their reconstructions, below them samples; pixels alone. */
export async function writePreview(
  source: PictureSource,
  epoch: number,
  spread: LatentSpread | null,
): Promise<void> {
  const { run, session, network, dataset } = source;
  const { width, height } = dataset;
  const fitting = Math.floor(maximumPreviewPixels / (previewRows * width * height));
  const shown = shownImages(dataset, Math.max(1, Math.min(columns, fitting)));
  const { originals, reconstructions } = await reconstruct(session, dataset, shown);
  const samples = await sample(session, network, spread, {
    seed: network.seed,
    count: shown.length,
    width,
    height,
  });
  const pixels = new Float32Array(previewRows * originals.pixels.length);
  for (const [row, stack] of [originals, reconstructions, samples].entries())
    pixels.set(stack.pixels, row * originals.pixels.length);
  const folder = run.file(runFiles.previews);
  try {
    // Not the run's own folder with it: who has deleted that does not want it back.
    await mkdir(folder);
  } catch (error) {
    if (!hasSystemCode(error, "EEXIST")) throw storageFailure(error, folder, "write");
  }
  await writeFileDurably(
    join(folder, previewName(epoch)),
    plainGridPng({ width, height, pixels }, shown.length),
  );
}

/** The pictures of a finished run, and the report that holds them all. */
export async function writePictures(
  source: PictureSource,
  spread: LatentSpread | null,
  start: StartEvent,
  done: DoneEvent,
): Promise<void> {
  const { run, session, network, dataset } = source;
  const { width, height } = dataset;
  const { experiment, createdAt, productVersion } = run.record;
  const epochs = await readEpochs(run.file(runFiles.metrics));
  const shown = shownImages(dataset, columns);
  const { originals, reconstructions } = await reconstruct(session, dataset, shown);
  const samples = await sample(session, network, spread, {
    seed: network.seed,
    count: samplesShown,
    width,
    height,
  });
  const report = renderReport({
    start,
    experiment,
    epochs,
    done,
    startedAt: new Date(createdAt),
    version: productVersion,
    reconstructions: { originals, reconstructions, labels: shownLabels(dataset, shown) },
    samples,
  });
  const write = (name: string, content: Buffer | string) => writeFileDurably(run.file(name), content);
  const chart = lossChart(epochs, experiment, basename(run.path), lightPalette);
  await write(runFiles.lossChart, await rasterise(chart, 2));
  await write(runFiles.reconstructions, await reconstructionsPng(originals, reconstructions, lightPalette));
  await write(runFiles.samples, await samplesPng(samples, lightPalette));
  await write(runFiles.report, report);
}

/** Takes away what `writePictures` has made: the run goes on, and they would be of another model than its own. */
export async function removePictures(run: RunWriter): Promise<void> {
  const names = [runFiles.lossChart, runFiles.reconstructions, runFiles.samples, runFiles.report];
  for (const name of names)
    await rm(run.file(name), { force: true }).catch((error: unknown) => {
      throw storageFailure(error, run.file(name), "write");
    });
}

function shownLabels({ test, labelNames }: Dataset, shown: readonly number[]): string[] | null {
  const { labels } = test;
  return labels === null ? null : shown.map((index) => labelNames[labels[index] ?? 0] ?? "");
}
