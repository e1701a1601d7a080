import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import type { output, ZodMiniType } from "zod/mini";
import { decodedPictureSchema, encodedPictureSchema } from "../../src/contract/encoded-picture.ts";
import { type TrainingEvent, trainingEventSchema } from "../../src/contract/events.ts";
import { encodePng } from "../../src/ml/image/grey-image.ts";
import { smallDataset, writeFiles } from "../fixtures/idx-bytes.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { plainEnvironment, runCli, tinyTraining } from "./run-cli.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(await realpath(tmpdir()), "latent-lab-test-"));
  const ended = await runCli([...tinyTraining, "--out", "first"], { folder });
  assert.equal(ended.code, 0, ended.stderr);
});
after(() => rm(folder, { recursive: true, force: true }));

const png = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

async function isPng(name: string): Promise<boolean> {
  return (await readFile(join(folder, name))).subarray(0, 4).equals(png);
}

function events(stdout: string): TrainingEvent[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => trainingEventSchema.parse(JSON.parse(line)));
}

test("train tells epochs and results on stdout, all else on stderr, without a bar where there is no terminal", async () => {
  const { code, stdout, stderr } = await runCli(tinyTraining, { folder });
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^epoch 1\/2 {2}train \d+\.\d+ {2}test \d+\.\d+ \(reconstruction \d+\.\d+, KL .+\) {2}.+ m?s {2}[\d,]+ images\/s\nepoch 2\/2 /,
  );
  for (const name of ["loss.png", "reconstructions.png", "samples.png", "report.html", "model.safetensors"]) {
    assert.match(stdout, new RegExp(`^ {2}${name} `, "m"));
  }
  assert.match(
    stdout,
    /compression {2}196× fewer numbers; in bytes 49× smaller as float32, 196× smaller as int8/,
  );
  assert.match(stdout, /above floor/);
  assert.match(
    stderr,
    /^mnist-vae {2}.* parameters, 2 epochs\ndata .*drawn by Latent Lab.*\nengine {2}cpu: /,
  );
  assert.ok(!/\p{Cc}/u.test((stdout + stderr).replaceAll("\n", "")), "nothing is coloured or drawn over");
  const named = /Run folder: (.+)\n/.exec(stdout)?.[1] ?? "";
  assert.ok(existsSync(join(folder, named, "run.json")), named);
});

test("train --json prints the events of the protocol and nothing else", async () => {
  const { code, stdout, stderr } = await runCli([...tinyTraining, "--json", "--out", "json"], { folder });
  assert.equal(code, 0);
  assert.equal(stderr, "");
  const told = events(stdout);
  const kinds = told.map((event) => event.event);
  assert.deepEqual(
    kinds.filter((kind) => kind !== "step"),
    ["start", "epoch", "epoch", "done"],
  );
  const [start] = told;
  assert.ok(start?.event === "start");
  assert.equal(start.run, join(folder, "json"));
  assert.deepEqual([start.dataset.name, start.dataset.train, start.dataset.test], ["drawn-digits", 500, 100]);
  assert.deepEqual([start.stepsPerEpoch, start.epochs, start.resumedAtStep], [10, 2, 0]);
  const done = told.at(-1);
  assert.ok(done?.event === "done");
  assert.deepEqual(done.compression, { dimensions: 196, bytesFloat32: 49, bytesInt8: 196 });
});

test("the same seed gives the same losses, another seed others", async () => {
  const losses = async (seed: string, threads: string) => {
    const args = [...tinyTraining, "--json", "--seed", seed, "--threads", threads];
    const { stdout } = await runCli(args, { folder });
    return events(stdout).flatMap((event) => (event.event === "epoch" ? [event.train, event.test] : []));
  };
  const first = await losses("7", "1");
  assert.deepEqual(await losses("7", "1"), first);
  assert.notDeepEqual(await losses("8", "1"), first);
});

test("an experiment file beside its data is trained as it says", async () => {
  const experiment = {
    $schema: "./experiment.schema.json",
    name: "Mine",
    dataset: { kind: "drawn-digits", train: 100, test: 20 },
    model: { kind: "autoencoder", encoder: [784, 16, 2], activation: "tanh" },
    loss: { reconstruction: "mse", reduction: "mean" },
    training: { epochs: 1, batch: 32 },
  };
  await writeFile(join(folder, "latent-lab.json"), JSON.stringify(experiment));
  const { code, stdout, stderr } = await runCli(["train"], { folder });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^Mine {2}/);
  assert.doesNotMatch(stdout, /KL/);
});

