/**
 * Where MNIST comes from: a folder that the user names, else LATENT_LAB_DATA, else the user's cache, else a
 * download into that cache. A named folder without the files is an error, never a reason to look elsewhere.
 * The database is by Yann LeCun, Corinna Cortes and Christopher J.C. Burges.
 */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Failure } from "../../contract/failure.ts";
import { cacheFolder } from "./cache-folder.ts";
import { takeStamp } from "./cache-stamp.ts";
import type { Dataset } from "./dataset.ts";
import { downloadFiles, isPlaced, type RemoteFile } from "./download.ts";
import { findIdxFiles, type IdxFiles, idxFileName, readIdxFiles } from "./idx-folder.ts";
import { hashPixels } from "./pixels.ts";
import type { Watch } from "./progress.ts";

/** The four files; hashes and lengths are of their decompressed content. */
export const mnistFiles: readonly RemoteFile[] = [
  {
    name: idxFileName("train", "images"),
    bytes: 47_040_016,
    sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    compressedBytes: 9_912_422,
  },
  {
    name: idxFileName("train", "labels"),
    bytes: 60_008,
    sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    compressedBytes: 28_881,
  },
  {
    name: idxFileName("test", "images"),
    bytes: 7_840_016,
    sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    compressedBytes: 1_648_877,
  },
  {
    name: idxFileName("test", "labels"),
    bytes: 10_008,
    sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    compressedBytes: 4_542,
  },
];

export const mnistMirrors: readonly URL[] = [
  new URL("https://storage.googleapis.com/cvdf-datasets/mnist/"),
  new URL("https://ossci-datasets.s3.amazonaws.com/mnist/"),
];

/** SHA-256 of the pixels of both splits, training first: the dataset hash of the original MNIST. */
export const mnistPixelsSha256 = "5b92582eb909c82a9bfefcd44acbe9233be3eb5b419a44cf211022ad2bf4bf96";

export interface MnistOptions extends Watch {
  /** A folder that the user named; relative to the working folder. */
  readonly data?: string | undefined;
  /** Where LATENT_LAB_DATA, the cache folder and the proxy are looked up. */
  readonly environment: NodeJS.ProcessEnv;
  readonly allowDownload: boolean;
  /** Left out: the public mirrors. */
  readonly mirrors?: readonly URL[] | undefined;
}

export interface MnistPlace {
  readonly source: "option" | "environment" | "cache" | "download";
  /** The folder that holds the four files. */
  readonly folder: string;
}

export function mnistCacheFolder(environment: NodeJS.ProcessEnv): string {
  return join(cacheFolder(environment), "mnist");
}

/**
 * Finds MNIST on this machine, downloading nothing; null when no folder was named and the cache has no copy.
 * Throws a Failure: dataset-missing when a named folder lacks the files, storage-*.
 */
export async function findMnist(
  options: Pick<MnistOptions, "data" | "environment">,
): Promise<MnistPlace | null> {
  const { data, environment } = options;
  if (data !== undefined) return { source: "option", folder: await namedFolder(data, "--data") };
  const named = environment.LATENT_LAB_DATA ?? "";
  if (named !== "") return { source: "environment", folder: await namedFolder(named, "LATENT_LAB_DATA") };
  const folder = mnistCacheFolder(environment);
  const placed = await Promise.all(mnistFiles.map((file) => isPlaced(file, folder)));
  return placed.every(Boolean) ? { source: "cache", folder } : null;
}

/** Downloads what the cache lacks. Throws a Failure: download-failed, interrupted, storage-*, usage. */
export async function downloadMnist(
  options: Omit<MnistOptions, "data" | "allowDownload">,
): Promise<MnistPlace> {
  const folder = mnistCacheFolder(options.environment);
  const { onProgress } = options;
  await downloadFiles(mnistFiles, {
    mirrors: options.mirrors ?? mnistMirrors,
    folder,
    environment: options.environment,
    onBytes: (done, total) => onProgress?.({ doing: "download", done, total }),
    signal: options.signal,
  });
  return { source: "download", folder };
}

/** Finds or downloads MNIST and reads it. Throws a Failure: see findMnist, downloadMnist; also dataset-invalid. */
export async function loadMnist(options: MnistOptions): Promise<Dataset> {
  const place = (await findMnist(options)) ?? (await downloadIfAllowed(options));
  return place.source === "option" || place.source === "environment" ? readNamed(place) : readCached(place);
}

async function downloadIfAllowed(options: MnistOptions): Promise<MnistPlace> {
  if (options.allowDownload) return downloadMnist(options);
  throw new Failure(
    "dataset-missing",
    `MNIST is not in ${mnistCacheFolder(options.environment)}, and downloading is not allowed`,
    "Name a folder that holds it with --data, or run: latent-lab datasets get mnist",
  );
}

/** The folder itself, or its `mnist` subfolder. */
async function namedFolder(named: string, by: string): Promise<string> {
  const folder = resolve(named);
  for (const each of [folder, join(folder, "mnist")]) if (await existsWithAll(each)) return each;
  const found = await stat(folder).catch(() => null);
  const problem =
    found === null
      ? "no such folder"
      : found.isDirectory()
        ? "neither it nor its subfolder mnist holds MNIST's four files"
        : "is a file, not a folder";
  throw new Failure(
    "dataset-missing",
    `${folder} (from ${by}): ${problem}`,
    `It must hold ${mnistFiles.map((file) => file.name).join(", ")}, plain or with .gz.`,
  );
}

async function existsWithAll(folder: string): Promise<boolean> {
  try {
    return holdsAll(await findIdxFiles(folder));
  } catch (error) {
    if (error instanceof Failure && error.code === "dataset-missing") return false;
    throw error;
  }
}

function holdsAll({ train, test }: IdxFiles): boolean {
  return [train.images, train.labels, test.images, test.labels].every((path) => path !== null);
}

async function readNamed({ folder }: MnistPlace): Promise<Dataset> {
  const { pixels, ...content } = await readIdxFiles(folder, await findIdxFiles(folder));
  const sha256 = await hashPixels(pixels);
  const original = sha256 === mnistPixelsSha256;
  const source = original
    ? `MNIST from ${folder}`
    : `${folder}, whose images differ from the original MNIST's`;
  return { name: "mnist", source, ...content, sha256 };
}

async function readCached({ folder, source }: MnistPlace): Promise<Dataset> {
  // Hashing takes longer than reading: files unchanged since they were last hashed are not hashed again.
  const stamp = await takeStamp(
    folder,
    mnistFiles.map((file) => file.name),
  );
  const { pixels, ...content } = await readIdxFiles(folder, await findIdxFiles(folder));
  if (!stamp.valid) {
    if ((await hashPixels(pixels)) !== mnistPixelsSha256)
      throw new Failure(
        "dataset-invalid",
        `${folder}: the cached copy of MNIST is damaged (its pixels have the wrong SHA-256)`,
        "Delete that folder; the next run downloads it again.",
      );
    await stamp.confirm();
  }
  const words =
    source === "download" ? `MNIST, downloaded into ${folder}` : `MNIST from the cache (${folder})`;
  return { name: "mnist", source: words, ...content, sha256: mnistPixelsSha256 };
}
