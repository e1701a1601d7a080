/** Writing bytes at a place in a file, all of them: what the system's own call does not promise. */
import type { FileHandle } from "node:fs/promises";

/**
 * Writes `bytes` at `position`. On a disk that is nearly full the system writes what still fits and calls that a
 * success; only the next write fails. Throws the system's error.
 */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw new Error(`nothing could be written at byte ${position + done}`);
    done += bytesWritten;
  }
}
