import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type TrainingEvent, trainingEventSchema } from "../../src/contract/events.ts";
import { Failure } from "../../src/contract/failure.ts";
import { drawDigits } from "../../src/ml/data/drawn-digits.ts";
import type { Engine } from "../../src/ml/engine/engine.ts";
import { readMetrics } from "../../src/ml/train/metrics-file.ts";
import { RunWriter } from "../../src/ml/train/run-folder.ts";
import { readRun } from "../../src/ml/train/run-record.ts";
import { smallDisk } from "../fixtures/small-disk.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { createReferenceEngine } from "./reference-engine.ts";
import {
  createRun,
  outcome,
  smallAutoencoder,
  smallDataset,
  smallExperiment,
  smallVae,
  train,
} from "./small-run.ts";

const models = { "a VAE": smallVae, "a plain autoencoder": smallAutoencoder };

for (const [name, choice] of Object.entries(models))
  describe(`training ${name}`, () => {
    test("tells its start, its steps, its epochs and its end, in events of the protocol", async (t) => {
      const run = await createRun(join(temporaryFolder(t), "run"), choice);
      const { events, failure } = await train(run);
      assert.equal(failure, null);
      for (const event of events) assert.deepEqual(trainingEventSchema.parse(event), event);
      const kinds = events.map(({ event }) => event);
      assert.equal(kinds[0], "start");
      assert.equal(kinds[1], "step");
      assert.equal(kinds.at(-1), "done");
      assert.deepEqual(
        events.flatMap((event) => (event.event === "epoch" ? [[event.epoch, event.step]] : [])),
        [
          [1, 7],
          [2, 14],
          [3, 21],
        ],
      );
    });

    test("its curve goes on to the last step, however soon after the one before: finished and stopped", async (t) => {
      const path = join(temporaryFolder(t), "run");
      const lastStep = async () =>
        (await readMetrics(join(path, "metrics.jsonl"))).findLast(({ event }) => event === "step")?.step;
      const stopAt = (event: TrainingEvent) => event.event === "step" && event.step >= 2;
      await train(await createRun(path, choice), { stopAt });
      assert.equal(await lastStep(), (await readRun(path)).record.step);
      await train(await RunWriter.resume(path));
      assert.equal(await lastStep(), 21);
    });

    test("a folder that is deleted meanwhile ends it in words, and does not come back", {
      skip: process.platform === "win32" && "on Windows a folder with open files stays",
    }, async (t) => {
      const path = join(temporaryFolder(t), "run");
      const stopAt = ({ event }: TrainingEvent) => {
        if (event === "epoch") rmSync(path, { recursive: true, force: true });
        return false;
      };
      const { failure } = await train(await createRun(path, choice), { stopAt });
      assert.equal(failure?.code, "storage-failed");
      assert.match(failure?.message ?? "", /the run's folder is gone/);
      assert.equal(existsSync(path), false);
    });

    test("leaves a run folder with all its files, and nothing else", async (t) => {
      const path = join(temporaryFolder(t), "run");
      await train(await createRun(path, choice));
      assert.deepEqual(readdirSync(path).sort(), [
        "checkpoint.safetensors",
        "loss.png",
        "metrics.jsonl",
        "model.safetensors",
        "previews",
        "reconstructions.png",
        "report.html",
        "run.json",
        "samples.png",
      ]);
      assert.equal(readdirSync(join(path, "previews")).length, 3);
      const { record } = await readRun(path);
      assert.equal(record.status, "finished");
      assert.equal(record.epochsDone, 3);
      assert.equal(record.step, 21);
    });

    test("gives losses per image: the mean over an epoch's steps, whatever their sizes", async (t) => {
      const path = join(temporaryFolder(t), "run");
      const run = await createRun(path, choice);
      // One step a call, so that every step has a line of its own.
      const { events } = await train(run, { engine: createReferenceEngine(0.06) });
      const lines = (await readMetrics(join(path, "metrics.jsonl"))).filter(({ epoch }) => epoch === 1);
      const epoch = lines.at(-1);
      const sizes = [16, 16, 16, 16, 16, 16, 4];
      const steps = lines.slice(0, -1);
      assert.equal(steps.length, sizes.length);
      const mean = steps.reduce((sum, line, index) => sum + line.train.loss * (sizes[index] ?? 0), 0) / 100;
      assert.ok(Math.abs(mean - (epoch?.train.loss ?? 0)) < 1e-9 * mean);
      for (const event of events)
        if (event.event === "epoch" || event.event === "step") {
          const { loss, reconstruction, kl } = event.train;
          assert.equal(loss, reconstruction + choice.loss.beta * kl);
          assert.equal(kl === 0, choice.model.kind === "autoencoder");
        }
    });

    test("trained longer after its end, it ends as one that planned so many epochs from the start", async (t) => {
      const folder = temporaryFolder(t);
      const planned = join(folder, "planned");
      const longer = join(folder, "longer");
      const { training } = choice;
      await train(await createRun(planned, { ...choice, training: { ...training, epochs: 5 } }));
      await train(await createRun(longer, choice));
      const { events } = await train(await RunWriter.resume(longer), { epochs: 5 });
      const [start] = events;
      assert.ok(start?.event === "start" && start.epochs === 5 && start.resumedAtStep === 21);
      assert.deepEqual(await outcome(longer), await outcome(planned));
      const { record } = await readRun(longer);
      assert.equal(record.experiment.training.epochs, 5);
      assert.equal(record.epochsDone, 5);
    });

    test("trained longer and stopped on the way, it keeps no report of its earlier end", async (t) => {
      const path = join(temporaryFolder(t), "run");
      await train(await createRun(path, choice));
      assert.ok(existsSync(join(path, "report.html")));
      const stopAt = (event: TrainingEvent) => event.event === "epoch";
      const stopped = await train(await RunWriter.resume(path), { epochs: 6, stopAt });
      assert.equal(stopped.failure?.code, "interrupted");
      for (const name of ["report.html", "loss.png", "reconstructions.png", "samples.png"])
        assert.equal(existsSync(join(path, name)), false, name);
      assert.equal((await train(await RunWriter.resume(path))).failure, null);
      assert.ok(existsSync(join(path, "report.html")));
      assert.equal((await readRun(path)).record.epochsDone, 6);
    });

    test("whose patience ended with its last epoch, it is not trained longer, and stays as it is", async (t) => {
      const path = join(temporaryFolder(t), "run");
      const earlyStopping = { patience: 2, minimumImprovement: 1e6 };
      await train(await createRun(path, { ...choice, training: { ...choice.training, earlyStopping } }));
      const before = readFileSync(join(path, "run.json"), "utf8");
      assert.match(before, /"reason": "finished"/);
      const { failure } = await train(await RunWriter.resume(path), { epochs: 9 });
      assert.equal(failure?.code, "usage");
      assert.match(failure.message, /after epoch 3 early stopping ends it, and would again/);
      assert.equal(readFileSync(join(path, "run.json"), "utf8"), before);
    });

    test("stopped in the middle of epochs and gone on with ends as one that never stopped", async (t) => {
      const folder = temporaryFolder(t);
      const straight = join(folder, "straight");
      const stopped = join(folder, "stopped");
      await train(await createRun(straight, choice));
      let run = await createRun(stopped, choice);
      for (const step of [3, 9, 14]) {
        const { failure } = await train(run, {
          engine: createReferenceEngine(0.06),
          stopAt: (event) => event.event === "step" && event.step >= step,
        });
        assert.equal(failure?.code, "interrupted");
        assert.match(failure.hint, /latent-lab train --resume .*stopped/);
        const { record } = await readRun(stopped);
        assert.equal(record.status, "stopped");
        assert.ok(record.step >= step && record.step < 21);
        run = await RunWriter.resume(stopped);
      }
      const { events, failure } = await train(run);
      assert.equal(failure, null);
      assert.equal(events[0]?.event === "start" && events[0].resumedAtStep > 0, true);
      assert.deepEqual(await outcome(stopped), await outcome(straight));
    });
  });

describe("a run", () => {
  test("that was killed before its first checkpoint starts again from its seed", async (t) => {
    const folder = temporaryFolder(t);
    const straight = join(folder, "straight");
    const again = join(folder, "again");
    await train(await createRun(straight, smallVae));
    await (await createRun(again, smallVae)).close();
    writeFileSync(
      join(again, "metrics.jsonl"),
      readFileSync(join(straight, "metrics.jsonl")).subarray(0, 300),
    );
    const { events } = await train(await RunWriter.resume(again));
    assert.equal(events[0]?.event === "start" && events[0].resumedAtStep, 0);
    assert.deepEqual(await outcome(again), await outcome(straight));
  });

  test("whose checkpoint is missing is refused rather than trained anew over what is there", async (t) => {
    const path = join(temporaryFolder(t), "run");
    await train(await createRun(path, smallVae));
    const before = await outcome(path);
    rmSync(join(path, "checkpoint.safetensors"));
    const { failure } = await train(await RunWriter.resume(path));
    assert.equal(failure?.code, "run-invalid");
    assert.match(failure.message, /checkpoint\.safetensors: is missing, though .* at step 21/);
    assert.equal((await readRun(path)).record.status, "finished");
    assert.deepEqual(await outcome(path), before);
  });

  test("whose last preview cannot be written has its last epoch and its model all the same", async (t) => {
    const path = join(temporaryFolder(t), "run");
    const run = await createRun(path, { ...smallVae, training: { ...smallVae.training, epochs: 1 } });
    writeFileSync(join(path, "previews"), "in the way");
    const { failure } = await train(run);
    assert.equal(failure?.code, "storage-failed");
    const { record } = await readRun(path);
    assert.deepEqual([record.status, record.epochsDone, record.step], ["finished", 1, 7]);
    assert.ok(record.modelSha256 !== null && existsSync(join(path, "model.safetensors")));
  });

  test("that is stopped has the pictures of its last finished epoch", async (t) => {
    const folder = temporaryFolder(t);
    const straight = join(folder, "straight");
    await train(await createRun(straight, smallVae));
    const path = join(folder, "stopped");
    const pictures = () => readdirSync(join(path, "previews"));
    const picture = (run: string) => readFileSync(join(run, "previews/epoch-000001.png"));
    const atItsEnd = await train(await createRun(path, smallVae), {
      stopAt: ({ event }) => event === "epoch",
    });
    assert.equal(atItsEnd.failure?.code, "interrupted");
    assert.deepEqual(pictures(), ["epoch-000001.png"]);
    assert.deepEqual(picture(path), picture(straight));
    // The first call takes one step, and is told.
    const inTheNext = await train(await RunWriter.resume(path), { stopAt: ({ event }) => event === "step" });
    assert.equal(inTheNext.failure?.code, "interrupted");
    assert.equal((await readRun(path)).record.step, 8);
    assert.deepEqual(pictures(), ["epoch-000001.png"]);
    assert.deepEqual(picture(path), picture(straight));
  });

  test("that is stopped where its pictures cannot be written is stopped all the same", async (t) => {
    const path = join(temporaryFolder(t), "run");
    const run = await createRun(path, smallVae);
    writeFileSync(join(path, "previews"), "in the way");
    const { failure } = await train(run, { stopAt: (event) => event.event === "epoch" });
    assert.equal(failure?.code, "interrupted");
    const { record } = await readRun(path);
    assert.deepEqual([record.status, record.epochsDone], ["stopped", 1]);
    assert.ok(record.modelSha256 !== null && existsSync(join(path, "model.safetensors")));
  });

  test("its engine hears how many steps are to come, also when it goes on", async (t) => {
    const path = join(temporaryFolder(t), "run");
    const heard: (number | undefined)[] = [];
    const reference = createReferenceEngine();
    const engine: Engine = {
      ...reference,
      open(network, dataset, options) {
        heard.push(options.steps);
        return reference.open(network, dataset, options);
      },
    };
    const stopAt = (event: TrainingEvent) => event.event === "epoch";
    const { failure } = await train(await createRun(path, smallVae), { engine, stopAt });
    assert.equal(failure?.code, "interrupted");
    await train(await RunWriter.resume(path), { engine });
    assert.deepEqual(heard, [21, 14]);
  });

  test("its engine prepares what is needed beside training once a step was told of", async (t) => {
    const heard: string[] = [];
    const reference = createReferenceEngine();
    const engine: Engine = {
      ...reference,
      async open(network, dataset, options) {
        const session = await reference.open(network, dataset, options);
        return { ...session, prepare: () => heard.push("prepare") };
      },
    };
    const onEvent = ({ event }: TrainingEvent) => heard.push(event);
    await train(await createRun(join(temporaryFolder(t), "run"), smallVae), { engine, onEvent });
    assert.deepEqual(heard.slice(0, 3), ["start", "step", "prepare"]);
    assert.equal(heard.filter((what) => what === "prepare").length, 1);
  });

  test("that is finished has nothing left to train, and writes its model again from the checkpoint", async (t) => {
    const path = join(temporaryFolder(t), "run");
    await train(await createRun(path, smallVae));
    const before = await outcome(path);
    writeFileSync(join(path, "model.safetensors"), "edited");
    rmSync(join(path, "report.html"));
    const { events } = await train(await RunWriter.resume(path));
    assert.deepEqual(
      events.map(({ event }) => event),
      ["start", "done"],
    );
    assert.deepEqual(await outcome(path), before);
    assert.ok(existsSync(join(path, "report.html")));
  });

  test("stops early when the test loss no longer improves, and stays stopped", async (t) => {
    const path = join(temporaryFolder(t), "run");
    const impatient = smallExperiment({
      model: smallVae.model,
      training: { epochs: 50, earlyStopping: { patience: 2, minimumImprovement: 1e5 } },
    });
    const { events } = await train(await createRun(path, impatient));
    const done = events.at(-1);
    assert.ok(done?.event === "done" && done.reason === "early-stopping");
    assert.equal(done.epochs, 3);
    const again = await train(await RunWriter.resume(path));
    assert.deepEqual(again.events.at(-1), done);
  });

  test("whose loss is no longer a number stops with step, learning rate and remedy; its checkpoint stays", async (t) => {
    const path = join(temporaryFolder(t), "run");
    const engine = divergingAt(10, createReferenceEngine());
    const { failure, events } = await train(await createRun(path, smallVae), { engine });
    assert.equal(failure?.code, "diverged");
    assert.match(failure.message, /the loss became NaN at step 10; the learning rate is 0\.001$/);
    assert.match(failure.hint, /optimizer\.learningRate=0\.0001\. The checkpoint of step 7 stays/);
    assert.ok(events.every((event) => !JSON.stringify(event).includes("null,") || event.event !== "step"));
    const { record } = await readRun(path);
    assert.equal(record.status, "failed");
    assert.equal(record.failure?.code, "diverged");
    const metrics = await readMetrics(join(path, "metrics.jsonl"));
    assert.ok(metrics.every((line) => line.step < 10 && Number.isFinite(line.train.loss)));
    const { events: after } = await train(await RunWriter.resume(path));
    assert.equal(after[0]?.event === "start" && after[0].resumedAtStep, 7);
    assert.equal((await readRun(path)).record.status, "finished");
  });

  test("whose weights are no longer numbers writes no checkpoint of them", async (t) => {
    const path = join(temporaryFolder(t), "run");
    const good = createReferenceEngine();
    const engine: Engine = {
      ...good,
      async open(...args) {
        const session = await good.open(...args);
        const state = async () => {
          const whole = await session.state();
          whole.tensors.get("encoder.fc1.weight")?.value.set([Number.NaN], 5);
          return whole;
        };
        return { ...session, state };
      },
    };
    const { failure } = await train(await createRun(path, smallVae), { engine });
    assert.equal(failure?.code, "diverged");
    assert.match(failure.message, /encoder\.fc1\.weight holds NaN or infinity after step 7/);
    assert.ok(!existsSync(join(path, "checkpoint.safetensors")));
  });

  test("is not gone on with on other images", async (t) => {
    const path = join(temporaryFolder(t), "run");
    await train(await createRun(path, smallVae), { stopAt: (event) => event.event === "step" });
    const dataset = await drawDigits({ train: 100, test: 30, seed: 4 });
    const { failure } = await train(await RunWriter.resume(path), { dataset });
    assert.equal(failure?.code, "dataset-invalid");
    assert.match(failure.message, /was trained on other images/);
    assert.equal((await readRun(path)).record.status, "stopped");
  });

  const noShell = process.platform === "win32" ? "the hint is for another shell there" : false;
  test("that was stopped names its folder as a shell takes it", { skip: noShell }, async (t) => {
    const path = join(temporaryFolder(t), 'it\'s "$HOME" `now`');
    const stopAt = (event: TrainingEvent) => event.event === "step";
    const { failure } = await train(await createRun(path, smallVae), { stopAt });
    const [, named] = /^To go on: latent-lab train --resume (.*)$/.exec(failure?.hint ?? "") ?? [];
    assert.equal(execFileSync("sh", ["-c", `printf %s ${named}`], { encoding: "utf8" }), path);
  });

  test("that the engine cannot open leaves no folder, and one that was there empty", async (t) => {
    const folder = temporaryFolder(t);
    const tooLarge: Engine = {
      ...createReferenceEngine(),
      open: () => Promise.reject(new Failure("out-of-memory", "too large", "Make it smaller.")),
    };
    const there = join(folder, "there");
    mkdirSync(there);
    for (const path of [join(folder, "new"), there]) {
      const { failure } = await train(await createRun(path, smallVae), { engine: tooLarge });
      assert.equal(failure?.code, "out-of-memory");
    }
    assert.deepEqual(readdirSync(folder, { recursive: true }), ["there"]);
    // A run that has been trained keeps what it has, and says why it does not go on.
    await train(await createRun(there, smallVae), { stopAt: (event) => event.event === "step" });
    await train(await RunWriter.resume(there), { engine: tooLarge });
    assert.equal((await readRun(there)).record.failure, null);
    assert.equal((await train(await RunWriter.resume(there))).failure, null);
  });

  test("whose checkpoint was cut short or changed is refused, naming the file", async (t) => {
    const path = join(temporaryFolder(t), "run");
    await train(await createRun(path, smallVae), { stopAt: (event) => event.event === "step" });
    const file = join(path, "checkpoint.safetensors");
    const whole = readFileSync(file);
    const flipped = Buffer.from(whole);
    flipped.writeUInt8(flipped.readUInt8(whole.length - 100) ^ 1, whole.length - 100);
    writeFileSync(file, flipped);
    const changed = await train(await RunWriter.resume(path));
    assert.equal(changed.failure?.code, "run-invalid");
    assert.match(changed.failure.message, /checkpoint\.safetensors: its tensors do not match/);
    truncateSync(file, whole.length - 1);
    const short = await train(await RunWriter.resume(path));
    assert.match(short.failure?.message ?? "", /checkpoint\.safetensors: ends at byte/);
    writeFileSync(file, whole);
    assert.equal((await train(await RunWriter.resume(path))).failure, null);
  });

  test("lets the next writer in when it ends, and keeps others out until then", async (t) => {
    const path = join(temporaryFolder(t), "run");
    const run = await createRun(path, smallVae);
    let refused: unknown = null;
    await train(run, {
      stopAt: (event) => event.event === "done",
      onEvent: () => {
        refused ??= RunWriter.resume(path).then(
          () => null,
          (error) => error.code,
        );
      },
    });
    assert.equal(await refused, "run-busy");
    await (await RunWriter.resume(path)).close();
  });

  test("on a full disk fails as that; with room again it ends as one that never failed", async (t) => {
    const disk = smallDisk(t, 500);
    if (disk === null) return;
    const folder = temporaryFolder(t);
    const straight = join(folder, "straight");
    const path = join(disk.path, "run");
    await train(await createRun(straight, smallVae));
    const run = await createRun(path, smallVae);
    const ballast = join(disk.path, "ballast");
    const { failure } = await train(run, {
      onEvent: (event) => {
        // After the first checkpoint the disk fills up.
        if (event.event === "epoch" && event.epoch === 1) fillUp(ballast);
      },
    });
    assert.equal(failure?.code, "storage-full");
    assert.match(
      failure.hint,
      /^Free some space.* To go on from step \d+: latent-lab train --resume \/.*run$/,
    );
    rmSync(ballast);
    assert.equal((await readRun(path)).record.epochsDone, 1);
    const again = await train(await RunWriter.resume(path));
    // The pictures may still be too large for this disk; the model is not.
    assert.ok(again.failure === null || again.failure.code === "storage-full");
    assert.equal((await readRun(path)).record.status, "finished");
    assert.deepEqual(await outcome(path), await outcome(straight));
  });
});

test("the pictures of two runs with the same seed are the same", async (t) => {
  const folder = temporaryFolder(t);
  const paths = ["one", "two"].map((name) => join(folder, name));
  for (const path of paths) await train(await createRun(path, smallAutoencoder));
  const [one, two] = paths.map((path) =>
    ["samples.png", "reconstructions.png", "previews/epoch-000003.png"].map((name) =>
      createHash("sha256")
        .update(readFileSync(join(path, name)))
        .digest("hex"),
    ),
  );
  assert.deepEqual(one, two);
  assert.equal(smallDataset.test.count, 30);
});

/** The loss of step `step` is NaN, as an engine reports it that was let down by its numbers. */
function divergingAt(step: number, engine: Engine): Engine {
  return {
    ...engine,
    async open(...args) {
      const session = await engine.open(...args);
      let taken = 0;
      return {
        ...session,
        async train(steps) {
          const losses = await session.train(steps);
          for (let index = 0; index < steps; index++)
            if (++taken >= step) losses.reconstruction[index] = Number.NaN;
          return losses;
        },
      };
    },
  };
}

function fillUp(path: string): void {
  const chunk = Buffer.alloc(4096);
  try {
    for (;;) writeFileSync(path, chunk, { flag: "a" });
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error && error.code === "ENOSPC");
  }
}
