/** What holds for every validator of the contract. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const folder = join(import.meta.dirname, "../../../src/contract");

test("validators are built when they are first used, and not while a window waits for its extensions", async () => {
  const kinds = new Map<string, string>();
  for (const file of readdirSync(folder)) {
    const exported: Record<string, unknown> = await import(pathToFileURL(join(folder, file)).href);
    for (const [name, value] of Object.entries(exported))
      if (isValidator(value)) kinds.set(`${file} ${name}`, value._zod.def.type);
  }
  assert.ok(kinds.size > 20, `only ${kinds.size} validators were found`);
  assert.deepEqual(
    [...kinds].filter(([, kind]) => kind !== "lazy"),
    [],
  );
});

function isValidator(value: unknown): value is { _zod: { def: { type: string } } } {
  return typeof value === "object" && value !== null && "_zod" in value;
}
