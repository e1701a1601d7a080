/** Writing a result where the user said, and nowhere where it would cost the user something else. */
import { existsSync } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { Failure, hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { runFiles } from "../../contract/run.ts";
import { isLatentFile, latentMagic } from "../image/latent-file.ts";
import { isMarked, markedBytes } from "../image/png-mark.ts";
import { writeFileDurably } from "../train/durable-file.ts";

export type OutputKind = "png" | "latent";

interface Kind {
  readonly ending: string;
  readonly name: string;
  /** As much of a file as `isResult` has to see. */
  readonly head: number;
  /** Whether a file that begins so is one that a command wrote. */
  isResult(head: Buffer): boolean;
}

/** What commands write. Anybody may have made a PNG, so that ours are marked; nobody else makes .latent files. */
const kinds: Readonly<Record<OutputKind, Kind>> = {
  png: { ending: ".png", name: "PNG", head: markedBytes, isResult: isMarked },
  latent: { ending: ".latent", name: ".latent file", head: latentMagic.length, isResult: isLatentFile },
};

/**
 * To be asked before anything that takes time. Throws a Failure: usage where the file at `path` would take the place of
 * something that is no earlier result of this kind (a PNG of the user's own, say), of one of the files in `inputs`, or of a run's own files; where its
 * ending is another kind's; storage-*.
 */
export async function requireOutput(
  path: string,
  kind: OutputKind,
  inputs: readonly string[] = [],
): Promise<void> {
  const { ending, name } = kinds[kind];
  if (extname(path).toLowerCase() !== ending)
    throw new Failure(
      "usage",
      `${path}: does not end in ${ending}`,
      `What is written is a ${name}: name it so.`,
    );
  const place = await placeOf(path);
  for (const input of inputs)
    if (place === (await placeOf(input)))
      throw new Failure("usage", `${path}: is what is read from here, and would be replaced`, another);
  if (isOfRun(place))
    throw new Failure("usage", `${path}: is among the files of a run, which keep what it learnt`, another);
  if (await holdsAnother(path, kind))
    throw new Failure(
      "usage",
      `${path}: is there already, and is no ${name} that a command of Latent Lab wrote`,
      "Name another file with -o, or remove this one first.",
    );
}

const another = "Name another file with -o.";

/**
 * Replaces the file at `path`, or the file that a link there leads to, whole or not at all. Throws a Failure: usage
 * where something lies there that is no file (a device would be replaced for everybody), storage-*.
 */
export async function writeOutput(path: string, bytes: Uint8Array): Promise<void> {
  const isThere = await isFile(path);
  await writeFileDurably(isThere ? await realpath(path) : path, bytes);
}

/** Throws a Failure (usage) where something else is there. */
async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found === null || found.isFile()) return found !== null;
  const what = found.isDirectory() ? "a folder" : "a device or a pipe";
  throw new Failure("usage", `${path}: is ${what}, not a file`, "Name a new file, or one to be replaced.");
}

/** One and the same for every way to name a file, also one that is not there yet. */
async function placeOf(path: string): Promise<string> {
  const real = await realpath(path).catch(() => null);
  if (real !== null) return real;
  const folder = await realpath(dirname(path)).catch(() => resolve(dirname(path)));
  return join(folder, basename(path));
}

function isOfRun(place: string): boolean {
  const folder = dirname(place);
  const isRun = (candidate: string) => existsSync(join(candidate, runFiles.record));
  // Some file systems take "Loss.png" for "loss.png".
  const named = basename(place).toLowerCase();
  const isPreview = basename(folder) === runFiles.previews && /^epoch-\d+\.png$/.test(named);
  if (isPreview) return isRun(dirname(folder));
  return Object.values<string>(runFiles).includes(named) && isRun(folder);
}

/** An empty file is nobody's loss. */
async function holdsAnother(path: string, kind: OutputKind): Promise<boolean> {
  const head = await headOf(path, kind);
  return head !== null && head.length > 0 && !kinds[kind].isResult(head);
}

/** Whether a command wrote the file at `path`. Throws a Failure (storage-*) where it cannot be read. */
export async function holdsResult(path: string, kind: OutputKind): Promise<boolean> {
  const head = await headOf(path, kind);
  return head !== null && kinds[kind].isResult(head);
}

/** Null where there is no such file. */
async function headOf(path: string, kind: OutputKind): Promise<Buffer | null> {
  if (!(await isFile(path))) return null;
  try {
    const file = await open(path, "r");
    try {
      const { head } = kinds[kind];
      const { buffer, bytesRead } = await file.read(Buffer.alloc(head), 0, head, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    // What cannot be read cannot be known to be a result.
    if (hasSystemCode(error, "ENOENT")) return null;
    throw storageFailure(error, path, "read");
  }
}
