/** The images of a run that is there already: MNIST is looked for first where the run's own training found it. */
import { Failure, hasSystemCode } from "../../contract/failure.ts";
import type { RunRecord } from "../../contract/run.ts";
import { byDataFolder } from "../data/data-folder-words.ts";
import type { Dataset } from "../data/dataset.ts";
import { loadDataset } from "../data/load-dataset.ts";

type Options = Omit<Parameters<typeof loadDataset>[1], "baseFolder">;

/**
 * Of MNIST, a folder named now wins over that of the run; one that is gone is no reason not to look elsewhere. The folder
 * that an experiment names is the only one there is. Throws a Failure.
 */
export async function loadRunData(
  { experiment, baseFolder, dataFolder }: Pick<RunRecord, "experiment" | "baseFolder" | "dataFolder">,
  options: Options,
): Promise<Dataset> {
  const load = (data: string | undefined) =>
    loadDataset(experiment.dataset, { ...options, baseFolder, data });
  if ("path" in experiment.dataset) return load(options.data).catch(refuseGone);
  if (options.data !== undefined || dataFolder === null) return load(options.data);
  try {
    return await load(dataFolder);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  try {
    return await load(undefined);
  } catch (error) {
    if (!isGone(error)) throw error;
    throw new Failure(
      error.code,
      error.message,
      `The run found its images in ${dataFolder}, where they are no more. Name their folder: ${byDataFolder}.`,
      { cause: error },
    );
  }
}

function refuseGone(error: unknown): never {
  // What is there and lacks something has a hint of its own.
  if (!(error instanceof Failure && hasSystemCode(error.cause, "ENOENT"))) throw error;
  const hint =
    "The run was trained on it: put the folder back there. Without it the model still encodes, decodes and samples.";
  throw new Failure(error.code, error.message, hint, { cause: error });
}

function isGone(error: unknown): error is Failure {
  const codes = ["dataset-missing", "download-failed", "storage-denied", "storage-failed"];
  return error instanceof Failure && codes.includes(error.code);
}
