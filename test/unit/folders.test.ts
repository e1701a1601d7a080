import assert from "node:assert/strict";
import { existsSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { hasSystemCode } from "../../src/contract/failure.ts";
import { makeFolder } from "../../src/ml/folders.ts";
import { smallDisk } from "../fixtures/small-disk.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

describe("making a folder", () => {
  test("makes those it lies in, and says whether it was there", async (t) => {
    const path = join(temporaryFolder(t), "one", "two", "three");
    assert.equal(await makeFolder(path), true);
    assert.ok(statSync(path).isDirectory());
    assert.equal(await makeFolder(path), false);
  });

  test("goes for all who want it at once", async (t) => {
    const path = join(temporaryFolder(t), "one", "two", "three");
    await Promise.all(Array.from({ length: 20 }, () => makeFolder(path)));
    assert.ok(statSync(path).isDirectory());
  });

  test("takes a link to a folder for one", async (t) => {
    const folder = temporaryFolder(t);
    symlinkSync(folder, join(folder, "link"), "junction");
    assert.equal(await makeFolder(join(folder, "link")), false);
  });

  test("over a file, or below one, is refused", async (t) => {
    const file = join(temporaryFolder(t), "file");
    writeFileSync(file, "");
    await assert.rejects(makeFolder(file), { code: "EEXIST" });
    await assert.rejects(makeFolder(join(file, "inside")), (error) =>
      hasSystemCode(error, "ENOTDIR", "EEXIST"),
    );
  });

  test("on a read-only file system is refused as that", async (t) => {
    const disk = smallDisk(t, 64);
    if (disk === null) return;
    disk.makeReadOnly();
    await assert.rejects(makeFolder(join(disk.path, "one", "two")), { code: "EROFS" });
  });

  const proc = existsSync("/proc/self") ? false : "only Linux has a folder that takes no other";
  test("where the file system takes none ends, and says so", { skip: proc }, async () => {
    for (const path of ["/proc/one", "/proc/one/two"])
      await assert.rejects(makeFolder(path), { code: "storage-denied", message: /no folder can be made/ });
  });
});
