import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { LineLog, writeFileDurably } from "../../../src/ml/train/durable-file.ts";
import { failsWith } from "../../fixtures/failures.ts";
import { smallDisk } from "../../fixtures/small-disk.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

describe("a file written durably", () => {
  test("holds its parts one after another, and nothing lies beside it", async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, "file");
    await writeFileDurably(path, "one ", Uint8Array.of(116, 119, 111));
    assert.equal(readFileSync(path, "utf8"), "one two");
    assert.deepEqual(readdirSync(folder), ["file"]);
  });

  test("replaces the one before as a whole", async (t) => {
    const path = join(temporaryFolder(t), "file");
    writeFileSync(path, "much longer than what comes");
    await writeFileDurably(path, "short");
    assert.equal(readFileSync(path, "utf8"), "short");
  });

  test("in a folder that is not there is refused with the file's name", async (t) => {
    const path = join(temporaryFolder(t), "no", "file");
    await failsWith(() => writeFileDurably(path, "x"), "storage-failed", path);
  });

  test("on a full disk leaves the old file untouched and nothing beside it", async (t) => {
    const disk = smallDisk(t, 64);
    if (disk === null) return;
    const path = join(disk.path, "file");
    await writeFileDurably(path, "old");
    await assert.rejects(writeFileDurably(path, new Uint8Array(100_000)), { code: "storage-full" });
    assert.equal(readFileSync(path, "utf8"), "old");
    assert.deepEqual(readdirSync(disk.path), ["file"]);
  });

  test("without permission is refused as that", async (t) => {
    const disk = smallDisk(t, 64);
    if (disk === null) return;
    const path = join(disk.path, "file");
    await writeFileDurably(path, "old");
    disk.makeReadOnly();
    await assert.rejects(writeFileDurably(path, "new"), { code: "storage-denied" });
    assert.equal(readFileSync(path, "utf8"), "old");
  });
});

describe("a log of lines", () => {
  test("goes on where it ended", async (t) => {
    const path = join(temporaryFolder(t), "log");
    for (const line of ["one", "two"]) {
      const log = await LineLog.open(path);
      await log.append(line);
      await log.sync();
      await log.close();
    }
    assert.equal(readFileSync(path, "utf8"), "one\ntwo\n");
  });

  test("on a full disk holds whole lines only", async (t) => {
    const disk = smallDisk(t, 64);
    if (disk === null) return;
    const path = join(disk.path, "log");
    const log = await LineLog.open(path);
    const line = "x".repeat(6_000);
    const fill = async () => {
      for (;;) await log.append(line);
    };
    await assert.rejects(fill(), { code: "storage-full" });
    await log.close();
    assert.equal(statSync(path).size % (line.length + 1), 0);
    assert.ok(statSync(path).size > 0);
  });
});
