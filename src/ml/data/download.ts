/**
 * Fetches gzipped files from mirrors into a folder, where they lie decompressed. A file appears under its name
 * whole and verified, or not at all; what an interrupted download received is kept and continued next time.
 */
import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Failure, hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { makeFolder, syncFolder } from "../folders.ts";
import { openBytes } from "./byte-reader.ts";
import { byDataFolder } from "./data-folder-words.ts";
import { type Connection, type Deadlines, fetchInto, HttpError, httpReason, openConnection } from "./http.ts";
import { writeAll } from "./write-all.ts";

/** A file as it is when decompressed; mirrors offer it as `${name}.gz`. */
export interface RemoteFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Roughly: gzip wrappers differ from mirror to mirror. For progress only. */
  readonly compressedBytes: number;
}

export interface DownloadOptions {
  /** Folders on the web, tried in this order; each ends in a slash. */
  readonly mirrors: readonly URL[];
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Left out: the usual ones. */
  readonly deadlines?: Deadlines | undefined;
  /** Compressed bytes, over all files that were still missing. */
  readonly onBytes?: ((received: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How often one mirror may lose the connection and be asked for the rest. */
const maximumResumes = 8;
const pieceBytes = 2 ** 20;

/** Fetches those of `files` that `folder` lacks. Throws a Failure: download-failed, interrupted, storage-*, usage. */
export async function downloadFiles(files: readonly RemoteFile[], options: DownloadOptions): Promise<void> {
  options.mirrors.forEach(refuseInsecure);
  await makeFolder(options.folder).catch((error) => {
    throw storageFailure(error, options.folder, "write");
  });
  const missing: RemoteFile[] = [];
  for (const file of files) if (!(await isPlaced(file, options.folder))) missing.push(file);
  const totals = missing.map((file) => file.compressedBytes);
  const received = missing.map(() => 0);
  const connection = await openConnection(options.environment, options.deadlines);
  let mirrors = options.mirrors;
  try {
    for (const [index, file] of missing.entries()) {
      const onBytes = (now: number, total: number | null) => {
        received[index] = now;
        if (total !== null) totals[index] = total;
        options.onBytes?.(sum(received), sum(totals));
      };
      const served = await downloadOne(file, { ...options, mirrors }, connection, onBytes);
      // The mirror that works is asked first from now on.
      mirrors = [served, ...mirrors.filter((mirror) => mirror !== served)];
    }
  } finally {
    await connection.close();
  }
}

/** Whether `folder` holds the file, by its exact length. Its content was proved before it got its name. */
async function isPlaced(file: RemoteFile, folder: string): Promise<boolean> {
  try {
    const { size } = await stat(join(folder, file.name));
    return size === file.bytes;
  } catch (error) {
    if (hasSystemCode(error, "ENOENT", "ENOTDIR")) return false;
    throw storageFailure(error, join(folder, file.name), "read");
  }
}

/** Nothing is fetched in the clear, except from this machine itself. */
function refuseInsecure(mirror: URL): void {
  const loopback = ["127.0.0.1", "[::1]", "localhost"].includes(mirror.hostname);
  if (mirror.protocol === "https:" || (mirror.protocol === "http:" && loopback)) return;
  throw new Failure("usage", `${mirror.href}: not an https:// address`, "Downloads come over HTTPS only.");
}

type OnBytes = (received: number, total: number | null) => void;

/** Tries one mirror after the other; returns the one that delivered. */
async function downloadOne(
  file: RemoteFile,
  options: DownloadOptions,
  connection: Connection,
  onBytes: OnBytes,
): Promise<URL> {
  const problems: string[] = [];
  for (const mirror of options.mirrors) {
    try {
      await downloadFrom(mirror, file, options, connection, onBytes);
      return mirror;
    } catch (error) {
      if (options.signal?.aborted === true) throw interrupted(file, error);
      // Another process may have placed the file meanwhile.
      if (await isPlaced(file, options.folder)) return mirror;
      if (error instanceof Failure) throw error;
      problems.push(`${mirror.host}: ${httpReason(error)}`);
    }
  }
  throw new Failure(
    "download-failed",
    `${file.name}.gz: no mirror delivered it (${problems.join("; ")})`,
    `Check the network and HTTPS_PROXY, or name a folder that holds the files: ${byDataFolder}.`,
  );
}

function interrupted(file: RemoteFile, cause: unknown): Failure {
  return new Failure(
    "interrupted",
    `${file.name}.gz: the download was interrupted`,
    "Start it again: it goes on where it stopped.",
    { cause },
  );
}

async function downloadFrom(
  mirror: URL,
  file: RemoteFile,
  options: DownloadOptions,
  connection: Connection,
  onBytes: OnBytes,
): Promise<void> {
  const url = new URL(`${file.name}.gz`, mirror);
  const path = join(options.folder, partName(file, url));
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT).catch((error) => {
    throw storageFailure(error, path, "write");
  });
  try {
    // Compressing cannot make a file much longer than it is.
    const part = { handle, path, maximumBytes: file.bytes + 65_536 };
    const fetchRest = () =>
      fetchPersistently(handle, () => fetchInto(part, url, connection, onBytes, options.signal));
    await fetchRest();
    if (await place(path, file, options.folder)) return;
    // What was kept from an earlier attempt may have been of another version: once more, from nothing.
    await handle.truncate(0);
    await fetchRest();
    if (await place(path, file, options.folder)) return;
    await handle.truncate(0);
    throw new HttpError("what it sent is not the file that is wanted (wrong SHA-256)");
  } finally {
    const { size } = await handle.stat();
    await handle.close();
    if (size === 0 || (await isPlaced(file, options.folder))) await rm(path, { force: true });
  }
}

/** One per mirror, as their archives differ in bytes. */
function partName(file: RemoteFile, url: URL): string {
  const mark = createHash("sha256").update(url.href).digest("hex").slice(0, 8);
  return `${file.name}.gz.${mark}.part`;
}

/** Goes on after a lost connection as long as each attempt brings something. */
async function fetchPersistently(handle: FileHandle, fetchRest: () => Promise<void>): Promise<void> {
  for (let resumes = 0; ; resumes++) {
    const before = (await handle.stat()).size;
    try {
      return await fetchRest();
    } catch (error) {
      if (error instanceof Failure || error instanceof HttpError || resumes === maximumResumes) throw error;
      if ((await handle.stat()).size <= before) throw error;
    }
  }
}

/** Decompresses the archive at `path` into `folder` under the file's name; false when it is not that file. */
async function place(path: string, file: RemoteFile, folder: string): Promise<boolean> {
  const target = join(folder, file.name);
  const temporary = `${target}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const output = await open(temporary, "wx");
    try {
      if (!(await inflateVerified(path, file, output))) return false;
      await output.sync();
      await requireSize(output, file.bytes, target);
    } finally {
      await output.close();
    }
    await rename(temporary, target);
    await syncFolder(folder);
    return true;
  } catch (error) {
    throw storageFailure(error, target, "write");
  } finally {
    await rm(temporary, { force: true });
  }
}

/** What is placed is trusted by its length from then on. */
async function requireSize(output: FileHandle, bytes: number, target: string): Promise<void> {
  const { size } = await output.stat();
  if (size === bytes) return;
  throw new Failure(
    "storage-failed",
    `${target}: of its ${bytes} bytes the disk kept ${size}`,
    "Check the disk and the room on it, then try again.",
  );
}

async function inflateVerified(path: string, file: RemoteFile, output: FileHandle): Promise<boolean> {
  const reader = await openBytes(path);
  const hash = createHash("sha256");
  const piece = new Uint8Array(pieceBytes);
  let written = 0;
  try {
    for (;;) {
      const filled = await reader.fill(piece);
      if (filled === 0) break;
      if (written + filled > file.bytes) return false;
      hash.update(piece.subarray(0, filled));
      await writeAll(output, piece.subarray(0, filled), written);
      written += filled;
    }
  } catch (error) {
    if (error instanceof Failure && error.code === "dataset-invalid") return false;
    throw error;
  } finally {
    await reader.close();
  }
  return written === file.bytes && hash.digest("hex") === file.sha256;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
