import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { describe, test } from "node:test";
import { listRuns } from "../../src/ml/train/list-runs.ts";
import { RunWriter } from "../../src/ml/train/run-folder.ts";
import { readRun } from "../../src/ml/train/run-record.ts";
import { smallDisk } from "../fixtures/small-disk.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { createRun, smallDataset, smallExperiment, smallVae } from "./small-run.ts";

/** A run in a dated folder of `runsFolder`. */
function createDated(runsFolder: string, name: string): Promise<RunWriter> {
  return RunWriter.create({
    experiment: { ...smallVae, name },
    baseFolder: ".",
    dataset: smallDataset,
    engine: "reference",
    device: "float64 reference",
    productVersion: "0.0.0-test",
    out: null,
    runsFolder,
  });
}

describe("a new run folder", () => {
  test("that nobody named has the date and the experiment's name, and never another run's", async (t) => {
    const runs = join(temporaryFolder(t), ".latent-lab", "runs");
    const created = await Promise.all([1, 2, 3].map(() => createDated(runs, "Ünï: my  <first> VAE!")));
    const names = created.map(({ path }) => basename(path));
    assert.equal(new Set(names).size, 3);
    for (const name of names) assert.match(name, /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-ünï-my-first-vae(-\d)?$/);
    for (const run of created) await run.close();
  });

  test("may be there and empty", async (t) => {
    const path = join(temporaryFolder(t), "out");
    mkdirSync(path);
    const run = await createRun(path, smallVae);
    assert.equal(run.path, path);
    await run.close();
    assert.deepEqual(readdirSync(path), ["run.json"]);
  });

  test("is not made of a folder that holds something, which stays as it was", async (t) => {
    const path = temporaryFolder(t);
    writeFileSync(join(path, "writer.json"), "a poem of mine");
    await assert.rejects(createRun(path, smallVae), { code: "usage", message: `${path}: is not empty` });
    assert.equal(readFileSync(join(path, "writer.json"), "utf8"), "a poem of mine");
  });

  test("is not made where a file is", async (t) => {
    const path = join(temporaryFolder(t), "file");
    writeFileSync(path, "");
    await assert.rejects(createRun(path, smallVae), { code: "usage", message: /is a file, not a folder/ });
  });

  test("without permission or room is refused, and leaves nothing", async (t) => {
    const disk = smallDisk(t, 16);
    if (disk === null) return;
    const ballast = join(disk.path, "ballast");
    assert.throws(() => writeFileSync(ballast, Buffer.alloc(20_000)), { code: "ENOSPC" });
    await assert.rejects(createRun(join(disk.path, "run"), smallVae), { code: "storage-full" });
    assert.deepEqual(readdirSync(disk.path), ["ballast"]);
    rmSync(ballast);
    disk.makeReadOnly();
    await assert.rejects(createRun(join(disk.path, "run"), smallVae), { code: "storage-denied" });
  });
});

