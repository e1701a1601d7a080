import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { writeOutput } from "../../src/ml/cli/write-output.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

const bytes = Buffer.from("new");

describe("a result written where the user said", () => {
  test("makes a file, or replaces one", async (t) => {
    const path = join(temporaryFolder(t), "file");
    await writeOutput(path, bytes);
    writeFileSync(path, "much longer than what comes");
    await writeOutput(path, bytes);
    assert.equal(readFileSync(path, "utf8"), "new");
  });

  test("goes where a link leads, and the link stays", async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, "file"), "old");
    symlinkSync("file", join(folder, "link"));
    await writeOutput(join(folder, "link"), bytes);
    assert.equal(readFileSync(join(folder, "file"), "utf8"), "new");
    assert.ok(lstatSync(join(folder, "link")).isSymbolicLink());
  });

  test("takes the place of no folder", async (t) => {
    const folder = temporaryFolder(t);
    await assert.rejects(writeOutput(folder, bytes), { code: "usage", message: /is a folder/ });
  });

  const pipes = process.platform === "win32" ? "Windows has no pipes in folders" : false;
  test("takes the place of no pipe or device", { skip: pipes }, async (t) => {
    const folder = temporaryFolder(t);
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    await assert.rejects(writeOutput(pipe, bytes), { code: "usage", message: /a device or a pipe/ });
    assert.ok(lstatSync(pipe).isFIFO());
    assert.deepEqual(readdirSync(folder), ["pipe"]);
  });
});