test("an interrupted run writes its checkpoint, says how to go on, and goes on to the same end", {
  skip: process.platform === "win32" && "on Windows every signal ends a process at once",
}, async () => {
  const long = [...tinyTraining, "--epochs", "200", "--json"];
  const whole = await runCli([...long, "--out", "whole"], { folder });
  let interrupted = false;
  const stopped = await runCli([...long, "--out", "stopped"], {
    folder,
    onOutput: (child, stdout) => {
      if (!interrupted && stdout.includes('"event":"epoch"')) {
        interrupted = true;
        child.kill("SIGINT");
      }
    },
  });
  assert.equal(stopped.code, 130, stopped.stdout);
  const error = events(stopped.stdout).at(-1);
  assert.ok(error?.event === "error" && error.code === "interrupted");
  assert.match(error.hint, /latent-lab train --resume .*stopped/);
  const resumed = await runCli(["train", "--resume", "stopped", "--json"], { folder });
  assert.equal(resumed.code, 0, resumed.stdout);
  const last = (stdout: string) => events(stdout).findLast((event) => event.event === "epoch")?.test;
  assert.deepEqual(last(resumed.stdout), last(whole.stdout));
  const weights = async (run: string) => {
    const record = JSON.parse(await readFile(join(folder, run, "run.json"), "utf8"));
    return record.modelSha256;
  };
  assert.equal(await weights("stopped"), await weights("whole"));
});

test("a run is trained longer with --epochs, and what asks for no more is refused", async () => {
  const trained = await runCli([...tinyTraining, "--epochs", "1", "--out", "longer"], { folder });
  assert.equal(trained.code, 0, trained.stderr);
  const refused = await runCli(["train", "--resume", "longer", "--epochs", "1"], { folder });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /1 epoch is trained already[\s\S]*more than 1/);
  const longer = await runCli(["train", "--resume", "longer", "--epochs", "3", "--json"], { folder });
  assert.equal(longer.code, 0, longer.stdout);
  const epochs = events(longer.stdout).flatMap((event) => (event.event === "epoch" ? [event.epoch] : []));
  assert.deepEqual(epochs, [2, 3]);
  const again = await runCli(["train", "--resume", "longer"], { folder });
  assert.match(again.stderr, /resumed at step 30, its last; --epochs N trains it longer/);
});

test("one that early stopping ended is not trained longer", async () => {
  const stubborn = [
    ...["--set", "training.earlyStopping.patience=1"],
    ...["--set", "training.earlyStopping.minimumImprovement=1000000"],
  ];
  const trained = await runCli([...tinyTraining, ...stubborn, "--epochs", "9", "--out", "early"], { folder });
  assert.equal(trained.code, 0, trained.stderr);
  const refused = await runCli(["train", "--resume", "early", "--epochs", "20"], { folder });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /after epoch 2 early stopping ends it, and would again/);
});

test("what a stopped run says to go on with can be copied as it is", {
  skip: process.platform === "win32" ? "written for a POSIX shell" : false,
}, async () => {
  const args = [...tinyTraining, "--epochs", "30", "--out", "it's stopped"];
  let interrupted = false;
  const { code, stderr } = await runCli(args, {
    folder,
    onOutput: (child) => {
      if (!interrupted) child.kill("SIGINT");
      interrupted = true;
    },
  });
  assert.equal(code, 130, stderr);
  const [, command = ""] = /^hint: To go on: (.*)$/m.exec(stderr) ?? [];
  const environment = { ...plainEnvironment(folder), PATH: `${dirname(process.execPath)}:/usr/bin:/bin` };
  const shell = promisify(execFile)("sh", ["-c", command], { cwd: folder, env: environment });
  assert.match((await shell).stdout, /^30 epochs in/m);
});

test("a run that nobody reads any more writes its checkpoint and can be gone on with", async () => {
  const args = [...tinyTraining, "--epochs", "100000", "--json", "--out", "unread"];
  const ended = await runCli(args, { folder, onOutput: (child) => child.stdout?.destroy() });
  assert.equal(ended.code, 130, ended.stderr);
  const record = JSON.parse(await readFile(join(folder, "unread/run.json"), "utf8"));
  assert.equal(record.status, "stopped");
  assert.equal(existsSync(join(folder, "unread/writer.json")), false);
  assert.equal((await runCli(["sample", "unread", "-o", "unread.png"], { folder })).code, 0);
});

