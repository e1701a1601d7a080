/** Files of a workspace, which may be anything, read into memory: regular ones, up to a size. */
import { Failure, storageFailure } from "../contract/failure.ts";
import { readWhole } from "../system/regular-file.ts";

/** Throws what `refuse` makes of a problem with the file, or a Failure (storage-*). */
export async function readSmall(
  file: string,
  maximumBytes: number,
  refuse: (problem: string) => Failure = (problem) =>
    new Failure("storage-failed", `${file}: ${problem}`, "Choose another file."),
): Promise<Buffer> {
  try {
    return await readWhole(file, maximumBytes, refuse);
  } catch (error) {
    throw storageFailure(error, file, "read");
  }
}
