/** Builds wait for each other, and for nothing that is not a build any more. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const lockModule = new URL("../../../scripts/build-lock.mjs", import.meta.url).href;

/** A process that takes the lock and gives it back; says its number while it has it. */
const takeLock = `
  import { readFileSync } from "node:fs";
  import { lock } from ${JSON.stringify(lockModule)};
  const file = process.argv[1];
  const release = await lock(file);
  console.log(readFileSync(file, "utf8") === String(process.pid));
  await release();
`;

function build(file: string): ReturnType<typeof execFile> {
  return execFile(process.execPath, ["--input-type=module", "-e", takeLock, file], { timeout: 20_000 });
}

async function assertTaken(file: string): Promise<void> {
  const args = ["--input-type=module", "-e", takeLock, file];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
  assert.deepEqual([stdout, stderr], ["true\n", ""]);
}

function lockFile(t: TestContext): string {
  return join(temporaryFolder(t), "build.lock");
}

function makeOlder(file: string, seconds: number): void {
  const then = Date.now() / 1000 - seconds;
  utimesSync(file, then, then);
}

test("a free lock is taken and given back, and nothing is left behind", async (t) => {
  const file = lockFile(t);
  await assertTaken(file);
  assert.deepEqual(readdirSync(join(file, "..")), []);
});

test("the lock of a process that has ended is taken over", async (t) => {
  const file = lockFile(t);
  const { pid } = spawnSync(process.execPath, ["--version"]);
  writeFileSync(file, String(pid));
  await assertTaken(file);
});

for (const content of ["", "no number", "-1"]) {
  test(`a lock that names no owner (${JSON.stringify(content)}) is taken over when it is not new`, async (t) => {
    const file = lockFile(t);
    writeFileSync(file, content);
    makeOlder(file, 2);
    await assertTaken(file);
  });
}

test("a lock older than any build is taken over, whoever has its owner's number now", async (t) => {
  const file = lockFile(t);
  writeFileSync(file, String(process.pid));
  makeOlder(file, 700);
  await assertTaken(file);
});

test("a build waits for one that is running, and says once for whom", async (t) => {
  const file = lockFile(t);
  writeFileSync(file, String(process.pid));
  const child = build(file);
  let stderr = "";
  child.stderr?.on("data", (text: string) => {
    stderr += text;
    // Seen waiting with the lock in place: now the other build is done.
    assert.equal(readFileSync(file, "utf8"), String(process.pid));
    rmSync(file);
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 0);
  assert.equal(stderr, `Waiting for another build (process ${process.pid}) …\n`);
});