test("a run that was given --data finds its images again", async (t) => {
  const own = temporaryFolder(t);
  const data = join(own, "data");
  await mkdir(data);
  await writeFiles(data, smallDataset());
  const args = [
    "--set",
    "model.encoder=20,8,2",
    "--epochs",
    "2",
    "--batch",
    "2",
    "--out",
    "run",
    "--data",
    "data",
  ];
  const trained = await runCli(["train", "--preset", "mnist-vae", ...args], { folder: own });
  assert.equal(trained.code, 0, trained.stderr);
  const record = async () => JSON.parse(await readFile(join(own, "run/run.json"), "utf8"));
  assert.equal((await record()).dataFolder, data);
  const again = [
    ["train", "--resume", "run"],
    ["evaluate", "run"],
    ["reconstruct", "run", "-o", "r.png"],
  ];
  for (const command of again) {
    const { code, stderr } = await runCli(command, { folder: own });
    assert.equal(code, 0, stderr);
  }
  await rename(data, join(own, "moved"));
  for (const command of again) {
    const { code, stderr } = await runCli(command, { folder: own });
    assert.equal(code, 1);
    assert.match(stderr, /hint: The run found its images in .*data, where they are no more/);
  }
  const environment = { LATENT_LAB_DATA: join(own, "moved") };
  assert.equal((await runCli(["evaluate", "run"], { folder: own, environment })).code, 0);
  assert.equal((await runCli(["train", "--resume", "run", "--data", "moved"], { folder: own })).code, 0);
  assert.equal((await record()).dataFolder, join(own, "moved"));
  // As older versions wrote it.
  const { dataFolder: _, ...older } = await record();
  await writeFile(join(own, "run/run.json"), JSON.stringify(older));
  assert.equal((await runCli(["evaluate", "run"], { folder: own, environment })).code, 0);
});

test("without MNIST and without a network, train draws digits and says so", async (t) => {
  const own = temporaryFolder(t);
  const args = [
    "train",
    "--preset",
    "mnist-vae",
    "--epochs",
    "1",
    "--json",
    "--set",
    "model.encoder=784,8,2",
  ];
  let told = "";
  const { code, stdout, stderr } = await runCli(args, {
    folder: own,
    // The 60,000 drawings are the slow part of this test; its end is not what it is about.
    onOutput: (child, text) => {
      if (told === "" && text.includes("\n")) child.kill("SIGINT");
      told = text;
    },
  });
  assert.ok(code === 130 || code === 0, stderr);
  assert.match(stderr, /MNIST is not here and cannot be downloaded .*\nTraining on drawn digits instead/);
  const [start] = events(stdout);
  assert.ok(start?.event === "start");
  assert.equal(start.dataset.name, "drawn-digits");
  assert.match(start.dataset.source, /drawn by Latent Lab.*for want of MNIST/);
});

test("--out takes no folder that holds something", async () => {
  const { code, stderr } = await runCli([...tinyTraining, "--out", "first"], { folder });
  assert.equal(code, 2);
  assert.match(stderr, /is not empty/);
});

test("a run is found by path, by name and as the latest", async () => {
  const runs = JSON.parse((await runCli(["runs", "--json"], { folder })).stdout).runs;
  const latest = runs.at(-1).path;
  for (const named of ["latest", basename(latest), latest]) {
    const { code, stdout } = await runCli(["evaluate", named, "--json"], { folder });
    assert.equal(code, 0, stdout);
    assert.equal(JSON.parse(stdout).run, latest);
  }
});

test("evaluate finds what training found", async () => {
  const lines = (await readFile(join(folder, "first/metrics.jsonl"), "utf8")).trimEnd().split("\n");
  const epochs = lines.map((line) => JSON.parse(line)).filter((line) => line.event === "epoch");
  const { stdout } = await runCli(["evaluate", "first", "--json"], { folder });
  const { evaluation, sameData } = JSON.parse(stdout);
  assert.deepEqual(evaluation, epochs.at(-1).test);
  assert.equal(sameData, true);
  assert.match((await runCli(["evaluate", "first"], { folder })).stdout, /test loss {4}\d+/);
  assert.match(
    (await runCli(["evaluate", "first", "--split", "train"], { folder })).stdout,
    /train loss {3}\d+/,
  );
});

test("reconstruct and sample write pictures and say where", async () => {
  const { code, stdout } = await runCli(["reconstruct", "first", "-o", "r.png"], { folder });
  assert.deepEqual([code, stdout], [0, "wrote r.png\n"]);
  assert.ok(await isPng("r.png"));
  const sampled = await runCli(["sample", "first", "--count", "3", "--seed", "5", "-o", "s.png", "--json"], {
    folder,
  });
  assert.deepEqual(JSON.parse(sampled.stdout), {
    run: join(folder, "first"),
    output: "s.png",
    count: 3,
    seed: 5,
  });
  assert.ok(await isPng("s.png"));
});

