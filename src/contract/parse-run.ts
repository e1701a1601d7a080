/**
 * run.json read with suspicion, by the one who goes on with a run and by those who only look at it: a run that looks
 * sound in a list is one that can be used.
 */
import type { Experiment } from "./experiment.ts";
import { Failure } from "./failure.ts";
import { resolveExperiment } from "./parse-experiment.ts";
import { type RunRecord, runFormat, runFormatSchema, runRecordSchema } from "./run.ts";

/** Bytes of run.json, at most: its largest part is an experiment of some kilobytes. */
export const maximumRecordBytes = 2 ** 20;
export const restoreRun = "Restore it from a copy, or train again.";

/** `file` is what errors call it. Throws a Failure (run-invalid) that names what is wrong. */
export function parseRunRecord(text: string, file: string): RunRecord {
  const invalid = (problem: string) => new Failure("run-invalid", `${file}: ${problem}`, restoreRun);
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
    if (error instanceof Failure)
      throw new Failure("run-invalid", error.message, restoreRun, { cause: error });
    throw error;
  }
}
