/** Writing a result where the user said, whatever lies there already. */
import { realpath, stat } from "node:fs/promises";
import { Failure } from "../../contract/failure.ts";
import { writeFileDurably } from "../train/durable-file.ts";

/**
 * Replaces the file at `path`, or the file that a link there leads to, whole or not at all. Throws a Failure: usage
 * where something lies there that is no file (a device would be replaced for everybody), storage-*.
 */
export async function writeOutput(path: string, bytes: Uint8Array): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found !== null && !found.isFile()) {
    const what = found.isDirectory() ? "a folder" : "a device or a pipe";
    throw new Failure("usage", `${path}: is ${what}, not a file`, "Name a new file, or one to be replaced.");
  }
  await writeFileDurably(found === null ? path : await realpath(path), bytes);
}
