/**
 * Where MNIST comes from: a folder that the user names, else LATENT_LAB_DATA, else the user's cache, else a
 * download into that cache. A named folder without the files is an error, never a reason to look elsewhere.
 * The database is by Yann LeCun, Corinna Cortes and Christopher J.C. Burges.
 */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Failure } from "../../contract/failure.ts";
import { cacheFolder } from "./cache-folder.ts";
import { takeStamp } from "./cache-stamp.ts";
import type { Dataset } from "./dataset.ts";
import { downloadFiles } from "./download.ts";
import { findIdxFiles, type IdxContent, type IdxFiles, readIdxFiles } from "./idx-folder.ts";
import { inspectCache } from "./mnist-cache.ts";
import { mnistFiles, mnistLabelsSha256, mnistPixelsSha256 } from "./mnist-files.ts";
import { hashPixels } from "./pixels.ts";
import type { Watch } from "./progress.ts";

export const mnistMirrors: readonly URL[] = [
  new URL("https://storage.googleapis.com/cvdf-datasets/mnist/"),
  new URL("https://ossci-datasets.s3.amazonaws.com/mnist/"),
];

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
 * Finds MNIST on this machine, downloading nothing; null when no folder was named and the cache has no
 * copy, or by its lengths a damaged one, which damageInCache tells.
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
  const { wanting } = await inspectCache(folder);
  return wanting.length === 0 ? { source: "cache", folder } : null;
}

/** The files in the cache that have not MNIST's lengths, in words; empty where there are none. Throws: storage-*. */
export async function damageInCache(environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  return (await inspectCache(mnistCacheFolder(environment))).damage;
}

/** Downloads what the cache lacks or has damaged. Throws a Failure: download-failed, interrupted, storage-*, usage. */
export async function downloadMnist(
  options: Omit<MnistOptions, "data" | "allowDownload">,
): Promise<MnistPlace> {
  const folder = mnistCacheFolder(options.environment);
  const { onProgress } = options;
  const { wanting } = await inspectCache(folder);
  await downloadFiles(wanting, {
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

/** Damage is told where it cannot be mended: a copy that nobody can use shall not pass for none. */
async function downloadIfAllowed(options: MnistOptions): Promise<MnistPlace> {
  try {
    if (options.allowDownload) return await downloadMnist(options);
    throw new Failure(
      "dataset-missing",
      `MNIST is not in ${mnistCacheFolder(options.environment)}, and downloading is not allowed`,
      "Name a folder that holds it with --data, or run: latent-lab datasets get mnist",
    );
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code !== "download-failed" && error.code !== "dataset-missing") throw error;
    const damage = await damageInCache(options.environment);
    if (damage.length === 0) throw error;
    throw new Failure(
      "dataset-invalid",
      `the cached copy of MNIST is damaged (${damage.join("; ")}) and is not replaced: ${error.message}`,
      "Run, with a network: latent-lab datasets get mnist. Or name a whole copy with --data, or delete what is damaged.",
      { cause: error },
    );
  }
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
  const files = await findIdxFiles(folder);
  // Hashing takes longer than reading: files unchanged since they were last hashed are not hashed again.
  const stamp = await takeStamp(folder, namesOf(files));
  const { pixels, ...content } = await readIdxFiles(folder, files);
  if (!stamp.valid) {
    if ((await hashPixels(pixels)) !== mnistPixelsSha256) throw damaged(folder, "images");
    if (hashLabels(content) !== mnistLabelsSha256) throw damaged(folder, "labels");
    await stamp.confirm();
  }
  const words =
    source === "download" ? `MNIST, downloaded into ${folder}` : `MNIST from the cache (${folder})`;
  return { name: "mnist", source: words, ...content, sha256: mnistPixelsSha256 };
}

function namesOf({ train, test }: IdxFiles): string[] {
  const paths = [train.images, train.labels, test.images, test.labels];
  return paths.filter((path) => path !== null).map((path) => basename(path));
}

function hashLabels({ train, test }: Pick<IdxContent, "train" | "test">): string {
  const hash = createHash("sha256");
  for (const { labels } of [train, test]) hash.update(Uint8Array.from(labels ?? []));
  return hash.digest("hex");
}

function damaged(folder: string, part: string): Failure {
  return new Failure(
    "dataset-invalid",
    `${folder}: the cached copy of MNIST is damaged (its ${part} have the wrong SHA-256)`,
    "Delete that folder; the next run downloads it again.",
  );
}
