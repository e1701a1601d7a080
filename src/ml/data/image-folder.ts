/**
 * A folder of pictures as a dataset. Pictures right in the folder have no label; those in subfolders, however deep,
 * are labelled with the name of the first subfolder. Which are held out for testing depends on the seed and on the
 * names alone. Decoding is ../image/decode.ts's subject.
 */
import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { DatasetChoice } from "../../contract/experiment.ts";
import { Failure, storageFailure } from "../../contract/failure.ts";
import { decodeGrey, pictureName } from "../image/decode.ts";
import { greyOfAll } from "../image/grey-image.ts";
import { permutation, RandomSequence, streams } from "../random.ts";
import type { Dataset, Split } from "./dataset.ts";
import { allocatePixels, hashPixels } from "./pixels.ts";
import type { Watch } from "./progress.ts";
import { unlistable } from "./unlistable.ts";

export type ImageFolderChoice = Omit<Extract<DatasetChoice, { kind: "folder" }>, "kind">;

/** What encoding leaves beside pictures, which nobody takes for one. */
const encodedName = /\.latent$/i;
/** Files are listed in memory: a mistaken "/" shall not fill it. */
const maximumPictures = 2_000_000;
const maximumDepth = 32;
const maximumNamed = 3;
/** The label of pictures beside labelled subfolders. */
const noLabel = "(none)";

/** Reads the folder `choice.path`. Throws a Failure: dataset-missing, dataset-invalid, image-invalid, storage-*, … */
export async function loadImageFolder(choice: ImageFolderChoice, watch: Watch = {}): Promise<Dataset> {
  const { path, width, height, seed, testFraction } = choice;
  const { pictures, others } = await listPictures(path, watch);
  if (pictures.length < 2)
    throw new Failure(
      "dataset-invalid",
      `${path}: ${pictures.length === 0 ? "no pictures" : "only one picture"}${others.inWords()}; one to train on and one to test on are needed`,
      "Put PNG, JPEG or WebP files into it, or into subfolders named after their labels.",
    );
  const { train, test } = splitPictures(pictures, testFraction, seed);
  const pixels = allocatePixels(path, width * height, train.length, test.length);
  await decodeAll(path, [...train, ...test], choice, pixels.all, watch);
  refuseBlank(choice, pixels.all);
  const labelNames = [...new Set(pictures.map(labelOf))].sort();
  const splitOf = (names: readonly string[], into: Uint8Array): Split => ({
    count: names.length,
    pixels: into,
    labels: labelsOf(names, labelNames, path),
  });
  return {
    name: "folder",
    source: `${pictures.length} pictures in ${path}${others.inWords()}`,
    width,
    height,
    labelNames: isUnlabelled(labelNames) ? [] : labelNames,
    train: splitOf(train, pixels.train),
    test: splitOf(test, pixels.test),
    sha256: await hashPixels(pixels),
  };
}

/** Files that are passed over, for people to be told of: how many, and the first by name. */
class OtherFiles {
  #count = 0;
  #first: readonly string[] = [];

  add(name: string): void {
    this.#count++;
    this.#first = [...this.#first, name].sort().slice(0, maximumNamed);
  }

  /** " (1 file is no PNG, JPEG or WebP: x.gif)", or nothing where there are none. */
  inWords(): string {
    if (this.#count === 0) return "";
    const files = this.#count === 1 ? "1 file is" : `${this.#count} files are`;
    const more = this.#count > maximumNamed ? " and others" : "";
    return ` (${files} no PNG, JPEG or WebP: ${this.#first.join(", ")}${more})`;
  }
}

interface Listing {
  readonly pictures: string[];
  readonly others: OtherFiles;
}

/**
 * Paths below `folder`, with slashes, in the order of their UTF-16 code units, which no file system or locale changes.
 * Hidden files and folders are passed over, and so are files of other kinds, which are counted, but for `.latent` files. Links to files are followed, links to folders
 * are not: so there are no circles.
 */
async function listPictures(folder: string, watch: Watch): Promise<Listing> {
  const pictures: string[] = [];
  const others = new OtherFiles();
  const visit = async (below: string, depth: number): Promise<void> => {
    stopIfAsked(folder, watch);
    for (const entry of await entriesOf(folder, below)) {
      if (entry.name.startsWith(".")) continue;
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory() && depth < maximumDepth) await visit(path, depth + 1);
      else if (!pictureName.test(entry.name)) {
        if (entry.isFile() && !encodedName.test(entry.name)) others.add(path);
      } else if (await isFile(join(folder, path), entry)) pictures.push(path);
      if (pictures.length > maximumPictures)
        throw new Failure(
          "dataset-invalid",
          `${folder}: more than ${maximumPictures} pictures`,
          "Name a folder with fewer pictures.",
        );
    }
  };
  await visit("", 0);
  return { pictures: pictures.sort(), others };
}

