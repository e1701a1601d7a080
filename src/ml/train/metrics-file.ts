/**
 * metrics.jsonl: what was measured, one JSON object per line, in the order it was trained. Written through
 * durable-file's LineLog; read here, and cut back to what a checkpoint covers before a run goes on.
 */
import type { EpochEvent } from "../../contract/events.ts";
import { Failure, hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { type MetricsLine, maximumMetricsBytes, metricsLineSchema } from "../../contract/run.ts";
import { openRegular, readWhole } from "../../system/regular-file.ts";
import { writeFileDurably } from "./durable-file.ts";
import type { Progress } from "./progress.ts";

/** Of a file that is read in parts, the bytes of one: read while training goes on, which waits for milliseconds only. */
const partBytes = 2 ** 16;

/**
 * The lines of a metrics file; none where there is no such file. A last line without its end is one that is being
 * written, or that was when the process was killed: it is left out. Throws a Failure: run-invalid, storage-*.
 */
export async function readMetrics(path: string): Promise<MetricsLine[]> {
  const whole = await readWholeLines(path);
  return whole.lines.map((line, index) => parseLine(line, `${path}:${index + 1}`));
}

/**
 * The same lines, some at a time, of a file that may be growing: up to where it ends when the last of them have been
 * taken. Throws a Failure: run-invalid, storage-*.
 */
export async function* readMetricsInParts(path: string): AsyncGenerator<MetricsLine[]> {
  const handle = await openRegular(path, refusing(path)).catch((error: unknown) => {
    if (hasSystemCode(error, "ENOENT")) return null;
    throw storageFailure(error, path, "read");
  });
  if (handle === null) return;
  try {
    const part = Buffer.alloc(partBytes);
    let rest = Buffer.alloc(0);
    for (let number = 0; ; ) {
      const { bytesRead } = await handle.read(part, 0, partBytes);
      if (bytesRead === 0) return;
      const bytes = Buffer.concat([rest, part.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf("\n");
      rest = bytes.subarray(end + 1);
      if (end >= 0) {
        const lines = bytes.toString("utf8", 0, end).split("\n");
        yield lines.map((line) => parseLine(line, `${path}:${++number}`));
      }
    }
  } catch (error) {
    throw storageFailure(error, path, "read");
  } finally {
    await handle.close();
  }
}

export async function readEpochs(path: string): Promise<EpochEvent[]> {
  return (await readMetrics(path)).filter((line) => line.event === "epoch");
}

/**
 * Drops what was measured after `progress`, readable or not: those lines were not yet synced, and a power cut may have
 * left anything in their place. A damaged line among those that `progress` covers is refused.
 * Throws a Failure: run-invalid, storage-*.
 */
export async function cutMetrics(path: string, progress: Progress): Promise<void> {
  const { lines, torn } = await readWholeLines(path);
  const end = lines.findLastIndex((line) => isCovered(progress, line)) + 1;
  const kept = lines.slice(0, end);
  const covered = kept.map((line, index) => parseLine(line, `${path}:${index + 1}`));
  const next = lines[end];
  // The last epoch before the checkpoint was synced with it: where that is missing, the damage may be in its line.
  if (next !== undefined && !reaches(covered, progress.epochsDone)) parseLine(next, `${path}:${end + 1}`);
  if (torn || end < lines.length) await writeFileDurably(path, kept.map((line) => `${line}\n`).join(""));
}

function isCovered(progress: Progress, line: string): boolean {
  try {
    return covers(progress, parseLine(line, ""));
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

function reaches(lines: readonly MetricsLine[], epoch: number): boolean {
  return epoch === 0 || lines.some((line) => line.event === "epoch" && line.epoch === epoch);
}

function covers(progress: Progress, line: MetricsLine): boolean {
  return line.event === "epoch" ? line.epoch <= progress.epochsDone : line.step <= progress.step;
}

async function readWholeLines(path: string): Promise<{ readonly lines: string[]; readonly torn: boolean }> {
  try {
    const lines = (await readWhole(path, maximumMetricsBytes, refusing(path))).toString("utf8").split("\n");
    const rest = lines.pop();
    return { lines, torn: rest !== "" };
  } catch (error) {
    if (hasSystemCode(error, "ENOENT")) return { lines: [], torn: false };
    throw storageFailure(error, path, "read");
  }
}

function parseLine(line: string, place: string): MetricsLine {
  const parsed = metricsLineSchema.safeParse(parseJson(line, place));
  if (!parsed.success) throw new Failure("run-invalid", `${place}: is neither a step nor an epoch`, remedy);
  return parsed.data;
}

function parseJson(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Failure("run-invalid", `${place}: is not JSON`, remedy);
  }
}

function refusing(path: string): (problem: string) => Failure {
  return (problem) => new Failure("run-invalid", `${path}: ${problem}`, remedy);
}

const remedy = "Restore the file from a copy, or delete it to go on without the curve so far.";
