/** Which engine an experiment gets, and what is said about it. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { globals } from "webgpu";
import { Failure } from "../../src/contract/failure.ts";
import {
  chooseForTraining,
  chooseForUse,
  rememberSilence,
  requireChoice,
  surveyEngines,
} from "../../src/ml/engine/choose-engine.ts";
import { CpuSession } from "../../src/ml/engine/cpu/cpu-session.ts";
import { DriverSilence } from "../../src/ml/engine/driver-trials.ts";
import { closeDevice, GpuDevice, openDevice } from "../../src/ml/engine/webgpu/gpu-device.ts";
import { Machine } from "../../src/ml/engine/webgpu/machine.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { askDriver, death } from "../fixtures/driver-process.ts";
import { failsWith } from "../fixtures/failures.ts";
import { silenceGpu } from "../fixtures/silent-gpu.ts";
import { noSoftwareGpu, softwareGpuEnvironment } from "../fixtures/software-gpu.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { watchDevices } from "../fixtures/watch-devices.ts";
import { patchDataset } from "../reference/datasets.ts";
import { experiment } from "../reference/experiments.ts";

const movedCache = process.platform !== "linux" && "the cache folder is moved by XDG_CACHE_HOME";
const options = { threads: 0 };
const dataset = patchDataset(8, 8, 200, 1, 2);
const network = buildNetwork(experiment({ model: { kind: "variational", encoder: [64, 16, 2] } }));
const training = () => Promise.resolve({ network, dataset });

function withVariable(t: TestContext, name: string, value: string | undefined): void {
  const before = process.env[name];
  const set = (value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  set(value);
  t.after(() => set(before));
}

function withWishes(t: TestContext, wishes: string | undefined): void {
  withVariable(t, "LATENT_LAB_WEBGPU", wishes);
}

const { GPU: gpus } = globals as { readonly GPU: { readonly prototype: GPU } };

describe("where there is a GPU", { skip: noSoftwareGpu }, () => {
  test("auto races it against the processor at the experiment itself, says how that ended, and remembers it", {
    skip: movedCache,
  }, async (t) => {
    withWishes(t, softwareGpuEnvironment.LATENT_LAB_WEBGPU);
    const cache = temporaryFolder(t);
    withVariable(t, "XDG_CACHE_HOME", cache);
    const { engine, reason } = await chooseForTraining("auto", options, training());
    assert.equal(engine.name, "cpu");
    assert.match(
      reason ?? "",
      /^faster at this model than SwiftShader.*: [\d,.]+ against [\d,.]+ images a second$/,
    );
    const next = await chooseForTraining("auto", options, training());
    assert.deepEqual([next.engine.name, next.reason], ["cpu", `${reason}, as measured before`]);

    const file = join(cache, "latent-lab", "engine-races.json");
    const [[race, { at }] = ["", { at: 0 }]] = Object.entries<{ at: number }>(
      JSON.parse(readFileSync(file, "utf8")),
    );
    writeFileSync(file, JSON.stringify({ [race]: { gpu: 2e6, processor: 1e5, at } }));
    const fast = await chooseForTraining("auto", options, training());
    assert.deepEqual(
      [fast.engine.name, fast.reason],
      [
        "webgpu",
        "faster here than the processor: 2,000,000 against 100,000 images a second, as measured before",
      ],
    );
    await fast.engine.release?.();

    await surveyEngines(options, await training(), () => {});
    assert.doesNotMatch((await chooseForTraining("auto", options, training())).reason ?? "", /before/);
  });

  test("one that lost by little may only have been slow to wake, and is measured again", {
    skip: movedCache,
  }, async (t) => {
    withWishes(t, "software");
    withVariable(t, "XDG_CACHE_HOME", temporaryFolder(t));
    const { train } = CpuSession.prototype;
    t.mock.method(CpuSession.prototype, "train", async function (this: CpuSession, steps: number) {
      await setTimeout(100);
      return train.call(this, steps);
    });
    const { run } = Machine.prototype;
    const raced: Machine[] = [];
    t.mock.method(Machine.prototype, "run", async function (this: Machine, ...args: Parameters<typeof run>) {
      const [, , { batch }] = args;
      if (batch !== network.batch) return run.apply(this, args);
      // The first step counts for its loss and not for its time; from then on only the time counts.
      if (raced.at(-1) === this) return setTimeout(raced.length === 1 ? 250 : 10);
      raced.push(this);
      return run.apply(this, args);
    });
    const { engine, reason } = await chooseForTraining("auto", options, training());
    assert.equal(raced.length, 2);
    assert.equal(engine.name, "webgpu", reason ?? "");
    await engine.release?.();
  });

  test("one that is lost in the race is not asked again at once, but one that had no memory left is", {
    skip: movedCache,
  }, async (t) => {
    withWishes(t, "software");
    withVariable(t, "XDG_CACHE_HOME", temporaryFolder(t));
    const { run } = Machine.prototype;
    const failures = [
      new Failure("out-of-memory", "the GPU has no memory left", "Use a smaller batch."),
      new Failure("engine-failed", "the GPU was lost (device removed)", "Update its driver."),
    ];
    t.mock.method(Machine.prototype, "run", async function (this: Machine, ...args: Parameters<typeof run>) {
      const [, , { batch }] = args;
      if (batch !== network.batch) return run.apply(this, args);
      throw failures.shift() ?? new RangeError("it was asked again");
    });
    const reasons: (string | null)[] = [];
    for (let time = 0; time < 3; time++) {
      const { engine, reason } = await chooseForTraining("auto", options, training());
      assert.equal(engine.name, "cpu");
      reasons.push(reason);
    }
    assert.deepEqual(reasons, [
      "webgpu: the GPU has no memory left",
      "webgpu: the GPU was lost (device removed)",
      "webgpu: the GPU was lost (device removed), when it was tried before; latent-lab engines has it tried again",
    ]);
  });

  test("one that lost the race is let go of, and opened anew when it is named", async (t) => {
    withWishes(t, "software");
    const opened = watchDevices(t);
    assert.equal((await chooseForTraining("auto", options, training())).engine.name, "cpu");
    assert.equal(opened.length, 1);
    assert.equal((await opened[0]?.lost)?.reason, "destroyed");
    const { engine } = await chooseForTraining("webgpu", options, training());
    const session = await engine.open(network, dataset, options);
    assert.equal((await session.train(1)).images, network.batch);
    await session.close();
    await engine.release?.();
  });

  test("an answer in a survey wipes out the deaths before it", { skip: movedCache }, async (t) => {
    withWishes(t, "software");
    const cache = temporaryFolder(t);
    withVariable(t, "XDG_CACHE_HOME", cache);
    const marks = join(cache, "latent-lab", "webgpu-trials");
    await askDriver(marks, death);
    const reports = await surveyEngines(options, await training(), () => {});
    const speeds = reports.map(({ name, imagesPerSecond }) => [name, imagesPerSecond !== null]);
    assert.deepEqual(speeds.slice(0, 2), [
      ["webgpu", true],
      ["cpu", true],
    ]);
    assert.deepEqual(await readdir(marks), []);
  });

  test("whatever its library throws is a reason against it, and no end of the choice", async (t) => {
    withWishes(t, "software");
    // Dawn rejects with a text for a flag that it does not know.
    t.mock.method(gpus.prototype, "requestAdapter", () => Promise.reject("no such backend"));
    const { engine, reason } = await chooseForTraining("auto", options, training());
    assert.deepEqual([engine.name, reason], ["cpu", "webgpu: no such backend"]);
    const [webgpu, cpu] = await surveyEngines(options, await training(), () => {});
    assert.equal(webgpu?.device.available === false && webgpu.device.reason, "no such backend");
    assert.equal(cpu?.device.available, true);
    await failsWith(
      () => chooseForTraining("webgpu", options, training()),
      "engine-unavailable",
      "the webgpu engine cannot run here: no such backend",
    );
  });

  test("one without room for the whole dataset is passed by, though what is raced would fit", async (t) => {
    withWishes(t, "software");
    const raced = patchDataset(8, 8, 20_000, 1, 2);
    const vast = { ...raced, train: { ...raced.train, count: 2 ** 28 } };
    const chosen = await chooseForTraining("auto", options, Promise.resolve({ network, dataset: vast }));
    assert.equal(chosen.engine.name, "cpu");
    assert.match(
      chosen.reason ?? "",
      /^webgpu: the GPU has no room for the dataset \(16384 MiB in one piece\)$/,
    );
  });

  test("it is taken when it is named, however slow", async (t) => {
    withWishes(t, "software");
    const { engine, device, reason } = await chooseForTraining("webgpu", options, training());
    assert.deepEqual([engine.name, reason], ["webgpu", null]);
    assert.match(device.description, /SwiftShader/);
  });

  test("what a training needs of it is compiled while it is still being tried out", {
    timeout: 120_000,
  }, async (t) => {
    withWishes(t, "software");
    await closeDevice({ checks: "fast", software: true });
    const { compile } = GpuDevice.prototype;
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    t.mock.method(
      GpuDevice.prototype,
      "compile",
      async function (this: GpuDevice, name: string, source: string) {
        // Images of the self-test have five words; it waits for the training's first kernel.
        if (source.includes("image * 5u;")) await begun;
        else begin();
        return compile.call(this, name, source);
      },
    );
    const { engine } = await chooseForTraining("webgpu", options, training());
    const session = await engine.open(network, dataset, options);
    assert.equal((await session.train(1)).images, network.batch);
    await session.close();
  });

  test("nobody asks its driver before a mark of that is left", { skip: movedCache }, async (t) => {
    withWishes(t, "software");
    const cache = temporaryFolder(t);
    withVariable(t, "XDG_CACHE_HOME", cache);
    // Its library is loaded then: whoever asks is heard at once.
    await openDevice({ checks: "fast", software: true });
    await closeDevice({ checks: "fast", software: true });
    const { requestAdapter } = gpus.prototype;
    const marks: number[] = [];
    t.mock.method(gpus.prototype, "requestAdapter", function (this: GPU) {
      const folder = join(cache, "latent-lab", "webgpu-trials");
      marks.push(existsSync(folder) ? readdirSync(folder).length : 0);
      return requestAdapter.call(this);
    });
    const { engine } = await chooseForTraining("webgpu", options, training());
    assert.deepEqual(new Set(marks), new Set([1]));
    await engine.release?.();
  });

  test("one in software is neither raced nor taken unasked", async (t) => {
    withWishes(t, undefined);
    const { engine, reason } = await chooseForTraining("auto", options, training());
    assert.equal(engine.name, "cpu");
    assert.match(reason ?? "", /^webgpu: (?:no GPU was found|there is no GPU here)/);
    await failsWith(
      () => chooseForTraining("webgpu", options, training()),
      "engine-unavailable",
      /^the webgpu engine cannot run here: /,
    );
  });
});

describe("a GPU that falls silent", { skip: noSoftwareGpu || movedCache }, () => {
  for (const [when, answers] of [
    ["when it is looked at", 0],
    ["in the race", 1],
  ] as const)
    test(`${when} leaves the training to the processor, and a mark for the next`, async (t) => {
      const cache = temporaryFolder(t);
      withVariable(t, "XDG_CACHE_HOME", cache);
      withWishes(t, "software");
      await closeDevice({ checks: "fast", software: true });
      let asked = 0;
      silenceGpu(t, () => asked++ >= answers);
      const { engine, reason } = await chooseForTraining("auto", options, training());
      assert.equal(engine.name, "cpu");
      assert.match(reason ?? "", /^webgpu: the GPU has not answered for \d s$/);
      assert.ok(asked > answers);
      assert.equal((await readdir(join(cache, "latent-lab", "webgpu-trials"))).length, 1);
    });

  test("in the training leaves one as well, whatever else is said about it", async (t) => {
    const cache = temporaryFolder(t);
    withVariable(t, "XDG_CACHE_HOME", cache);
    const silence = new DriverSilence("the GPU has not answered for 30 s", "Update its driver.");
    await rememberSilence(
      new Failure("engine-failed", silence.message, "Go on from step 7.", { cause: silence }),
    );
    await rememberSilence(new Failure("engine-failed", "the GPU was lost", "Go on from step 7."));
    assert.equal((await readdir(join(cache, "latent-lab", "webgpu-trials"))).length, 1);
  });
});

test("a driver that ends process after process is asked only by name", {
  skip: movedCache,
}, async (t) => {
  const cache = temporaryFolder(t);
  withVariable(t, "XDG_CACHE_HOME", cache);
  const chosen = () => chooseForTraining("auto", options, training());
  const dead =
    /^webgpu: its driver ended Latent Lab's process, or never answered it, the last two times it was asked$/;
  for (let deaths = 0; deaths < 2; deaths++) {
    assert.doesNotMatch((await chosen()).reason ?? "", dead);
    await askDriver(join(cache, "latent-lab", "webgpu-trials"), death);
  }
  const { engine, reason } = await chosen();
  assert.equal(engine.name, "cpu");
  assert.match(reason ?? "", dead);
  await chooseForTraining("webgpu", options, training()).catch(() => {});
  assert.doesNotMatch((await chosen()).reason ?? "", dead);
});

test("auto is the processor for work of a moment", async () => {
  assert.equal((await chooseForUse("auto", options)).engine.name, "cpu");
});

test("what fails while the data is loaded fails the choice", async () => {
  const lost = Promise.reject(new RangeError("no data"));
  await assert.rejects(chooseForTraining("auto", options, lost), /no data/);
});

test("an engine that there is not is refused, with those there are", async () => {
  await failsWith(async () => requireChoice("cuda", options), "usage", 'there is no engine "cuda"');
});

test("a wish for a GPU that nobody knows is refused", async (t) => {
  withWishes(t, "fast");
  await failsWith(
    () => chooseForTraining("webgpu", options, training()),
    "engine-unavailable",
    'LATENT_LAB_WEBGPU: there is no "fast"',
  );
});
