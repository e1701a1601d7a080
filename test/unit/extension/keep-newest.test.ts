// Files that pile up: the newest stay, by the time of their writing and not by their names.
import assert from "node:assert/strict";
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { keepNewest } from "../../../src/extension/keep-newest.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

test("the newest files stay", async (t) => {
  const folder = temporaryFolder(t);
  for (const [age, name] of ["c.png", "a.png", "d.png", "b.png"].entries()) {
    writeFileSync(join(folder, name), name);
    utimesSync(join(folder, name), 1000 - age, 1000 - age);
  }
  await keepNewest(folder, 2);
  assert.deepEqual(readdirSync(folder).sort(), ["a.png", "c.png"]);
  await keepNewest(folder, 2);
  assert.equal(readdirSync(folder).length, 2);
});

test("a folder that is not there is no error", async (t) => {
  await keepNewest(join(temporaryFolder(t), "nowhere"), 2);
});
