/** Reading small files whole, however large or strange the one that is really there. */
import { readFile, stat } from "node:fs/promises";
import type { Failure } from "../contract/failure.ts";

/**
 * The content of a regular file of at most `maximumBytes`. Throws what `refuse` makes of a problem, or the system's
 * error. A pipe or a device is refused before it is opened: reading it may never end.
 */
export async function readWhole(
  path: string,
  maximumBytes: number,
  refuse: (problem: string) => Failure,
): Promise<Buffer> {
  const found = await stat(path);
  if (!found.isFile() && !found.isDirectory()) throw refuse("is not a regular file");
  if (found.size > maximumBytes) throw refuse(`${found.size} bytes are too many (at most ${maximumBytes})`);
  return readFile(path);
}
