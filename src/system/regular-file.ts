/** Opening and reading files that people name, whatever is really there: a pipe would keep us waiting for ever. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Failure } from "../contract/failure.ts";

/** Absent on Windows, where it is not needed. With it, opening a pipe that nobody writes to returns at once. */
const { O_NONBLOCK = 0 }: { readonly O_NONBLOCK?: number } = constants;

/**
 * Opens a file for reading. Throws what `refuse` makes of a problem when it is a pipe, a device or a folder, or the
 * system's error.
 */
export async function openRegular(path: string, refuse: (problem: string) => Failure): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (found.isDirectory()) throw refuse("is a folder, not a file");
    if (!found.isFile()) throw refuse("is not a regular file");
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The content of a regular file of at most `maximumBytes`. Throws as openRegular does. */
export async function readWhole(
  path: string,
  maximumBytes: number,
  refuse: (problem: string) => Failure,
): Promise<Buffer> {
  const handle = await openRegular(path, refuse);
  try {
    const { size } = await handle.stat();
    if (size > maximumBytes) throw refuse(`${size} bytes are too many (at most ${maximumBytes})`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
