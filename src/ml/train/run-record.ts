/**
 * run.json: reading it with suspicion, writing it whole. Its shape is in contract/run.ts.
 */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Experiment } from "../../contract/experiment.ts";
import { Failure, hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { resolveExperiment } from "../../contract/parse-experiment.ts";
import { type RunRecord, runFiles, runFormat, runFormatSchema, runRecordSchema } from "../../contract/run.ts";
import { readWhole } from "../../system/regular-file.ts";
import { writeFileDurably } from "./durable-file.ts";

/** A run folder and what its run.json says. */
export interface Run {
  /** Absolute. */
  readonly path: string;
  readonly record: RunRecord;
}

/** No run.json is longer: its largest part is an experiment of some kilobytes. */
const maximumRecordBytes = 2 ** 20;

/** Opens a run folder for reading. Throws a Failure: run-invalid naming what is wrong, storage-*. */
export async function readRun(folder: string): Promise<Run> {
  const path = resolve(folder);
  const file = join(path, runFiles.record);
  return { path, record: parseRecord(await readRecordText(path, file), file) };
}

async function readRecordText(path: string, file: string): Promise<string> {
  try {
    const refuse = (problem: string) => new Failure("run-invalid", `${file}: ${problem}`, restore);
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

const restore = "Restore it from a copy, or train again.";

function parseRecord(text: string, file: string): RunRecord {
  const invalid = (problem: string) => new Failure("run-invalid", `${file}: ${problem}`, restore);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid(text.trim() === "" ? "is empty" : "is cut short or damaged: it is not JSON");
  }
  const version = runFormatSchema.safeParse(json);
  if (!version.success) throw invalid("is not the record of a run: its format is missing");
  const { format, productVersion = "a newer version" } = version.data;
  if (format > runFormat)
    throw new Failure(
      "run-invalid",
      `${file}: written by a newer Latent Lab (${productVersion}, format ${format}; this one reads format ${runFormat})`,
      "Update Latent Lab, then try again.",
    );
  const parsed = runRecordSchema.safeParse(json);
  if (!parsed.success) {
    const place = parsed.error.issues[0]?.path.join(".") ?? "";
    throw invalid(`"${place}" is missing or damaged`);
  }
  const experiment = recordedExperiment(parsed.data.experiment, file);
  const { width, height } = parsed.data.dataset;
  if (width * height !== experiment.model.encoder[0])
    throw invalid(
      `its images of ${width}×${height} do not fit its model of ${experiment.model.encoder[0]} pixels`,
    );
  return { ...parsed.data, experiment };
}

/** The same rules as for an experiment file, but what to do about it differs: nobody wrote this one by hand. */
function recordedExperiment(value: unknown, file: string): Experiment {
  try {
    return resolveExperiment(value, `${file}: experiment`);
  } catch (error) {
    if (error instanceof Failure) throw new Failure("run-invalid", error.message, restore, { cause: error });
    throw error;
  }
}

/** Throws a Failure (storage-*): the record is then as before. */
export async function writeRecord(path: string, record: RunRecord): Promise<void> {
  await writeFileDurably(join(path, runFiles.record), `${JSON.stringify(record, null, 2)}\n`);
}
