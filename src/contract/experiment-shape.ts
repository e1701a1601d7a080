/**
 * The experiment's validator seen as a tree of settings: what there is at a path, and what it may be, in words.
 * Derived from the validator by way of its JSON schema, so that errors and `--set` know every setting there is.
 */
import * as z from "zod/mini";
import { experimentSchema } from "./experiment.ts";
import { childOf } from "./json-value.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;
type Path = readonly PropertyKey[];

/** The published JSON schema of the experiment file. */
export function experimentJsonSchema(): JsonSchema {
  return {
    ...z.toJSONSchema(experimentSchema, { io: "input", target: "draft-7" }),
    title: "Latent Lab experiment",
    description: "What to train, on what, and how.",
  };
}

/** What may stand at `path` of `value`; null where there is no such setting. Of a union, the member `value` names. */
export function settingAt(schema: JsonSchema, path: Path, value: unknown): JsonSchema | null {
  const shape = chooseMember(schema, value);
  const [key, ...rest] = path;
  if (key === undefined) return shape;
  if (key === "kind" && shape.oneOf) return { type: "string", enum: kinds(shape) };
  for (const member of shape.oneOf ?? [shape]) {
    const next = asSchema(typeof key === "number" ? member.items : ownProperty(member, String(key)));
    if (next !== null) return settingAt(next, rest, childOf(value, key));
  }
  return null;
}

/** The names of the settings directly inside `schema`. */
export function settingNames(schema: JsonSchema): string[] {
  return [
    ...new Set(
      (schema.oneOf ?? [schema]).flatMap((member) => Object.keys(asSchema(member)?.properties ?? {})),
    ),
  ];
}

/** Every path there is, as people write them: "training.earlyStopping.patience". */
export function settingPaths(schema: JsonSchema, prefix = ""): string[] {
  return settingNames(schema).flatMap((name) => {
    const path = `${prefix}${name}`;
    const inner = settingAt(schema, [name], undefined);
    return inner === null ? [path] : [path, ...settingPaths(inner, `${path}.`)];
  });
}

/** What a setting must be, to follow "must be": "a whole number from 1 to 100000". */
export function inWords(schema: JsonSchema): string {
  const choices = schema.enum ?? (schema.const === undefined ? null : [schema.const]);
  if (choices) return listWithOr(choices.map((choice) => JSON.stringify(choice)));
  if (schema.oneOf)
    return `an object with a kind: ${listWithOr(kinds(schema).map((kind) => JSON.stringify(kind)))}`;
  switch (schema.type) {
    case "integer":
      return `a whole number${range(schema)}`;
    case "number":
      return `a number${range(schema)}`;
    case "string":
      return schema.maxLength === undefined
        ? `a text${schema.minLength === undefined ? "" : " that is not empty"}`
        : `a text of ${schema.minLength} to ${schema.maxLength} characters`;
    case "boolean":
      return "true or false";
    case "array": {
      const entry = asSchema(schema.items);
      const each = entry === null ? "" : `, each ${inWords(entry)}`;
      return `a list of ${schema.minItems ?? 0} to ${schema.maxItems ?? "many"} entries${each}`;
    }
    default:
      return "an object { … }";
  }
}

/** What tells the members of a union apart: "mnist", "folder", … */
function kinds(schema: JsonSchema): (string | number | boolean | null)[] {
  return (schema.oneOf ?? []).map((member) => asSchema(member.properties?.kind)?.const ?? null);
}

function range({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: JsonSchema): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const low = minimum !== undefined ? `at least ${minimum}` : `above ${exclusiveMinimum}`;
  const high = maximum !== undefined ? `at most ${maximum}` : `below ${exclusiveMaximum}`;
  const hasLow = minimum !== undefined || exclusiveMinimum !== undefined;
  const hasHigh = maximum !== undefined || exclusiveMaximum !== undefined;
  if (hasLow && hasHigh) return ` ${low} and ${high}`;
  return hasLow ? ` ${low}` : hasHigh ? ` ${high}` : "";
}

/** Own properties only: `__proto__` is a name that people may write, and no setting. */
function ownProperty({ properties = {} }: JsonSchema, name: string): JsonSchema["items"] {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

function chooseMember(schema: JsonSchema, value: unknown): JsonSchema {
  const kind = childOf(value, "kind");
  const chosen = schema.oneOf?.find((member) => asSchema(asSchema(member)?.properties?.kind)?.const === kind);
  return asSchema(chosen) ?? schema;
}

function asSchema(schema: JsonSchema["items"]): JsonSchema | null {
  return typeof schema === "object" && !Array.isArray(schema) ? schema : null;
}

function listWithOr(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