async function entriesOf(folder: string, below: string): Promise<Dirent[]> {
  const path = join(folder, below);
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (below === "") throw await unlistable(path, error);
    throw storageFailure(error, path, "read");
  }
}

async function isFile(path: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile();
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    throw storageFailure(error, path, "read");
  }
}

/** Both splits keep the order of `pictures`, and each has at least one. */
function splitPictures(
  pictures: readonly string[],
  testFraction: number,
  seed: number,
): { train: string[]; test: string[] } {
  const wanted = Math.round(pictures.length * testFraction);
  const count = Math.min(Math.max(wanted, 1), pictures.length - 1);
  const order = permutation(pictures.length, new RandomSequence(seed, streams.split));
  const held = new Set(order.subarray(0, count));
  return {
    train: pictures.filter((_, index) => !held.has(index)),
    test: pictures.filter((_, index) => held.has(index)),
  };
}

function labelOf(path: string): string {
  const slash = path.indexOf("/");
  return slash === -1 ? noLabel : path.slice(0, slash);
}

function isUnlabelled(labelNames: readonly string[]): boolean {
  return labelNames.length === 1 && labelNames[0] === noLabel;
}

function labelsOf(names: readonly string[], labelNames: readonly string[], path: string): Uint16Array | null {
  if (isUnlabelled(labelNames)) return null;
  if (labelNames.length > 2 ** 16)
    throw new Failure("dataset-invalid", `${path}: more than ${2 ** 16} labels`, "Use fewer subfolders.");
  const indexOf = new Map(labelNames.map((name, index) => [name, index]));
  return Uint16Array.from(names, (name) => indexOf.get(labelOf(name)) ?? 0);
}

function stopIfAsked(folder: string, { signal }: Watch): void {
  if (signal?.aborted !== true) return;
  throw new Failure("interrupted", `${folder}: reading the pictures was interrupted`, "Start it again.");
}

/** Decodes a few pictures at a time, each into its place, so that the order of finishing does not matter. */
async function decodeAll(
  folder: string,
  names: readonly string[],
  size: ImageFolderChoice,
  pixels: Uint8Array,
  watch: Watch,
): Promise<void> {
  const imageBytes = size.width * size.height;
  const queue = names.entries();
  let done = 0;
  let failed = false;
  const unreadable = new Map<string, Failure>();
  const work = async (): Promise<void> => {
    for (const [index, name] of queue) {
      if (failed) return;
      stopIfAsked(folder, watch);
      const picture = await decodeGrey(join(folder, name), size).catch((error: unknown) => {
        // All of them are told at once: who mends one would only learn of the next.
        if (!(error instanceof Failure && error.code === "image-invalid")) throw error;
        unreadable.set(name, error);
      });
      if (picture !== undefined) pixels.set(picture.pixels, index * imageBytes);
      done++;
      watch.onProgress?.({ doing: "read", done, total: names.length });
    }
  };
  const workers = Array.from({ length: Math.min(8, availableParallelism() * 2) }, () =>
    work().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  await Promise.all(workers);
  refuseUnreadable(folder, names.length, unreadable);
}

/**
 * A model would learn the one grey at once and score perfectly. Only where every picture comes out so: a few empty ones
 * among others are as good as any.
 */
function refuseBlank({ path, invert }: ImageFolderChoice, pixels: Uint8Array): void {
  const grey = greyOfAll(pixels);
  if (grey === null) return;
  const transparency = invert
    ? "What is transparent counts as white paper: for light ink on it, set dataset.invert to false."
    : "What is transparent counts as black: for dark ink on it, set dataset.invert to true.";
  throw new Failure(
    "dataset-invalid",
    `${path}: all pictures come out ${grey}: there is nothing to learn`,
    grey === "black" ? transparency : "Name a folder with pictures that differ.",
  );
}

function refuseUnreadable(folder: string, total: number, unreadable: ReadonlyMap<string, Failure>): void {
  const names = [...unreadable.keys()].sort();
  const first = unreadable.get(names[0] ?? "");
  if (first === undefined) return;
  if (names.length === 1) throw first;
  const more = names.length > maximumNamed ? " and others" : "";
  throw new Failure(
    "image-invalid",
    `${folder}: ${names.length} of ${total} pictures cannot be read: ${names.slice(0, maximumNamed).join(", ")}${more}; the first: ${first.message}`,
    "Repair them, or take them out of the folder.",
    { cause: first },
  );
}
