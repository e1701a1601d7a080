import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import { acquireLock, liveHolder } from "../../../src/ml/train/run-lock.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const lockModule = new URL("../../../src/ml/train/run-lock.ts", import.meta.url).href;

/** Another process that tries for the lock, says "held" or the code of the failure, and lives until it is killed. */
function contender(t: TestContext, path: string) {
  const script = `
    const { acquireLock } = await import(${JSON.stringify(lockModule)});
    console.log(await acquireLock(process.argv[1], "the run").then(() => "held", (error) => error.code));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, path]);
  t.after(() => child.kill("SIGKILL"));
  const answer = once(createInterface(child.stdout), "line").then(([line]) => String(line));
  return { child, answer };
}

async function killed(t: TestContext, path: string): Promise<number> {
  const { child, answer } = contender(t, path);
  assert.equal(await answer, "held");
  child.kill("SIGKILL");
  await once(child, "exit");
  return child.pid ?? 0;
}

describe("a run's lock", () => {
  test("keeps a second writer out, naming the first, until it is released", async (t) => {
    const path = join(temporaryFolder(t), "writer.json");
    const lock = await acquireLock(path, "the run");
    await assert.rejects(acquireLock(path, "the run"), {
      code: "run-busy",
      message: new RegExp(`^the run: process ${process.pid} `),
    });
    assert.equal((await liveHolder(path))?.pid, process.pid);
    await lock.release();
    await lock.release();
    assert.equal(await liveHolder(path), null);
    await (await acquireLock(path, "the run")).release();
    assert.ok(!existsSync(path));
  });

  test("keeps another process out", async (t) => {
    const path = join(temporaryFolder(t), "writer.json");
    await acquireLock(path, "the run");
    assert.equal(await contender(t, path).answer, "run-busy");
  });

  test("of a process killed with SIGKILL is taken over at once", async (t) => {
    const path = join(temporaryFolder(t), "writer.json");
    const pid = await killed(t, path);
    assert.equal(JSON.parse(readFileSync(path, "utf8")).pid, pid);
    assert.equal(await liveHolder(path), null);
    const lock = await acquireLock(path, "the run");
    assert.equal((await liveHolder(path))?.pid, process.pid);
    await lock.release();
    assert.deepEqual(readdirSync(join(path, "..")), []);
  });

  test("is taken over although its process number is in use again", {
    skip: process.platform === "linux" ? false : "only Linux tells when a process started",
  }, async (t) => {
    const path = join(temporaryFolder(t), "writer.json");
    await killed(t, path);
    const stale = JSON.parse(readFileSync(path, "utf8"));
    // This very process has the number, but it did not start when the dead one did.
    writeFileSync(path, JSON.stringify({ ...stale, pid: process.pid }));
    await (await acquireLock(path, "the run")).release();
  });

  test("of another machine is respected, since nothing is known of its processes", async (t) => {
    const path = join(temporaryFolder(t), "writer.json");
    await killed(t, path);
    const stale = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...stale, host: `not-${hostname()}` }));
    await assert.rejects(acquireLock(path, "the run"), { code: "run-busy", message: /on the machine not-/ });
  });

  test("that a power cut left unreadable is taken over", async (t) => {
    const path = join(temporaryFolder(t), "writer.json");
    writeFileSync(path, '{"pid":');
    await (await acquireLock(path, "the run")).release();
  });

  test("that was killed while taking over another is no obstacle", async (t) => {
    const path = join(temporaryFolder(t), "writer.json");
    await killed(t, path);
    await killed(t, `${path}.takeover`);
    const lock = await acquireLock(path, "the run");
    await lock.release();
    assert.deepEqual(readdirSync(join(path, "..")), []);
  });

  test("left by a dead process goes to exactly one of many who come for it at the same time", async (t) => {
    const path = join(temporaryFolder(t), "writer.json");
    for (let round = 0; round < 3; round++) {
      await killed(t, path);
      const processes = Array.from({ length: 4 }, () => contender(t, path));
      const inThisProcess = Array.from({ length: 4 }, () =>
        acquireLock(path, "the run").then(
          (lock) => lock,
          () => null,
        ),
      );
      const locks = (await Promise.all(inThisProcess)).filter((lock) => lock !== null);
      const answers = await Promise.all(processes.map(({ answer }) => answer));
      assert.equal(locks.length + answers.filter((answer) => answer === "held").length, 1);
      for (const { child } of processes) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      for (const lock of locks) await lock.release();
    }
  });
});
