/**
 * Files that are either whole or absent, also after a power cut: whole files are written beside their place and
 * moved into it; logs only grow. What a killed process left half written of a log is one torn last line; a power cut
 * may leave anything in place of what came after the last sync.
 */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { syncFolder } from "../folders.ts";

const temporarySuffix = ".partial";

/** Whether a file of this name is what a killed process left of a write. */
export function isPartialFile(name: string): boolean {
  return name.startsWith(".") && name.endsWith(temporarySuffix);
}

/**
 * Replaces `path` by `parts` one after another. Readers see the old file or the new one, never a mixture; when this
 * returns, the new one survives a power cut. Throws a Failure (storage-*): the old file is then untouched.
 */
export async function writeFileDurably(
  path: string,
  ...parts: readonly (string | Uint8Array)[]
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}${temporarySuffix}`);
  try {
    await writeAndSync(temporary, parts);
    await replace(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw storageFailure(error, path, "write");
  }
}

async function writeAndSync(path: string, parts: readonly (string | Uint8Array)[]): Promise<void> {
  const handle = await open(path, "w");
  try {
    for (const part of parts) await handle.writeFile(part);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** On Windows a virus scanner or an indexer may hold a fresh file for a moment. */
const replaceAttempts = process.platform === "win32" ? 20 : 1;

async function replace(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await rename(from, to);
    } catch (error) {
      if (attempt >= replaceAttempts || !hasSystemCode(error, "EPERM", "EACCES", "EBUSY")) throw error;
      await delay(25);
    }
  }
}

/** A file that only grows, line by line. One call at a time. */
export class LineLog {
  readonly path: string;
  readonly #handle: FileHandle;
  #length: number;

  private constructor(path: string, handle: FileHandle, length: number) {
    this.path = path;
    this.#handle = handle;
    this.#length = length;
  }

  /** Opens `path` at its end, creating it where it is not. Throws a Failure (storage-*). */
  static async open(path: string): Promise<LineLog> {
    try {
      const handle = await open(path, "a");
      const { size } = await handle.stat();
      return new LineLog(path, handle, size);
    } catch (error) {
      throw storageFailure(error, path, "write");
    }
  }

  /** Appends `line` whole, or not at all where the disk is full. Throws a Failure (storage-*). */
  async append(line: string): Promise<void> {
    const bytes = Buffer.from(`${line}\n`);
    try {
      await this.#handle.appendFile(bytes);
      this.#length += bytes.length;
    } catch (error) {
      await this.#handle.truncate(this.#length).catch(() => {});
      throw storageFailure(error, this.path, "write");
    }
  }

  /** When this returns, every line so far survives a power cut. Throws a Failure (storage-*). */
  async sync(): Promise<void> {
    try {
      await this.#handle.sync();
    } catch (error) {
      throw storageFailure(error, this.path, "write");
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
