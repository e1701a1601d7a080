/**
 * From what people write to an Experiment that can be trusted: JSON text, the validator, the defaults, and the rules
 * that tie settings together. Every refusal is a Failure("experiment-invalid") that names the file and the JSON path,
 * says what stands there and what should, and what to do; for what a setting of the command line brought in, it is a
 * Failure("usage") that names the setting instead. The words are ours: zod/mini brings none.
 */
import type * as z from "zod/mini";
import { type Experiment, type ExperimentFile, experimentSchema } from "./experiment.ts";
import { experimentJsonSchema, inWords, settingAt, settingNames } from "./experiment-shape.ts";
import { Failure } from "./failure.ts";
import { childOf } from "./json-value.ts";
import { suggestion } from "./nearest.ts";
import { parseJson } from "./parse-json.ts";
import { applySettings, settingBehind } from "./settings.ts";

/** Problems named beside the first one, at most. */
const problemsNamed = 3;

interface Problem {
  readonly message: string;
  readonly hint: string;
}

interface Finding {
  readonly path: readonly PropertyKey[];
  /** `bySetting`: a setting of the command line is to blame. */
  readonly words: (bySetting: boolean) => Problem;
}

/** A rule between settings that is broken, and the setting to look at. */
export interface Contradiction extends Problem {
  readonly path: readonly (string | number)[];
}

/** The experiment in `text`, the contents of `file`, changed by `settings` (each "path=value"). */
export function parseExperiment(text: string, file: string, settings: readonly string[] = []): Experiment {
  return resolveChanged(parseJson(text, file), file, settings);
}

/** The experiment of a preset or of another value made by our own code, changed by `settings`. */
export function changeExperiment(
  experiment: ExperimentFile,
  source: string,
  settings: readonly string[],
): Experiment {
  return resolveChanged(experiment, source, settings);
}

function resolveChanged(value: unknown, source: string, settings: readonly string[]): Experiment {
  const { experiment, findings } = check(applySettings(value, settings));
  if (experiment !== null) return experiment;
  const behind = settingBehind(findings[0]?.path ?? [], settings) ?? breakingSetting(value, settings);
  throw behind === null
    ? toFailure(findings, "experiment-invalid", source)
    : toFailure(findings, "usage", behind);
}

/** Of settings that broke a rule between other settings: the one without which it holds. */
function breakingSetting(value: unknown, settings: readonly string[]): string | null {
  const isSound = (changes: readonly string[]) => check(applySettings(value, changes)).experiment !== null;
  const breaking = settings.findIndex((_, index) => isSound(settings.toSpliced(index, 1)));
  if (breaking >= 0) return `--set ${settings[breaking]?.split("=", 1)[0]}`;
  return isSound([]) ? "--set" : null;
}

/** Validates a JSON value, fills in the defaults and mirrors the decoder; `source` names it in errors. */
export function resolveExperiment(value: unknown, source: string): Experiment {
  const { experiment, findings } = check(value);
  if (experiment === null) throw toFailure(findings, "experiment-invalid", source);
  return experiment;
}

interface Checked {
  /** Null where there are findings. */
  readonly experiment: Experiment | null;
  readonly findings: readonly Finding[];
}

function check(value: unknown): Checked {
  const result = experimentSchema.safeParse(value);
  if (!result.success) return { experiment: null, findings: findingsIn(result.error.issues, value) };
  const experiment = withDecoder(result.data);
  const findings = contradictions(experiment).map(({ path, ...problem }) => ({ path, words: () => problem }));
  return { experiment: findings.length === 0 ? experiment : null, findings };
}

/** What is wrong with a JSON value that the schema alone cannot say; nothing where the schema refuses it already. */
export function contradictionsIn(value: unknown): readonly Contradiction[] {
  const result = experimentSchema.safeParse(value);
  return result.success ? contradictions(withDecoder(result.data)) : [];
}

function withDecoder({ $schema: _, ...experiment }: z.output<typeof experimentSchema>): Experiment {
  const decoder = experiment.model.decoder ?? [...experiment.model.encoder].reverse();
  return { ...experiment, model: { ...experiment.model, decoder } };
}

/**
 * Throws where the model's input is not an image of the dataset, which is known only once its files are open.
 * `source` names the experiment in errors.
 */
export function checkAgainstDataset(
  experiment: Experiment,
  source: string,
  width: number,
  height: number,
): void {
  const { encoder } = experiment.model;
  const pixels = width * height;
  if (encoder[0] === pixels) return;
  const fixed = [pixels, ...encoder.slice(1)].join(", ");
  const resize =
    experiment.dataset.kind === "folder" ? ", or choose another dataset.width and dataset.height" : "";
  throw new Failure(
    "experiment-invalid",
    `${source}: model.encoder[0] is ${encoder[0]}, but the images have ${width}×${height} = ${pixels} pixels`,
    `Set model.encoder to [${fixed}]${resize}.`,
  );
}

/** A file of nonsense has many thousand problems: only those that are named are put into words. */
function toFailure(found: readonly Finding[], code: "experiment-invalid" | "usage", source: string): Failure {
  const [first, ...others] = found.slice(0, 1 + problemsNamed).map(({ words }) => words(code === "usage"));
  if (first === undefined) throw new RangeError("a failure needs a problem");
  const named = others.map((problem) => problem.message);
  const unnamed = found.length - 1 - named.length;
  const more = unnamed > 0 ? [...named, `${unnamed} more`] : named;
  const also = more.length > 0 ? ` Also: ${more.join("; ")}.` : "";
  return new Failure(code, `${source}: ${first.message}`, `${first.hint}${also}`);
}

