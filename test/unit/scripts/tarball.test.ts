/** Files out of an npm package's tarball, as the packages for other platforms take their Node from it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const tarballModule = new URL("../../../scripts/tarball.mjs", import.meta.url).href;

/** A header and its content (POSIX tar), with what the reader looks at. */
function entry(name: string, content: string, { type = "0", prefix = "" } = {}): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, "latin1");
  header.write(`${Buffer.byteLength(content).toString(8).padStart(11, "0")}\0`, 124, "latin1");
  header.write(type, 156, "latin1");
  header.write("ustar\0", 257, "latin1");
  header.write(prefix, 345, "latin1");
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body]);
}

const end = Buffer.alloc(1024);

/** What the reader finds, in a process of its own: it is plain JavaScript. */
function read(folder: string, tarball: Buffer, names: readonly string[]): unknown {
  const file = join(folder, "package.tgz");
  writeFileSync(file, tarball);
  const script = `
    import { readFileSync } from "node:fs";
    import { filesOfTarball } from ${JSON.stringify(tarballModule)};
    const [file, ...names] = process.argv.slice(1);
    const found = await filesOfTarball(readFileSync(file), names);
    console.log(JSON.stringify(Object.fromEntries([...found].map(([name, bytes]) => [name, String(bytes)]))));`;
  const args = ["--input-type=module", "-e", script, file, ...names];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", stdio: "pipe" }));
}

test("files are found by name below the package's folder, whatever their size and whatever is between them", (t) => {
  const long = "x".repeat(512);
  const tarball = gzipSync(
    Buffer.concat([
      entry("package/", "", { type: "5" }),
      entry("package/empty", ""),
      entry("PaxHeader/package/bin/node", "27 path=package/elsewhere\n", { type: "x" }),
      entry("package/bin/node", `${long}!`),
      entry("LICENSE", long, { prefix: "package" }),
      entry("package/link", "", { type: "2" }),
      end,
    ]),
  );
  const names = ["empty", "bin/node", "LICENSE", "link", "none"];
  assert.deepEqual(read(temporaryFolder(t), tarball, names), {
    empty: "",
    "bin/node": `${long}!`,
    LICENSE: long,
  });
});

test("what is no tarball is refused", (t) => {
  const folder = temporaryFolder(t);
  assert.throws(() => read(folder, gzipSync(Buffer.alloc(2048, "?")), ["LICENSE"]), /this is no tarball/);
  assert.throws(() => read(folder, Buffer.from("<html>"), ["LICENSE"]), /incorrect header check/);
});
