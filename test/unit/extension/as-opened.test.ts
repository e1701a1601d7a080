import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { asOpened } from "../../../src/extension/as-opened.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

test("what lies in a workspace folder that was opened through a link is named as below the link", (t) => {
  const folder = temporaryFolder(t);
  const real = join(folder, "real");
  const link = join(folder, "link");
  const run = join(".latent-lab", "runs", "one");
  mkdirSync(join(real, run), { recursive: true });
  symlinkSync(real, link, "junction");
  assert.equal(asOpened(join(real, run), [link]), join(link, run));
  assert.equal(asOpened(real, [link]), link);
  assert.equal(asOpened(join(link, run), [link]), join(link, run));
  assert.equal(asOpened(join(real, run), [real]), join(real, run));
});

test("of folders that lie in each other the innermost counts, and what lies in none stays as it is", (t) => {
  const folder = temporaryFolder(t);
  const inner = join(folder, "outer", "inner");
  mkdirSync(inner, { recursive: true });
  const link = join(folder, "link");
  symlinkSync(inner, link, "junction");
  assert.equal(asOpened(join(inner, "gone"), [join(folder, "outer")]), join(inner, "gone"));
  assert.equal(asOpened(inner, [join(folder, "outer"), link]), link);
  assert.equal(asOpened(join(folder, "outer"), [inner]), join(folder, "outer"));
  assert.equal(asOpened(join(folder, "..inner"), [folder]), join(folder, "..inner"));
});
