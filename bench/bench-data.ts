/**
 * The images every contestant trains on: real MNIST where it is found, else drawn digits. They are laid out once, as
 * plain IDX files in a temporary folder, in the two places the contestants look: torchvision's `MNIST/raw`, and the
 * product's cache.
 */
import { existsSync, rmSync } from "node:fs";
import { link, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Dataset, Split, SplitName } from "../src/ml/data/dataset.ts";
import { drawDigits } from "../src/ml/data/drawn-digits.ts";
import { idxFileName } from "../src/ml/data/idx-folder.ts";
import { findMnist, loadMnist, mnistCacheFolder } from "../src/ml/data/mnist.ts";
import { mnistPixelsSha256 } from "../src/ml/data/mnist-files.ts";

const sharedMnist = fileURLToPath(new URL("../../shared/datasets/mnist", import.meta.url));

export interface BenchData {
  /** Temporary. */
  readonly root: string;
  /** In words. */
  readonly source: string;
  /** Whether these are the original MNIST's pixels. */
  readonly original: boolean;
  readonly images: number;
  /** What torchvision calls root. */
  readonly torchvisionRoot: string;
  /** Holds the four files. */
  readonly idxFolder: string;
  /** For a product whose cache holds the files. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Deleted when this process ends, however it does, but by SIGKILL. */
export async function makeTemporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** `images`: train on the first of them only, for a trial. Throws a Failure as loadMnist does. */
export async function layOutData(
  root: string,
  data: string | undefined,
  images = Number.POSITIVE_INFINITY,
): Promise<BenchData> {
  const dataset = firstImages(await findData(data), images);
  const torchvisionRoot = join(root, "torchvision");
  const idxFolder = join(torchvisionRoot, "MNIST", "raw");
  const environment = cleanEnvironment(root);
  const cache = mnistCacheFolder(environment);
  await Promise.all([mkdir(idxFolder, { recursive: true }), mkdir(cache, { recursive: true })]);
  for (const split of ["train", "test"] as const)
    for (const [name, bytes] of idxFiles(split, dataset)) {
      await writeFile(join(idxFolder, name), bytes);
      await link(join(idxFolder, name), join(cache, name));
    }
  const original = dataset.sha256 === mnistPixelsSha256;
  return {
    root,
    source: original ? "MNIST" : dataset.source,
    original,
    images: dataset.train.count,
    torchvisionRoot,
    idxFolder,
    environment,
  };
}

async function findData(data: string | undefined): Promise<Dataset> {
  const environment = process.env;
  if ((await findMnist({ data, environment })) !== null)
    return loadMnist({ data, environment, allowDownload: false });
  if (existsSync(sharedMnist)) return loadMnist({ data: sharedMnist, environment, allowDownload: false });
  return drawDigits({ train: 60_000, test: 10_000, seed: 1 }, {});
}

function firstImages(dataset: Dataset, images: number): Dataset {
  const { train, width, height, source } = dataset;
  if (images >= train.count) return dataset;
  const pixels = train.pixels.subarray(0, images * width * height);
  const labels = train.labels?.subarray(0, images) ?? null;
  return {
    ...dataset,
    source: `the first ${images} images of ${source}`,
    sha256: "",
    train: { count: images, pixels, labels },
  };
}

/** This process's, without settings of the product and with the user's folders, drivers' shaders too, below `root`. */
function cleanEnvironment(root: string): NodeJS.ProcessEnv {
  const home = join(root, "home");
  const {
    LATENT_LAB_DATA: _data,
    LATENT_LAB_NODE: _node,
    __GL_SHADER_DISK_CACHE_PATH: _nvidia,
    MESA_SHADER_CACHE_DIR: _mesa,
    ...rest
  } = process.env;
  return { ...rest, HOME: home, XDG_CACHE_HOME: join(home, "cache"), LOCALAPPDATA: join(home, "cache") };
}

function idxFiles(split: SplitName, dataset: Dataset): readonly (readonly [string, Uint8Array])[] {
  const { count, pixels, labels }: Split = dataset[split];
  return [
    [idxFileName(split, "images"), idxBytes([0x803, count, dataset.height, dataset.width], pixels)],
    [idxFileName(split, "labels"), idxBytes([0x801, count], Uint8Array.from(labels ?? []))],
  ];
}

/** The magic number and sizes as big-endian words, then the content. */
function idxBytes(words: readonly number[], content: Uint8Array): Uint8Array {
  const header = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) header.writeUInt32BE(word, index * 4);
  return Buffer.concat([header, content]);
}
