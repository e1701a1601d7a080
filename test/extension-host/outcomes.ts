/**
 * What the tests inside the extension host leave behind: a file in the workspace, since nothing else is shared by an
 * editor on the desktop, one in a browser, and the process that started either.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";

const outcomesSchema = z.object({
  /** In the order they were run. */
  tests: z.array(z.object({ title: z.string(), problem: z.nullable(z.string()) })),
  /** For people, never asserted: names with their units, and numbers. */
  measured: z.record(z.string(), z.number()),
});
export type Outcomes = z.infer<typeof outcomesSchema>;

const fileName = "host-outcomes.json";

export function writeOutcomes(workspace: string, outcomes: Outcomes): void {
  const file = join(workspace, fileName);
  // In one move: somebody is waiting for it.
  writeFileSync(`${file}.new`, JSON.stringify(outcomes));
  renameSync(`${file}.new`, file);
}

/** Null until the tests are over. */
export function readOutcomes(workspace: string): Outcomes | null {
  const file = join(workspace, fileName);
  return existsSync(file) ? outcomesSchema.parse(JSON.parse(readFileSync(file, "utf8"))) : null;
}
