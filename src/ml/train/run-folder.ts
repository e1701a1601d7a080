/**
 * Run folders held for writing: making a new one, going on with an old one. What the folder holds is in
 * contract/run.ts; its record, checkpoints and metrics have files of their own here.
 */
import { mkdir, readdir, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Experiment } from "../../contract/experiment.ts";
import { Failure, hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { type RunRecord, runFiles, runFormat, runsFolderNames } from "../../contract/run.ts";
import type { Dataset } from "../data/dataset.ts";
import { makeFolder } from "../folders.ts";
import { isPartialFile } from "./durable-file.ts";
import { acquireLock, isLock, type Lock, liveHolder } from "./run-lock.ts";
import { type Run, readRun, writeRecord } from "./run-record.ts";

export interface NewRun {
  readonly experiment: Experiment;
  /** The file it is from; null or left out: a preset. */
  readonly experimentFile?: string | null;
  /** Where relative paths in the experiment start. */
  readonly baseFolder: string;
  /** Where the user says that MNIST is; null or left out: nowhere. */
  readonly dataFolder?: string | null;
  readonly dataset: Dataset;
  readonly engine: string;
  readonly device: string;
  readonly productVersion: string;
  /** The run folder itself: new, or existing and empty. Null: a dated one in `runsFolder`. */
  readonly out: string | null;
  readonly runsFolder: string;
}

/** Where runs go that were not told where: `.latent-lab/runs` in `folder`. */
export function defaultRunsFolder(folder: string): string {
  return join(folder, ...runsFolderNames);
}

/** A run folder held by this process for writing. */
export class RunWriter implements Run {
  readonly path: string;
  readonly #lock: Lock;
  #record: RunRecord;
  /** Where the run was made by this writer and nothing happened to it since; else null. */
  #fresh: Place | null;

  private constructor(path: string, record: RunRecord, lock: Lock, fresh: Place | null) {
    this.path = path;
    this.#record = record;
    this.#lock = lock;
    this.#fresh = fresh;
  }

  get record(): RunRecord {
    return this.#record;
  }

  /** Absolute path of a file of this run. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Replaces members of run.json. Throws a Failure (storage-*): run.json is then as before. */
  async update(changes: Partial<RunRecord>): Promise<void> {
    this.#fresh = null;
    const record = { ...this.#record, ...changes };
    await writeRecord(this.path, record);
    this.#record = record;
  }

  /** Lets others write the folder. Idempotent. */
  async close(): Promise<void> {
    await this.#lock.release();
  }

  /**
   * Takes a new run back, folder and all, that was never updated: nobody misses a run that could not begin, and its
   * folder can be asked for again. False where there is something to keep. Throws nothing.
   */
  async takeBack(): Promise<boolean> {
    if (this.#fresh === null) return false;
    for (const name of [runFiles.metrics, runFiles.record])
      await rm(this.file(name), { force: true }).catch(() => {});
    await this.close();
    if (this.#fresh.made) await rmdir(this.path).catch(() => {});
    return true;
  }

  /** Makes a run folder with a run.json in it. Throws a Failure: usage, run-busy, storage-*. */
  static async create(run: NewRun): Promise<RunWriter> {
    const now = new Date();
    const id = `${dateName(now)}-${slug(run.experiment.name)}`;
    const place = run.out === null ? await makeUnique(run.runsFolder, id) : await makeOrTake(run.out);
    const { path, made } = place;
    const record = newRecord(run, id, now);
    try {
      return await RunWriter.#withLock(path, place, async () => {
        // Another process may have come between the first look and the lock.
        await refuseUnlessEmpty(path);
        await writeRecord(path, record);
        return record;
      });
    } catch (error) {
      if (made) await rmdir(path).catch(() => {});
      throw error;
    }
  }

  /** Opens a run folder to go on with it. Throws a Failure: run-invalid, run-busy, storage-*. */
  static async resume(folder: string): Promise<RunWriter> {
    const { path } = await readRun(folder);
    return RunWriter.#withLock(path, null, async () => {
      await removePartialFiles(path);
      return (await readRun(path)).record;
    });
  }

  static async #withLock(
    path: string,
    fresh: Place | null,
    prepare: () => Promise<RunRecord>,
  ): Promise<RunWriter> {
    const lock = await acquireLock(join(path, runFiles.writer), path);
    try {
      return new RunWriter(path, await prepare(), lock, fresh);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }
}

