/** A driver that ends the process, or never answers: after two deaths nobody asks it unnamed, and one good end wipes them out. */
import assert from "node:assert/strict";
import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DriverSilence, DriverTrials } from "../../src/ml/engine/driver-trials.ts";
import { askDriver, death, endedBy, silence } from "../fixtures/driver-process.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

function emptyFolder(t: TestContext): string {
  return join(temporaryFolder(t), "trials");
}

test("one death is forgiven, a second in a row is not, and what passes wipes them out", async (t) => {
  const folder = emptyFolder(t);
  const trials = new DriverTrials(folder);
  await askDriver(folder, death);
  assert.equal(await trials.endInDeath(), false);
  await askDriver(folder, death);
  assert.equal(await trials.endInDeath(), true);
  await trials.passed();
  assert.equal(await trials.endInDeath(), false);
  assert.deepEqual(await readdir(folder), []);
});

test("a driver that does not answer counts as one that ends the process, though that ends in order", async (t) => {
  const folder = emptyFolder(t);
  const trials = new DriverTrials(folder);
  await askDriver(folder, silence);
  // It answers before every training, and hangs in the midst of it.
  await trials.answered();
  await askDriver(folder, silence);
  await trials.answered();
  assert.equal(await trials.endInDeath(), true);
  await trials.passed();
  assert.equal(await trials.endInDeath(), false);
});

test("and what else the process asks of it afterwards wipes nothing out", async (t) => {
  const folder = emptyFolder(t);
  const trials = new DriverTrials(folder);
  await askDriver(folder, death);
  await assert.rejects(
    trials.run(async () => {
      throw new DriverSilence("the GPU has not answered for 30 s", "Update its driver.");
    }),
    DriverSilence,
  );
  await trials.run(async () => {});
  await trials.passed();
  assert.equal((await readdir(folder)).length, 2);
});

test("a driver that answers again has its processes' ends forgiven", async (t) => {
  const folder = emptyFolder(t);
  const trials = new DriverTrials(folder);
  await askDriver(folder, death);
  await trials.answered();
  await askDriver(folder, death);
  assert.equal(await trials.endInDeath(), false);
});

test("an answer, an error and an orderly exit in the midst of it leave no mark", async (t) => {
  const folder = emptyFolder(t);
  await askDriver(folder, "");
  await askDriver(folder, 'throw new Error("no GPU");');
  await askDriver(folder, "process.exit(130);");
  assert.deepEqual(await readdir(folder), []);
});

test("nor does an exit while the mark is made", async (t) => {
  const folder = emptyFolder(t);
  for (let turns = 0; turns < 12; turns++) await askDriver(folder, "await new Promise(() => {});", turns);
  assert.deepEqual(await readdir(folder).catch(() => []), []);
});

test("nor does a signal that ends the process, and it does end it", {
  skip: process.platform === "win32" && "on Windows every signal ends a process at once",
}, async (t) => {
  const folder = emptyFolder(t);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    const ended = await askDriver(folder, endedBy(signal));
    assert.equal(ended, signal);
    assert.deepEqual(await readdir(folder), []);
  }
});

test("where somebody else listens to signals, the asking goes on, and so does the mark", {
  skip: process.platform === "win32" && "on Windows every signal ends a process at once",
}, async (t) => {
  const folder = emptyFolder(t);
  const survived = `process.on("SIGTERM", async () => { ${death} });`;
  assert.equal(await askDriver(folder, `${survived} ${endedBy("SIGTERM")}`), "SIGKILL");
  assert.equal((await readdir(folder)).length, 1);
});

test("deaths of long ago count no more", async (t) => {
  const folder = emptyFolder(t);
  const trials = new DriverTrials(folder);
  for (let deaths = 0; deaths < 2; deaths++) await askDriver(folder, death);
  const [first = ""] = await readdir(folder);
  const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 60 * 60;
  await utimes(join(folder, first), twoDaysAgo, twoDaysAgo);
  assert.equal(await trials.endInDeath(), false);
  assert.equal((await readdir(folder)).length, 1);
});

test("one that is being asked now is not dead", async (t) => {
  const folder = emptyFolder(t);
  const trials = new DriverTrials(folder);
  await askDriver(folder, death);
  await trials.run(async () => assert.equal(await trials.endInDeath(), false));
});

test("where no mark can be left, or one is damaged, the driver is asked all the same", async (t) => {
  const file = join(temporaryFolder(t), "a file");
  await writeFile(file, "");
  assert.equal(await new DriverTrials(file).run(() => Promise.resolve("asked")), "asked");
  const folder = emptyFolder(t);
  await askDriver(folder, death);
  await writeFile(join(folder, "1.json"), "{");
  assert.equal(await new DriverTrials(folder).endInDeath(), false);
});
