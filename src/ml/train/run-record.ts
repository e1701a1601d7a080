/**
 * run.json: reading it, writing it whole. What makes a sound one is in contract/parse-run.ts.
 */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Failure, hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { maximumRecordBytes, parseRunRecord, restoreRun } from "../../contract/parse-run.ts";
import { type RunRecord, runFiles } from "../../contract/run.ts";
import { readWhole } from "../../system/regular-file.ts";
import { writeFileDurably } from "./durable-file.ts";

/** A run folder and what its run.json says. */
export interface Run {
  /** Absolute. */
  readonly path: string;
  readonly record: RunRecord;
}

/** Opens a run folder for reading. Throws a Failure: run-invalid naming what is wrong, storage-*. */
export async function readRun(folder: string): Promise<Run> {
  const path = resolve(folder);
  const file = join(path, runFiles.record);
  return { path, record: parseRunRecord(await readRecordText(path, file), file) };
}

async function readRecordText(path: string, file: string): Promise<string> {
  try {
    const refuse = (problem: string) => new Failure("run-invalid", `${file}: ${problem}`, restoreRun);
    return (await readWhole(file, maximumRecordBytes, refuse)).toString("utf8");
  } catch (error) {
    if (!hasSystemCode(error, "ENOENT", "ENOTDIR")) throw storageFailure(error, file, "read");
    const folder = await stat(path).catch(() => null);
    const problem =
      folder === null ? "no such folder" : `not a run folder: there is no ${runFiles.record} in it`;
    throw new Failure(
      "run-invalid",
      `${path}: ${problem}`,
      "Name a run folder; `latent-lab runs` lists them.",
    );
  }
}

/** Throws a Failure (storage-*): the record is then as before. */
export async function writeRecord(path: string, record: RunRecord): Promise<void> {
  await writeFileDurably(join(path, runFiles.record), `${JSON.stringify(record, null, 2)}\n`);
}