test("encode and decode take an image through a .latent file", async () => {
  await runCli(["sample", "first", "--count", "1", "-o", "digit.png"], { folder });
  const encoded = await runCli(["encode", "first", "digit.png", "--json"], { folder });
  assert.equal(encoded.code, 0, encoded.stdout);
  const { output, latents, bytes } = JSON.parse(encoded.stdout);
  assert.deepEqual([output, latents], ["digit.latent", 4]);
  assert.equal((await readFile(join(folder, "digit.latent"))).length, bytes);
  const decoded = await runCli(["decode", "first", "digit.latent", "-o", "back.png"], { folder });
  assert.equal(decoded.code, 0, decoded.stderr);
  assert.ok(await isPng("back.png"));
});

test("encode names its file after the picture and its neighbours, and says when that looks like ink on paper", async (t) => {
  const pictures = temporaryFolder(t);
  // A dark stroke on white.
  const pixels = Uint8Array.from({ length: 784 }, (_, place) => (place % 28 === 14 ? 20 : 255));
  const paper = encodePng({ width: 28, height: 28, pixels });
  await writeFile(join(pictures, "ink.png"), paper);
  const picture = join(pictures, "ink.png");
  const alone = await runCli(["encode", "first", picture], { folder });
  assert.equal(alone.code, 0, alone.stderr);
  assert.match(alone.stderr, /ink\.png: looks like ink on paper; --invert auto turns it round\n/);
  await runCli(["decode", "first", join(pictures, "ink.latent"), "-o", join(pictures, "ink.jpg.png")], {
    folder,
  });
  await writeFile(join(pictures, "ink.jpg"), paper);
  const turned = await runCli(["encode", "first", picture, "--invert", "auto"], { folder });
  assert.doesNotMatch(turned.stderr, /ink on paper/);
  assert.deepEqual((await readdir(pictures)).filter((name) => name.endsWith(".latent")).sort(), [
    "ink.latent",
    "ink.png.latent",
  ]);
});

test("where the KL divergence has a weight, training and evaluation tell it", async (t) => {
  const own = temporaryFolder(t);
  const trained = await runCli([...tinyTraining, "--set", "loss.beta=2", "--out", "weighted"], {
    folder: own,
  });
  assert.match(trained.stdout, /^ {2}test loss {4}.*KL [\d.]+ × 2\)$/m);
  const { stdout } = await runCli(["evaluate", "weighted"], { folder: own });
  assert.match(stdout, /^ {2}test loss {4}.*KL [\d.]+ × 2\)$/m);
});

test("encode --detail prints all there is to see, and decode --detail the same of the file", async () => {
  await runCli(["sample", "first", "--count", "1", "-o", "detail.png"], { folder });
  const { seen, ...encoded } = await detail(["encode", "first", "detail.png"], encodedPictureSchema);
  assert.deepEqual([encoded.width, encoded.height, encoded.latents.length], [28, 28, 4]);
  assert.deepEqual([encoded.inverted, encoded.invertedBy], [false, "picture"]);
  const pixels = Buffer.from(seen, "base64");
  const reconstruction = Buffer.from(encoded.reconstruction, "base64");
  assert.equal(pixels.length, 784);
  // Told for the reconstruction before it was rounded to bytes: half a level for every pixel.
  const mse =
    pixels.reduce((sum, pixel, index) => sum + ((pixel - (reconstruction[index] ?? 0)) / 255) ** 2, 0) / 784;
  assert.ok(Math.abs(mse - encoded.mse) <= (2 * Math.sqrt(mse) + 1 / 255) / 510, `${mse}, ${encoded.mse}`);
  assert.equal(encoded.psnr, -10 * Math.log10(encoded.mse));
  const file = Buffer.from(encoded.latentFile, "base64");
  assert.deepEqual([encoded.bytes.raw, encoded.bytes.latent], [784, file.length]);
  assert.equal(encoded.bytes.png, encodePng({ width: 28, height: 28, pixels }).length);
  assert.equal(encoded.original.format, "png");
  assert.equal(existsSync(join(folder, "detail.latent")), false);
  const options = ["--invert", "on", "-o", "swapped.latent"];
  const swapped = await detail(["encode", "first", "detail.png", ...options], encodedPictureSchema);
  assert.deepEqual([swapped.inverted, swapped.invertedBy], [true, "user"]);
  assert.deepEqual(
    Buffer.from(swapped.seen, "base64"),
    pixels.map((pixel) => 255 - pixel),
  );
  const held = await readFile(join(folder, "swapped.latent"));
  assert.equal(held.toString("base64"), swapped.latentFile);
  const decoded = await detail(["decode", "first", "swapped.latent"], decodedPictureSchema);
  const { width, height, latents, modelSha256 } = swapped;
  const bytes = { latent: held.length };
  assert.deepEqual(decoded, {
    width,
    height,
    latents,
    modelSha256,
    bytes,
    reconstruction: swapped.reconstruction,
  });
});

