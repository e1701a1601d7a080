/** Why the folder that an experiment names cannot be listed. */
import { stat } from "node:fs/promises";
import { Failure, hasSystemCode, storageFailure } from "../../contract/failure.ts";

/** What is to be thrown for what `readdir` threw: dataset-missing where there is no such folder, storage-*. */
export async function unlistable(folder: string, error: unknown): Promise<Failure> {
  if (!hasSystemCode(error, "ENOENT", "ENOTDIR")) return storageFailure(error, folder, "read");
  const isThere = await stat(folder).catch(() => null);
  return isThere === null
    ? new Failure("dataset-missing", `${folder}: no such folder`, "Check the path.", { cause: error })
    : new Failure("dataset-missing", `${folder}: is a file, not a folder`, "Name the folder that it is in.", {
        cause: error,
      });
}
