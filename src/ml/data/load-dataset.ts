/**
 * From an experiment's dataset to pixels in memory: sends each kind to the file that knows it.
 */
import { resolve } from "node:path";
import type { DatasetChoice } from "../../contract/experiment.ts";
import { Failure } from "../../contract/failure.ts";
import type { Dataset } from "./dataset.ts";
import { drawDigits } from "./drawn-digits.ts";
import { findIdxFiles, readIdxFiles } from "./idx-folder.ts";
import { loadImageFolder } from "./image-folder.ts";
import { loadMnist, type MnistOptions } from "./mnist.ts";
import { hashPixels } from "./pixels.ts";

export interface DatasetOptions extends MnistOptions {
  /** What relative paths in the experiment are relative to: the folder of its file. */
  readonly baseFolder: string;
}

/**
 * Throws a Failure: dataset-missing and download-failed (the caller may then offer drawn digits), dataset-invalid,
 * image-invalid, interrupted, out-of-memory, storage-*, usage.
 */
export async function loadDataset(choice: DatasetChoice, options: DatasetOptions): Promise<Dataset> {
  refuseUnusedData(choice, options);
  switch (choice.kind) {
    case "mnist":
      return loadMnist(options);
    case "drawn-digits":
      return drawDigits(choice, options);
    case "idx":
      return loadIdx(resolve(options.baseFolder, choice.path));
    case "folder":
      return loadImageFolder({ ...choice, path: resolve(options.baseFolder, choice.path) }, options);
    default:
      return choice satisfies never;
  }
}

/** A folder that is named but never looked into would be taken for the one that was used. */
function refuseUnusedData({ kind }: DatasetChoice, { data }: DatasetOptions): void {
  if (data === undefined || kind === "mnist") return;
  throw new Failure(
    "usage",
    `--data ${data}: names MNIST's folder, but this experiment's dataset is "${kind}"`,
    kind === "drawn-digits"
      ? "Leave --data out: these digits are drawn, not read."
      : "Leave --data out: the experiment names the folder as dataset.path.",
  );
}

async function loadIdx(folder: string): Promise<Dataset> {
  const { pixels, ...content } = await readIdxFiles(folder, await findIdxFiles(folder));
  return { name: "idx", source: `IDX files in ${folder}`, ...content, sha256: await hashPixels(pixels) };
}