describe("run.json", () => {
  test("holds the experiment as resolved, the data's hash and where it all came from", async (t) => {
    const path = join(temporaryFolder(t), "run");
    const run = await createRun(path, smallVae);
    await run.close();
    const { record } = await readRun(path);
    assert.deepEqual(record, run.record);
    assert.deepEqual(record.experiment, smallVae);
    assert.equal(record.dataset.sha256, smallDataset.sha256);
    assert.equal(record.nodeVersion, process.version);
    assert.equal(record.status, "training");
  });

  test("of a version that noted less is read all the same", async (t) => {
    const path = join(temporaryFolder(t), "run");
    await (await createRun(path, smallVae)).close();
    const file = join(path, "run.json");
    const { arrangement, ...older } = JSON.parse(readFileSync(file, "utf8"));
    assert.equal(arrangement, null);
    writeFileSync(file, JSON.stringify(older));
    assert.equal((await readRun(path)).record.arrangement, null);
  });

  const broken: readonly (readonly [name: string, edit: (text: string) => string, message: RegExp])[] = [
    ["cut short", (text) => text.slice(0, 300), /run\.json: is cut short or damaged: it is not JSON/],
    ["empty", () => "", /run\.json: is empty/],
    ["of another kind", () => '{"name":"x"}', /is not the record of a run/],
    ["without its dataset", (text) => text.replace('"dataset"', '"data"'), /./],
    [
      "with a damaged hash",
      (text) => text.replace(/"sha256": "[^"]*"/, '"sha256": "beef"'),
      /"dataset\.sha256" is missing or damaged/,
    ],
    [
      "with an impossible experiment",
      (text) => text.replace('"kind": "variational"', '"kind": "magical"'),
      /run\.json: experiment: .*model\.kind/,
    ],
    [
      "of a newer version",
      (text) => text.replace('"format": 1', '"format": 7').replace("0.0.0-test", "9.1.0"),
      /written by a newer Latent Lab \(9\.1\.0, format 7; this one reads format 1\)/,
    ],
    [
      "with images of another size than its model's",
      (text) => text.replace('"width": 28', '"width": 27'),
      /images of 27×28 do not fit its model of 784 pixels/,
    ],
    ["with images of no width", (text) => text.replace('"width": 28', '"width": 0'), /"dataset\.width" is/],
    ["of two megabytes", (text) => text + " ".repeat(2_000_000), /bytes are too many/],
  ];
  for (const [name, edit, message] of broken)
    test(`${name} is refused as such, and not written to`, async (t) => {
      const path = join(temporaryFolder(t), "run");
      await (await createRun(path, smallVae)).close();
      const file = join(path, "run.json");
      const text = edit(readFileSync(file, "utf8"));
      writeFileSync(file, text);
      await assert.rejects(readRun(path), { code: "run-invalid", message });
      await assert.rejects(RunWriter.resume(path), { code: "run-invalid", message });
      assert.equal(readFileSync(file, "utf8"), text);
      assert.ok(!existsSync(join(path, "writer.json")));
    });

  test("is what makes a folder a run folder", async (t) => {
    const path = temporaryFolder(t);
    await assert.rejects(readRun(path), {
      code: "run-invalid",
      message: `${path}: not a run folder: there is no run.json in it`,
    });
    await assert.rejects(readRun(join(path, "nowhere")), { message: /no such folder/ });
  });
});

describe("going on with a run", () => {
  test("sweeps up what a killed writer left half written", async (t) => {
    const path = join(temporaryFolder(t), "run");
    await (await createRun(path, smallVae)).close();
    mkdirSync(join(path, "previews"));
    writeFileSync(join(path, ".checkpoint.safetensors.99.partial"), "half");
    writeFileSync(join(path, "previews", ".epoch-000001.png.99.partial"), "half");
    await (await RunWriter.resume(path)).close();
    assert.deepEqual(readdirSync(path, { recursive: true }).sort(), ["previews", "run.json"]);
  });

  test("sweeps up the lock's half-written files, but not one that may be in the making", async (t) => {
    const path = join(temporaryFolder(t), "run");
    await (await createRun(path, smallVae)).close();
    const [old, fresh] = [".writer.json.1.partial", ".writer.json.2.partial"] as const;
    for (const name of [old, fresh]) writeFileSync(join(path, name), "half");
    const past = Date.now() / 1000 - 120;
    utimesSync(join(path, old), past, past);
    await (await RunWriter.resume(path)).close();
    assert.deepEqual(readdirSync(path).sort(), [fresh, "run.json"]);
  });

  test("is refused while another writes", async (t) => {
    const path = join(temporaryFolder(t), "run");
    const run = await createRun(path, smallVae);
    await assert.rejects(RunWriter.resume(path), { code: "run-busy" });
    await run.close();
  });
});

describe("the list of runs", () => {
  test("is empty where there is no such folder", async (t) => {
    assert.deepEqual(await listRuns(join(temporaryFolder(t), "runs")), []);
  });

  test("shows the oldest first, who is alive, how large they are, and what is wrong with a damaged one", async (t) => {
    const runs = temporaryFolder(t);
    const first = await createDated(runs, "first");
    await first.close();
    const second = await createDated(runs, "second");
    await (await createRun(join(runs, "damaged"), smallExperiment({ model: smallVae.model }))).close();
    truncateSync(join(runs, "damaged", "run.json"), 10);
    const listed = await listRuns(runs);
    assert.deepEqual(
      listed.map(({ path, live, problem }) => [path, live, problem?.code]),
      [
        [join(runs, "damaged"), false, "run-invalid"],
        [first.path, false, undefined],
        [second.path, true, undefined],
      ],
    );
    assert.equal(listed[0]?.bytes, 10);
    assert.equal(listed[1]?.record?.experiment.name, "first");
    await second.close();
  });
});