test("--detail is for programs, and decode without it needs a file to write", async () => {
  const refusal = async (args: readonly string[]) => {
    const { code, stderr } = await runCli(args, { folder });
    assert.equal(code, 2, stderr);
    return stderr;
  };
  assert.match(await refusal(["encode", "first", "x.png", "--detail"]), /hint: Add --json/);
  assert.match(await refusal(["decode", "first", "x.latent", "--detail"]), /hint: Add --json/);
  assert.match(await refusal(["decode", "first", "x.latent"]), /'-o, --output <file>' not specified/);
  assert.match(await refusal(["encode", "first", "x.png", "--invert", "maybe"]), /on, off, auto/);
});

/** What `args` with --detail print, as `schema` has it. */
async function detail<T extends ZodMiniType>(args: readonly string[], schema: T): Promise<output<T>> {
  const { code, stdout } = await runCli([...args, "--detail", "--json"], { folder });
  assert.equal(code, 0, stdout);
  return schema.parse(JSON.parse(stdout));
}

test("a file that is no .latent file, or another model's, is refused and nothing is written", async () => {
  await writeFile(join(folder, "wrong.latent"), "hello");
  const { code, stderr } = await runCli(["decode", "first", "wrong.latent", "-o", "no.png"], { folder });
  assert.equal(code, 1);
  assert.match(stderr, /wrong\.latent/);
  await writeFile(join(folder, "huge.latent"), Buffer.alloc(1_000_000));
  assert.match(
    (await runCli(["decode", "first", "huge.latent", "-o", "no.png"], { folder })).stderr,
    /1000000 bytes are too many/,
  );
  assert.equal(existsSync(join(folder, "no.png")), false);
});

test("a picture that cannot be written leaves nothing behind", async () => {
  const beforehand = await readdir(folder);
  const { code, stderr } = await runCli(["sample", "first", "-o", "nowhere/s.png"], { folder });
  assert.equal(code, 1);
  assert.match(stderr, /nowhere.*the folder it would be in is not there\nhint: Make that folder/);
  assert.deepEqual(await readdir(folder), beforehand);
});

test("no command writes over what it reads, over a run's files or over a file of another kind", async () => {
  await runCli(["sample", "first", "--count", "1", "-o", "kept.png"], { folder });
  await runCli(["encode", "first", "kept.png"], { folder });
  // A picture whose name makes it its own place.
  await writeFile(join(folder, "picture.latent"), await readFile(join(folder, "kept.png")));
  await writeFile(join(folder, "mine.json"), "{}");
  const names = [
    "kept.png",
    "kept.latent",
    "picture.latent",
    "mine.json",
    "first/samples.png",
    "first/model.safetensors",
  ];
  const contents = () => Promise.all(names.map((name) => readFile(join(folder, name))));
  const beforehand = await contents();
  for (const args of [
    ["encode", "first", "kept.png", "-o", "kept.png"],
    ["encode", "first", "picture.latent"],
    ["decode", "first", "kept.latent", "-o", "kept.latent"],
    ["sample", "first", "-o", "mine.json"],
    ["sample", "first", "-o", "first/samples.png"],
    ["reconstruct", "first", "-o", "first/model.safetensors"],
  ]) {
    const { code, stdout, stderr } = await runCli(args, { folder });
    assert.deepEqual([code, stdout], [2, ""], stderr);
    assert.match(stderr, /^error: .+\nhint: .+\n$/);
  }
  assert.deepEqual(await contents(), beforehand);
});

test("runs lists what is there, damaged ones too", async () => {
  const broken = join(folder, ".latent-lab/runs/broken");
  await mkdir(broken, { recursive: true });
  await writeFile(join(broken, "run.json"), "{");
  const { code, stdout } = await runCli(["runs"], { folder });
  assert.equal(code, 0);
  assert.match(stdout, /-mnist-vae +finished +2\/2 epochs/);
  assert.match(stdout, /^broken +damaged +.*run\.json: is cut short/m);
});
