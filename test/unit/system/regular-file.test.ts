import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Failure } from "../../../src/contract/failure.ts";
import { readWhole } from "../../../src/system/regular-file.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const refuse = (problem: string) => new Failure("run-invalid", problem, "Name another.");

describe("reading a file whole", () => {
  test("gives what is in it, up to the limit", async (t) => {
    const path = join(temporaryFolder(t), "file");
    writeFileSync(path, "12345");
    assert.equal(String(await readWhole(path, 5, refuse)), "12345");
    await assert.rejects(readWhole(path, 4, refuse), { message: "5 bytes are too many (at most 4)" });
  });

  test("leaves what is not there to the system's words, and refuses folders", async (t) => {
    const folder = temporaryFolder(t);
    await assert.rejects(readWhole(join(folder, "no"), 5, refuse), { code: "ENOENT" });
    await assert.rejects(readWhole(folder, 2 ** 20, refuse), { message: "is a folder, not a file" });
  });

  const pipes = process.platform === "win32" ? "Windows has no pipes in folders" : false;
  test("waits for no pipe and for no device without an end", { skip: pipes }, async (t) => {
    const pipe = join(temporaryFolder(t), "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const path of [pipe, "/dev/zero"])
      await assert.rejects(readWhole(path, 5, refuse), { message: "is not a regular file" });
  });
});
