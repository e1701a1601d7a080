/**
 * The runs in a folder of runs: what each is, whether it is alive, how much room it takes.
 */
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Failure, hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { type RunRecord, runFiles } from "../../contract/run.ts";
import { liveHolder } from "./run-lock.ts";
import { readRun } from "./run-record.ts";

/** One of the folders in a folder of runs. */
export interface ListedRun {
  readonly path: string;
  /** Null where `problem` says why it cannot be read. */
  readonly record: RunRecord | null;
  readonly problem: Failure | null;
  /** Whether a live process is writing it. A run that is "training" without one was killed. */
  readonly live: boolean;
  /** Of all its files. */
  readonly bytes: number;
}

/** The run folders in `runsFolder`, oldest first; none where there is no such folder. Throws a Failure (storage-*). */
export async function listRuns(runsFolder: string): Promise<ListedRun[]> {
  const root = resolve(runsFolder);
  const entries = await readdir(root, { withFileTypes: true }).catch((error: unknown) => {
    if (hasSystemCode(error, "ENOENT")) return [];
    throw storageFailure(error, root, "read");
  });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name));
  const runs = await Promise.all(folders.map(listedRun));
  const key = (run: ListedRun) => run.record?.createdAt ?? "";
  return runs.sort((a, b) => key(a).localeCompare(key(b)) || a.path.localeCompare(b.path));
}

async function listedRun(path: string): Promise<ListedRun> {
  const live = liveHolder(join(path, runFiles.writer)).catch(() => null);
  const rest = { path, live: (await live) !== null, bytes: await folderBytes(path) };
  try {
    const { record } = await readRun(path);
    return { ...rest, record, problem: null };
  } catch (error) {
    if (error instanceof Failure) return { ...rest, record: null, problem: error };
    throw error;
  }
}

async function folderBytes(path: string): Promise<number> {
  const names = await readdir(path, { recursive: true }).catch((): string[] => []);
  const sizes = names.map((name) =>
    stat(join(path, name)).then(
      (found) => (found.isFile() ? found.size : 0),
      // It may have gone since: a live run replaces its files.
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
