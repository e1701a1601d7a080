/**
 * Saved runs, read from their folders: the record, how far the run got, its previews. The extension never writes one;
 * the training process is a run's only writer.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { EpochEvent } from "../../contract/events.ts";
import { Failure, hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { maximumRecordBytes, parseRunRecord, restoreRun } from "../../contract/parse-run.ts";
import {
  metricsLineSchema,
  type RunRecord,
  runFiles,
  runsFolderNames,
  runWriterSchema,
} from "../../contract/run.ts";
import { livenessOf } from "../../system/process-identity.ts";
import { openRegular } from "../../system/regular-file.ts";
import { readSmall } from "../read-small.ts";

/** From the end of metrics.jsonl, room for the last epoch whatever steps follow it. */
const tailBytes = 512 * 1024;
const maximumPreviewBytes = 8 * 2 ** 20;

/** Where a folder of the workspace keeps its runs. */
export function runsFolder(workspaceFolder: string): string {
  return join(workspaceFolder, ...runsFolderNames);
}

/** Throws a Failure: run-invalid (also for a run of a newer version), storage-*. */
export async function readRecord(run: string): Promise<RunRecord> {
  const file = join(run, runFiles.record);
  const content = await readSmall(file, maximumRecordBytes, (problem) => invalid(file, problem)).catch(
    async (error: unknown) => {
      throw (await isThere(run)) ? error : gone(run, error);
    },
  );
  return parseRunRecord(content.toString("utf8"), file);
}

/** Names of the folders in `folder` that may be runs; none where there is no such folder. */
export async function runFolders(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  } catch (error) {
    if (hasSystemCode(error, "ENOENT") || hasSystemCode(error, "ENOTDIR")) return [];
    throw storageFailure(error, folder, "read");
  }
}

/** Changes whenever the record or the measurements do. */
export async function runStamp(run: string): Promise<string> {
  const names = [runFiles.record, runFiles.metrics];
  const stamps = names.map((name) =>
    stat(join(run, name)).then(
      ({ size, mtimeMs }) => `${size} ${mtimeMs}`,
      () => "none",
    ),
  );
  return (await Promise.all(stamps)).join(", ");
}

/** The last whole epoch in metrics.jsonl; null before the first, or where there is no such file. */
export async function lastEpoch(run: string): Promise<EpochEvent | null> {
  const lines = (await readTail(join(run, runFiles.metrics), tailBytes)).split("\n").slice(0, -1).reverse();
  for (const line of lines) {
    // Asked again and again while a training goes on: steps, which have an epoch too, are not parsed.
    if (!line.includes('"event":"epoch"')) continue;
    const parsed = metricsLineSchema.safeParse(parseLine(line));
    if (parsed.success && parsed.data.event === "epoch") return parsed.data;
  }
  return null;
}

/**
 * Whether a process of this machine is writing the run: one that was started in a terminal, say. Of one on another
 * machine nothing can be known here; who tries to resume the run is told what to do.
 */
export async function hasWriter(run: string): Promise<boolean> {
  const content = await readSmall(join(run, runFiles.writer), maximumRecordBytes).catch(() => null);
  const writer = runWriterSchema.safeParse(content === null ? null : parseLine(content.toString("utf8")));
  return writer.success && (await livenessOf(writer.data, writer.data.since)) === "alive";
}

/** Epochs of which there is a preview, ascending. */
export async function previewEpochs(run: string): Promise<number[]> {
  const names = await readdir(join(run, runFiles.previews)).catch((): string[] => []);
  return names
    .flatMap((name) => /^epoch-(\d{1,9})\.png$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** A PNG; null where it is gone. */
export async function readPreview(run: string, name: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return new Uint8Array(await readSmall(join(run, runFiles.previews, name), maximumPreviewBytes));
  } catch {
    return null;
  }
}

async function readTail(file: string, bytes: number): Promise<string> {
  const handle = await openRegular(file, (problem) => invalid(file, problem)).catch(() => null);
  if (handle === null) return "";
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - bytes);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => !hasSystemCode(error, "ENOENT", "ENOTDIR"),
  );
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function gone(run: string, cause: unknown): Failure {
  return new Failure(
    "storage-failed",
    `${run}: the folder of this run is gone`,
    "Bring it back from where it went, or look at another run.",
    { cause },
  );
}

function invalid(file: string, problem: string): Failure {
  return new Failure("run-invalid", `${file}: ${problem}`, restoreRun);
}
