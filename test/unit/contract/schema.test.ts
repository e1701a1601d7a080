import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import {
  experimentJsonSchema,
  inWords,
  settingAt,
  settingPaths,
} from "../../../src/contract/experiment-shape.ts";

test("the published schema is what the validator says", async () => {
  const file = new URL("../../../schemas/experiment.schema.json", import.meta.url);
  assert.deepEqual(
    JSON.parse(await readFile(file, "utf8")),
    JSON.parse(JSON.stringify(experimentJsonSchema())),
    "run: node scripts/run.mjs schema",
  );
});

test("the schema is a draft that editors read, and wants only the model", () => {
  const schema = experimentJsonSchema();
  assert.equal(schema.$schema, "http://json-schema.org/draft-07/schema#");
  assert.deepEqual(schema.required, ["model"]);
});

test("every setting can be found by its path and has words for what it may be", () => {
  const schema = experimentJsonSchema();
  const paths = settingPaths(schema);
  assert.ok(paths.includes("training.earlyStopping.patience"));
  assert.ok(paths.includes("dataset.testFraction"));
  for (const path of paths) {
    const setting = settingAt(schema, path.split("."), undefined);
    assert.ok(setting !== null, path);
    assert.doesNotMatch(inWords(setting), /undefined|NaN/, path);
  }
});

test("every setting that holds a value tells editors what it is for", () => {
  const schema = experimentJsonSchema();
  for (const path of settingPaths(schema)) {
    const setting = settingAt(schema, path.split("."), undefined);
    if (setting?.type === "object" || setting?.oneOf || path === "dataset.kind") continue;
    assert.ok(setting?.description, path);
  }
});