/** Unknown keys come first: a misspelled key explains why another one is missing. One problem per place. */
function findingsIn(issues: readonly z.core.$ZodIssue[], value: unknown): Finding[] {
  const unknown = issues.filter((issue) => issue.code === "unrecognized_keys");
  const others = issues.filter((issue) => issue.code !== "unrecognized_keys");
  const places = new Map(others.toReversed().map((issue) => [pathInWords(issue.path), issue]));
  return [
    ...unknown.flatMap(({ keys, path }) =>
      keys.map((key) => ({ path: [...path, key], words: () => unknownKey(path, key, value) })),
    ),
    ...[...places.values()].toReversed().map(({ path }) => ({
      path,
      words: (bySetting: boolean) => wrongValue(path, value, bySetting),
    })),
  ];
}

function unknownKey(path: readonly PropertyKey[], key: string, value: unknown): Problem {
  const shape = settingAt(experimentJsonSchema(), path, value);
  const names = shape === null ? [] : settingNames(shape).filter((name) => name !== "$schema");
  const place = pathInWords(path);
  const kind = shape?.properties?.kind && path[0] === "dataset" ? ` of this kind of dataset` : "";
  return {
    message: `${pathInWords([...path, key])} is not a setting${kind}`,
    hint: suggestion(key, names, place === "" ? "The settings" : `The settings of ${place}`),
  };
}

function wrongValue(path: readonly PropertyKey[], value: unknown, bySetting: boolean): Problem {
  const shape = settingAt(experimentJsonSchema(), path, value);
  const place = pathInWords(path) || "the experiment";
  const found = path.reduce<unknown>(childOf, value);
  const expected = shape === null ? "something else" : inWords(shape);
  const hint = remedy(path, value);
  if (found !== undefined) return { message: `${place} must be ${expected}, not ${shown(found)}`, hint };
  const message = `${place} is missing; it must be ${expected}`;
  return { message, hint: bySetting ? `Add --set ${place}=VALUE. ${hint}` : hint };
}

/** What the setting is for, in the schema's words, or what the one around it is for. */
function remedy(path: readonly PropertyKey[], value: unknown): string {
  const schema = experimentJsonSchema();
  for (let length = path.length; length > 0; length--) {
    const around = path.slice(0, length);
    const description = settingAt(schema, around, value)?.description;
    if (description !== undefined) return `${pathInWords(around)}: ${description}`;
  }
  if (path.length > 0 && path[0] !== "model") return `Correct ${pathInWords(path)}.`;
  return 'The least that an experiment says: { "model": { "kind": "variational", "encoder": [784, 400, 20] } }';
}

/** What the schema alone cannot say: settings that do not go together. */
function contradictions(experiment: Experiment): Contradiction[] {
  const { model, loss } = experiment;
  const problems: Contradiction[] = [];
  const pixels = model.encoder[0];
  const latent = model.encoder.at(-1);
  if (model.decoder[0] !== latent) {
    problems.push({
      path: ["model", "decoder", 0],
      message: `model.decoder[0] is ${model.decoder[0]}, but the encoder ends with ${latent} latent dimensions`,
      hint: "Start the decoder with the encoder's last width, or leave model.decoder out to mirror the encoder.",
    });
  }
  if (model.decoder.at(-1) !== pixels) {
    const last = model.decoder.length - 1;
    problems.push({
      path: ["model", "decoder", last],
      message: `model.decoder[${last}] is ${model.decoder[last]}, but the encoder starts with ${pixels} pixels`,
      hint: "End the decoder with the encoder's first width, or leave model.decoder out to mirror the encoder.",
    });
  }
  if (loss.reconstruction === "bce" && model.outputActivation !== "sigmoid") {
    problems.push({
      path: ["model", "outputActivation"],
      message: `model.outputActivation is "${model.outputActivation}", but loss.reconstruction "bce" needs "sigmoid"`,
      hint: 'Set model.outputActivation to "sigmoid", or loss.reconstruction to "mse".',
    });
  }
  if (model.kind === "variational" && model.latentActivation !== "linear") {
    problems.push({
      path: ["model", "latentActivation"],
      message: `model.latentActivation is "${model.latentActivation}", but a variational model's latents are linear`,
      hint: 'Leave model.latentActivation out, or set model.kind to "autoencoder".',
    });
  }
  if (model.kind === "autoencoder" && loss.beta !== 1) {
    problems.push({
      path: ["loss", "beta"],
      message: `loss.beta is ${loss.beta}, but a plain autoencoder has no KL divergence to weigh`,
      hint: 'Leave loss.beta out, or set model.kind to "variational".',
    });
  }
  return problems;
}

/** "model.encoder[1]"; the empty text for the whole. */
function pathInWords(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) =>
      typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${nameInWords(key)}`,
    )
    .join("");
}

function nameInWords(key: PropertyKey): string {
  const name = String(key);
  return /^[$\w-]{1,60}$/.test(name) ? name : shown(name);
}

/** A value as an error quotes it: short, on one line. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 58)}…"`;
}