function newRecord({ experiment, dataset, ...rest }: NewRun, id: string, now: Date): RunRecord {
  const { name, source, sha256, train, test, width, height } = dataset;
  return {
    format: runFormat,
    id,
    experiment,
    baseFolder: resolve(rest.baseFolder),
    experimentFile: rest.experimentFile == null ? null : resolve(rest.experimentFile),
    dataFolder: rest.dataFolder == null ? null : resolve(rest.dataFolder),
    seed: experiment.training.seed,
    dataset: { name, source, sha256, train: train.count, test: test.count, width, height },
    engine: rest.engine,
    device: rest.device,
    arrangement: null,
    productVersion: rest.productVersion,
    nodeVersion: process.version,
    createdAt: now.toISOString(),
    status: "training",
    reason: null,
    failure: null,
    epochsDone: 0,
    step: 0,
    modelSha256: null,
  };
}

/** "2026-03-01T09-05-07" of the local clock: a name that sorts, and that every file system takes. */
function dateName(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}-${two(date.getMinutes())}-${two(date.getSeconds())}`;
}

function slug(name: string): string {
  const words =
    name
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.join("-").slice(0, 40).replace(/-$/, "") || "run";
}

interface Place {
  readonly path: string;
  /** Whether the folder was not there before. */
  readonly made: boolean;
}

/** A new folder in `parent`: `name`, or `name-2`, `name-3` … where that is taken. */
async function makeUnique(parent: string, name: string): Promise<Place> {
  const root = resolve(parent);
  try {
    // Runs are large, and a repository around them is for what makes them.
    if (await makeFolder(root)) await writeFile(join(root, ".gitignore"), "*\n");
    for (let number = 1; ; number++) {
      const path = join(root, number === 1 ? name : `${name}-${number}`);
      if (await makeNew(path)) return { path, made: true };
    }
  } catch (error) {
    throw storageFailure(error, root, "write");
  }
}

async function makeNew(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (hasSystemCode(error, "EEXIST")) return false;
    throw error;
  }
}

async function makeOrTake(out: string): Promise<Place> {
  const path = resolve(out);
  let made: boolean;
  try {
    made = await makeFolder(path);
  } catch (error) {
    if (hasSystemCode(error, "EEXIST"))
      throw new Failure("usage", `${path}: is a file, not a folder`, "Name a new folder or an empty one.");
    throw storageFailure(error, path, "write");
  }
  await refuseUnlessEmpty(path);
  return { path, made };
}

/** What a run that was killed before it had a run.json left behind does not count. */
async function refuseUnlessEmpty(path: string): Promise<void> {
  const names = await readdir(path).catch((error: unknown) => {
    throw storageFailure(error, path, "read");
  });
  const writer = join(path, runFiles.writer);
  const locked = names.includes(runFiles.writer) && (await isLock(writer));
  const ours = (name: string) => isPartialFile(name) || (locked && name.startsWith(runFiles.writer));
  if (names.every(ours)) return;
  const busy = locked ? await liveHolder(writer) : null;
  if (busy !== null && busy.pid !== process.pid)
    throw new Failure("run-busy", `${path}: process ${busy.pid} is writing it`, "Name another folder.");
  throw new Failure(
    "usage",
    `${path}: is not empty`,
    `Name a new folder or an empty one; to go on with a run that is there, use --resume.`,
  );
}

/** Trying for the lock takes milliseconds. */
const lockTrialMilliseconds = 60_000;

/** What killed writers left. Of the lock's own only old ones: another process may be trying for it right now. */
async function removePartialFiles(path: string): Promise<void> {
  for (const folder of [path, join(path, runFiles.previews)]) {
    const names = await readdir(folder).catch((): string[] => []);
    for (const name of names.filter(isPartialFile)) {
      const file = join(folder, name);
      if (!name.startsWith(`.${runFiles.writer}`) || (await isOld(file))) await rm(file, { force: true });
    }
  }
}

async function isOld(path: string): Promise<boolean> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > lockTrialMilliseconds,
    () => false,
  );
}
