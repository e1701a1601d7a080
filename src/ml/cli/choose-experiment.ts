/** The experiment that `train` was asked for: a file, a preset, or the file that lies here; with the changes asked for. */
import { isUtf8 } from "node:buffer";
import { dirname, resolve } from "node:path";
import type { Experiment } from "../../contract/experiment.ts";
import { Failure, hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { changeExperiment, parseExperiment } from "../../contract/parse-experiment.ts";
import { findPreset, presets } from "../../contract/presets.ts";
import { settingBehind } from "../../contract/settings.ts";
import { readWhole } from "../../system/regular-file.ts";

export interface ExperimentChoice {
  readonly file?: string;
  readonly preset?: string;
  /** "path=value" each. */
  readonly set: readonly string[];
  readonly epochs?: number;
  readonly batch?: number;
  readonly seed?: number;
}

export interface ChosenExperiment {
  readonly experiment: Experiment;
  /** What errors about the size of its images call it: the setting that changed it, the file, or the preset's name. */
  readonly source: string;
  /** Absolute; null for a preset. */
  readonly file: string | null;
  /** Where relative paths in it start. */
  readonly baseFolder: string;
}

const fileLookedFor = "latent-lab.json";
/** Bytes of an experiment file, at most: it is read whole. */
const maximumBytes = 4_000_000;

/** Throws a Failure: usage, also for a setting that does not fit; experiment-invalid, storage-*. */
export async function chooseExperiment(choice: ExperimentChoice): Promise<ChosenExperiment> {
  const settings = settingsOf(choice);
  const sourceOf = (named: string) => settingBehind(["model", "encoder", 0], settings) ?? named;
  if (choice.preset !== undefined) {
    if (choice.file !== undefined) {
      throw new Failure(
        "usage",
        `both a file (${choice.file}) and a preset (${choice.preset}) are given`,
        "Give one of them.",
      );
    }
    const preset = findPreset(choice.preset);
    return {
      experiment: changeExperiment(preset.experiment, preset.name, settings),
      source: sourceOf(preset.name),
      file: null,
      baseFolder: process.cwd(),
    };
  }
  const file = choice.file ?? fileLookedFor;
  const text = await readExperiment(file, choice.file === undefined);
  const experiment = parseExperiment(text, file, settings);
  const path = resolve(file);
  return { experiment, source: sourceOf(file), file: path, baseFolder: dirname(path) };
}

/** The options that are settings under a shorter name; they come after --set and so have the last word. */
function settingsOf({ set, epochs, batch, seed }: ExperimentChoice): string[] {
  const settings = [...set];
  if (epochs !== undefined) settings.push(`training.epochs=${epochs}`);
  if (batch !== undefined) settings.push(`training.batch=${batch}`);
  if (seed !== undefined) settings.push(`training.seed=${seed}`);
  return settings;
}

async function readExperiment(file: string, isDefault: boolean): Promise<string> {
  const refuse = (problem: string) =>
    new Failure("experiment-invalid", `${file}: ${problem}`, "Name an experiment file, in JSON and UTF-8.");
  try {
    const bytes = await readWhole(file, maximumBytes, refuse);
    if (isUtf8(bytes)) return bytes.toString("utf8");
    throw refuse("is not UTF-8 text");
  } catch (error) {
    if (isDefault && hasSystemCode(error, "ENOENT")) {
      throw new Failure(
        "usage",
        `nothing to train: no file and no preset is given, and there is no ${fileLookedFor} here`,
        `Name a file, or a preset: ${presets.map((preset) => preset.name).join(", ")}.`,
      );
    }
    throw storageFailure(error, file, "read");
  }
}
