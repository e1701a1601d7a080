// Writes schemas/experiment.schema.json from the validator in src/contract/experiment.ts, or with --check says
// whether the committed file is up to date. Needs a Node that strips types (22.18 or later).
import { readFile, writeFile } from "node:fs/promises";
import { experimentJsonSchema } from "../src/contract/experiment-shape.ts";

const file = new URL("../schemas/experiment.schema.json", import.meta.url);
const current = `${JSON.stringify(experimentJsonSchema(), null, 2)}\n`;

if (process.argv.includes("--check")) {
  const committed = await readFile(file, "utf8").catch(() => "");
  if (committed !== current) {
    console.error("schemas/experiment.schema.json is not what src/contract/experiment.ts says.");
    console.error("Run: node scripts/run.mjs schema");
    process.exitCode = 1;
  }
} else {
  await writeFile(file, current);
}
