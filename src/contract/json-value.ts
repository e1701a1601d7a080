/** Looking into a JSON value of unknown shape. Own members only: a file may well hold a key named `__proto__`. */

export function isRecord(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member or entry `key` of an object or a list; undefined where there is none. */
export function childOf(value: unknown, key: PropertyKey): unknown {
  if (Array.isArray(value)) return typeof key === "number" ? value[key] : undefined;
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
