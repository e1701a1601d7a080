/**
 * `--set path=value`: changes to an experiment from the command line, applied to the file's value before it is
 * validated. Paths are checked here, because a misspelled one must not add a key; values are checked with the rest.
 */
import { experimentJsonSchema, settingAt, settingNames, settingPaths } from "./experiment-shape.ts";
import { Failure } from "./failure.ts";
import { childOf, isRecord } from "./json-value.ts";
import { nearest } from "./nearest.ts";

type JsonSchema = ReturnType<typeof experimentJsonSchema>;
type Keys = readonly (string | number)[];

interface Change {
  readonly path: string;
  readonly keys: Keys;
  readonly text: string;
}

/**
 * A copy of `experiment` (a JSON value) with the changes made, in their order, but the dataset's kind first: another
 * kind has other settings, so it starts them afresh. The value `null` takes a setting out, back to its default.
 * Throws Failure("usage") naming the path.
 */
export function applySettings(experiment: unknown, settings: readonly string[]): unknown {
  if (settings.length === 0) return experiment;
  const schema = experimentJsonSchema();
  const changes = settings.map((setting) => parseSetting(setting, schema));
  const isDatasetKind = (change: Change) => change.path === datasetKind;
  const ordered = [...changes.filter(isDatasetKind), ...changes.filter((change) => !isDatasetKind(change))];
  let result: unknown = structuredClone(experiment);
  for (const change of ordered) {
    checkPosition(result, change);
    const value = parseValue(change.text, settingAt(schema, change.keys, result));
    const keepsDataset = !isDatasetKind(change) || childOf(childOf(result, "dataset"), "kind") === value;
    result = keepsDataset
      ? withChange(result, change.keys, value)
      : withChange(result, ["dataset"], { kind: value });
  }
  return result;
}

/** The setting that what is wrong at `path` came from, as "--set path": the nearest of them, the last of equals. */
export function settingBehind(path: readonly PropertyKey[], settings: readonly string[]): string | null {
  const schema = experimentJsonSchema();
  let nearest: { readonly path: string; readonly depth: number } | null = null;
  for (const { path: name, keys } of settings.map((setting) => parseSetting(setting, schema))) {
    // Another kind of dataset has replaced all of it.
    const changed = name === datasetKind ? keys.slice(0, -1) : keys;
    const isAround = changed.every((key, index) => key === path[index]);
    if (isAround && changed.length >= (nearest?.depth ?? 0)) nearest = { path: name, depth: changed.length };
  }
  return nearest === null ? null : `--set ${nearest.path}`;
}

const datasetKind = "dataset.kind";

function parseSetting(setting: string, schema: JsonSchema): Change {
  const equals = setting.indexOf("=");
  if (equals < 1) {
    throw new Failure(
      "usage",
      `--set ${setting}: there is no value`,
      "Write --set path=value: --set training.epochs=3",
    );
  }
  const path = setting.slice(0, equals).trim();
  const keys = parsePath(path);
  if (settingAt(schema, keys, undefined) === null) throw unknownPath(path, keys, schema);
  return { path, keys, text: setting.slice(equals + 1).trim() };
}

/** "model.encoder[2]" or "model.encoder.2": names and positions. */
function parsePath(path: string): Keys {
  return path
    .replaceAll(/\[(\d+)\]/g, ".$1")
    .split(".")
    .map((key) => (/^\d{1,5}$/.test(key) ? Number(key) : key));
}

/** Looks for what was meant in the group the path names; where it names none, among all settings there are. */
function unknownPath(path: string, keys: Keys, schema: JsonSchema): Failure {
  const group = keys.length > 1 ? settingAt(schema, keys.slice(0, -1), undefined) : null;
  const names = settingNames(group ?? schema).filter((name) => name !== "$schema");
  const prefix = path.slice(0, path.lastIndexOf(".") + 1);
  const paths = group === null ? settingPaths(schema) : names.map((name) => prefix + name);
  const namesake = paths.find((known) => known.endsWith(`.${path}`));
  const near = group === null ? nearest(path, paths) : nearest(path.slice(prefix.length), names);
  const meant = namesake ?? (near === null || group === null ? near : prefix + near);
  const hint = meant === null ? `The settings here: ${names.join(", ")}.` : `Did you mean ${meant}?`;
  return new Failure("usage", `--set ${path}: there is no such setting`, hint);
}

/** An entry of a list can be changed only where the list has one. */
function checkPosition(experiment: unknown, { path, keys }: Change): void {
  const position = keys.at(-1);
  if (typeof position !== "number") return;
  const list = keys.slice(0, -1).reduce<unknown>(childOf, experiment);
  if (Array.isArray(list) && position < list.length) return;
  const name = keys.slice(0, -1).join(".");
  throw new Failure(
    "usage",
    `--set ${path}: ${Array.isArray(list) ? `${name} has ${list.length} entries` : `${name} is not set`}`,
    `Set the whole list: --set ${name}=784,400,20`,
  );
}

/**
 * JSON where the setting is no text; a list may also be written without its brackets. What cannot be read stays the
 * text it is, and the validator then says what it should have been.
 */
function parseValue(text: string, setting: JsonSchema | null): unknown {
  if (text === "null") return undefined;
  const isText = setting?.type === "string";
  if (isText && !text.startsWith('"')) return text;
  const isBareList = setting?.type === "array" && !text.startsWith("[");
  try {
    return JSON.parse(isBareList ? `[${text}]` : text);
  } catch {
    return text;
  }
}

function withChange(target: unknown, keys: Keys, value: unknown): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  // What has no settings is left for the validator to refuse.
  if (target !== undefined && !isRecord(target) && !Array.isArray(target)) return target;
  if (Array.isArray(target) && typeof key !== "number") return target;
  if (Array.isArray(target) && typeof key === "number") {
    const entries: unknown[] = [...target];
    entries[key] = withChange(entries[key], rest, value);
    return entries;
  }
  const { [key]: old, ...others } = isRecord(target) ? target : {};
  const changed = withChange(old, rest, value);
  return changed === undefined ? others : { ...others, [key]: changed };
}
