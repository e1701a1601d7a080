/**
 * A folder of four IDX files under MNIST's names: training and test images, and their labels. Finds them, checks
 * that they belong together and reads them. An autoencoder needs no labels, so a split's labels may be missing;
 * labels whose images are missing are an error.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../../contract/failure.ts";
import type { Split, SplitName } from "./dataset.ts";
import { type IdxFile, type IdxKind, openIdx } from "./idx.ts";
import { allocatePixels, type PixelBlock } from "./pixels.ts";
import { unlistable } from "./unlistable.ts";

/** Absolute or relative paths; null where the folder has no such file. */
export interface IdxSplitFiles {
  readonly images: string | null;
  readonly labels: string | null;
}
export type IdxFiles = Readonly<Record<SplitName, IdxSplitFiles>>;

export interface IdxContent {
  readonly width: number;
  readonly height: number;
  readonly labelNames: readonly string[];
  readonly train: Split;
  readonly test: Split;
  readonly pixels: PixelBlock;
}

const prefixes = { train: "train", test: "t10k" } as const;
const suffixes = { images: "idx3-ubyte", labels: "idx1-ubyte" } as const;

/** The name of one of the four files, as MNIST's home page spelt it, without ".gz". */
export function idxFileName(split: SplitName, kind: IdxKind): string {
  return `${prefixes[split]}-${kind}-${suffixes[kind]}`;
}

/** Which of the four files `folder` has: plain before gzipped, "images-idx3" before "images.idx3". */
export async function findIdxFiles(folder: string): Promise<IdxFiles> {
  const names = await namesIn(folder);
  const find = (split: SplitName, kind: IdxKind): string | null => {
    const dashed = idxFileName(split, kind);
    const dotted = `${prefixes[split]}-${kind}.${suffixes[kind]}`;
    const name = [dashed, dotted, `${dashed}.gz`, `${dotted}.gz`].find((each) => names.has(each));
    return name === undefined ? null : join(folder, name);
  };
  return {
    train: { images: find("train", "images"), labels: find("train", "labels") },
    test: { images: find("test", "images"), labels: find("test", "labels") },
  };
}

async function namesIn(folder: string): Promise<Set<string>> {
  try {
    return new Set(await readdir(folder));
  } catch (error) {
    throw await unlistable(folder, error);
  }
}

/** Reads the files that findIdxFiles found. Throws a Failure: dataset-missing, dataset-invalid, storage-*. */
export async function readIdxFiles(folder: string, files: IdxFiles): Promise<IdxContent> {
  const open: IdxFile[] = [];
  const openNext = async (path: string | null, kind: IdxKind): Promise<IdxFile | null> => {
    if (path === null) return null;
    const file = await openIdx(path, kind);
    open.push(file);
    return file;
  };
  try {
    const train = await openSplit(folder, "train", files.train, openNext);
    const test = await openSplit(folder, "test", files.test, openNext);
    return await readSplits(folder, train, test);
  } finally {
    await Promise.all(open.map((file) => file.close()));
  }
}

interface OpenSplit {
  readonly images: IdxFile;
  readonly labels: IdxFile | null;
}

async function openSplit(
  folder: string,
  split: SplitName,
  files: IdxSplitFiles,
  openNext: (path: string | null, kind: IdxKind) => Promise<IdxFile | null>,
): Promise<OpenSplit> {
  const images = await openNext(files.images, "images");
  const labels = await openNext(files.labels, "labels");
  if (images === null) {
    const name = idxFileName(split, "images");
    const problem =
      labels === null ? `no ${name} or ${name}.gz` : `labels without images: there is no ${name}`;
    throw new Failure(
      labels === null ? "dataset-missing" : "dataset-invalid",
      `${folder}: ${problem}`,
      "The folder must hold train-images-idx3-ubyte and t10k-images-idx3-ubyte, plain or with .gz; labels are optional.",
    );
  }
  if (labels !== null && labels.count !== images.count)
    throw new Failure(
      "dataset-invalid",
      `${labels.path}: byte 4: promises ${labels.count} labels, but ${images.path} holds ${images.count} images`,
      "Use labels and images of the same dataset, or remove the labels file.",
    );
  return { images, labels };
}

async function readSplits(folder: string, train: OpenSplit, test: OpenSplit): Promise<IdxContent> {
  const { rows, cols } = train.images;
  if (test.images.rows !== rows || test.images.cols !== cols)
    throw new Failure(
      "dataset-invalid",
      `${test.images.path}: byte 8: images of ${test.images.cols}×${test.images.rows}, but ${train.images.path} has ${cols}×${rows}`,
      "Training and test images must have the same size.",
    );
  const pixels = allocatePixels(folder, rows * cols, train.images.count, test.images.count);
  const [, , trainLabels, testLabels] = await Promise.all([
    train.images.readInto(pixels.train),
    test.images.readInto(pixels.test),
    readLabels(train.labels),
    readLabels(test.labels),
  ]);
  return {
    width: cols,
    height: rows,
    labelNames: labelNamesOf(trainLabels, testLabels),
    train: { count: train.images.count, pixels: pixels.train, labels: trainLabels },
    test: { count: test.images.count, pixels: pixels.test, labels: testLabels },
    pixels,
  };
}

async function readLabels(file: IdxFile | null): Promise<Uint16Array | null> {
  if (file === null) return null;
  const bytes = new Uint8Array(file.count);
  await file.readInto(bytes);
  return Uint16Array.from(bytes);
}

/** IDX labels are numbers; their names are those numbers, from "0" to the highest that occurs. */
function labelNamesOf(...splits: (Uint16Array | null)[]): string[] {
  const highest = splits.reduce(
    (most, labels) => (labels ?? new Uint16Array(0)).reduce((a, b) => Math.max(a, b), most),
    -1,
  );
  return Array.from({ length: highest + 1 }, (_, label) => String(label));
}
