import assert from "node:assert/strict";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { writeAll } from "../../../src/ml/data/write-all.ts";
import { smallDisk } from "../../fixtures/small-disk.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

test("bytes are written at their position", async (t) => {
  const path = join(temporaryFolder(t), "file");
  const handle = await open(path, "wx");
  await writeAll(handle, Buffer.from("world"), 6);
  await writeAll(handle, Buffer.from("hello "), 0);
  await writeAll(handle, new Uint8Array(0), 3);
  await handle.close();
  assert.equal(await readFile(path, "utf8"), "hello world");
});

test("a disk with room for a part of the bytes is full, not written to by halves", async (t) => {
  const disk = smallDisk(t, 64);
  if (disk === null) return;
  const handle = await open(join(disk.path, "file"), "wx");
  const bytes = new Uint8Array(2 ** 20);
  try {
    // What this guards against: the system's own call reports no error.
    const { bytesWritten } = await handle.write(bytes, 0, bytes.length, 0);
    assert.ok(bytesWritten > 0 && bytesWritten < bytes.length);
    await assert.rejects(writeAll(handle, bytes, 0), { code: "ENOSPC" });
  } finally {
    await handle.close();
  }
});
