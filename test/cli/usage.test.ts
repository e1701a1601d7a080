import assert from "node:assert/strict";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { trainingEventSchema } from "../../src/contract/events.ts";
import { presets } from "../../src/contract/presets.ts";
import { mnistCacheFolder } from "../../src/ml/data/mnist.ts";
import { smallDataset, writeFiles } from "../fixtures/idx-bytes.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { type CliOptions, runCli } from "./run-cli.ts";

const commands = [
  "train",
  "evaluate",
  "reconstruct",
  "sample",
  "encode",
  "decode",
  "presets",
  "datasets",
  "engines",
  "runs",
];

function run(args: readonly string[], folder: string, options: Omit<CliOptions, "folder"> = {}) {
  return runCli(args, { folder, ...options });
}

/** Fails as it should: this exit code, "error:" and "hint:" on stderr, nothing on stdout, no stack. */
async function refusal(args: readonly string[], folder: string, code: number): Promise<string> {
  const ended = await run(args, folder);
  assert.equal(ended.code, code, ended.stderr);
  assert.equal(ended.stdout, "");
  assert.match(ended.stderr, /^error: .+\nhint: .+\n$/);
  assert.doesNotMatch(ended.stderr, /\bat .+:\d+:\d+/);
  return ended.stderr;
}

test("help goes to stdout and names every command, the exit codes and the environment", async (t) => {
  const folder = temporaryFolder(t);
  const { code, stdout, stderr } = await run(["--help"], folder);
  assert.equal(code, 0);
  assert.equal(stderr, "");
  for (const command of commands) assert.match(stdout, new RegExp(`^ {2}${command} `, "m"));
  for (const word of ["LATENT_LAB_DATA", "NO_COLOR", "HTTPS_PROXY", "130", "Examples:"])
    assert.ok(stdout.includes(word), word);
  assert.ok(
    stdout.split("\n").every((line) => line.length <= 100),
    "no line is too long for a terminal",
  );
});

test("every command has help with a description, and takes --json", async (t) => {
  const folder = temporaryFolder(t);
  for (const command of commands) {
    const { code, stdout } = await run([command, "--help"], folder);
    assert.equal(code, 0, command);
    assert.match(stdout, new RegExp(`^Usage: latent-lab ${command}`), command);
    assert.match(stdout, /--json/, command);
  }
});

test("no command at all is a mistake that shows the help", async (t) => {
  const folder = temporaryFolder(t);
  const { code, stdout, stderr } = await run([], folder);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^Usage: latent-lab/);
});

test("the version is that of package.json", async (t) => {
  const folder = temporaryFolder(t);
  const manifest = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  assert.equal((await run(["--version"], folder)).stdout, `${manifest.version}\n`);
});

test("mistakes of usage end with 2 and suggest what was meant", async (t) => {
  const folder = temporaryFolder(t);
  assert.match(await refusal(["trian"], folder, 2), /Did you mean train\?/);
  assert.match(
    await refusal(["nonsense"], folder, 2),
    /unknown command.*\nhint: Its usage: node .*latent-lab\.js --help/,
  );
  assert.match(await refusal(["train", "--epoch", "3"], folder, 2), /Did you mean --epochs\?/);
  assert.match(await refusal(["train", "--preset", "mnist-vea"], folder, 2), /Did you mean mnist-vae\?/);
  assert.match(await refusal(["train"], folder, 2), /there is no latent-lab\.json here/);
  assert.match(await refusal(["train", "x.json", "--preset", "mnist-vae"], folder, 2), /both a file/);
  assert.match(await refusal(["sample", "latest"], folder, 2), /--output/);
  assert.match(await refusal(["evaluate"], folder, 2), /missing required argument 'run'/);
  assert.match(await refusal(["datasets", "get"], folder, 2), /Its usage: .* datasets get --help\n$/);
  assert.match(await refusal(["evaluate", "--split"], folder, 2), /Its usage: .*js evaluate --help\n$/);
  assert.match(await refusal(["datasets", "get", "cifar"], folder, 2), /mnist/);
  for (const setting of ["training.epoch=2", "training.epochs=many", "training.epochs", "model.encoder[9]=1"])
    assert.match(
      await refusal(["train", "--preset", "mnist-vae", "--set", setting], folder, 2),
      new RegExp(`^error: --set ${setting.split("=")[0]?.replaceAll(/[[\]]/g, "\\$&")}: `),
    );
  for (const epochs of ["0", "-1", "1.5", "many", "1e3", "100001"]) {
    assert.match(
      await refusal(["train", "--preset", "mnist-vae", `--epochs=${epochs}`], folder, 2),
      /from 1 to 100000/,
    );
  }
  assert.match(
    await refusal(["train", "--resume", "latest", "--seed", "2"], folder, 2),
    /--seed cannot be combined/,
  );
});

test("a name that is empty, as a script's unset variable is, never means the current folder", async (t) => {
  const folder = temporaryFolder(t);
  for (const args of [
    ["train", ""],
    ["train", "--preset", "mnist-vae", "--out", ""],
    ["train", "--preset", "mnist-vae", "--data="],
    ["train", "--resume", ""],
    ["evaluate", ""],
    ["sample", "run", "-o", ""],
    ["encode", "run", ""],
    ["decode", "run", "", "-o", "x.png"],
  ]) {
    assert.match(await refusal(args, folder, 2), /It must not be empty/, args.join(" "));
  }
});

test("an engine that is not there is named, with those that are", async (t) => {
  const folder = temporaryFolder(t);
  const said = await refusal(["train", "--preset", "mnist-vae", "--engine", "cuda"], folder, 2);
  assert.match(said, /there is no engine "cuda"\nhint: Engines: auto, webgpu, cpu, tensorflow\./);
});

test("more threads than processors are refused, naming how many there are", async (t) => {
  const folder = temporaryFolder(t);
  const processors = availableParallelism();
  const said = await refusal(
    ["train", "--preset", "mnist-vae", "--threads", String(processors + 1)],
    folder,
    2,
  );
  assert.ok(said.includes(`this machine's ${processors} processors`), said);
});

test("a wrong experiment file is named with the place in it", async (t) => {
  const folder = temporaryFolder(t);
  assert.match(await refusal(["train", "no.json"], folder, 1), /no\.json: no such file/);
  assert.match(await refusal(["train", "."], folder, 1), /is a folder/);
  await writeFile(join(folder, "latent-lab.json"), '{\n  "model": }');
  assert.match(await refusal(["train"], folder, 1), /error: latent-lab\.json:2:12: a value should be here/);
  await writeFile(join(folder, "a.json"), '{"model":{"kind":"variational","encoder":[784,-1]}}');
  assert.match(
    await refusal(["train", "a.json"], folder, 1),
    /a\.json: model\.encoder\[1\] must be a whole number/,
  );
  if (process.platform !== "win32") {
    const broken = join(folder, "\u009b31m\nb.json");
    await writeFile(broken, "{");
    assert.match(await refusal(["train", broken], folder, 1), /\\u009b31m b\.json:1:2: the file ends/);
  }
  await writeFile(join(folder, "latin.json"), Buffer.from('{"name":"caf\u00e9"}', "latin1"));
  assert.match(await refusal(["train", "latin.json"], folder, 1), /latin\.json: is not UTF-8 text/);
  await writeFile(join(folder, "b.json"), Buffer.alloc(5_000_000, " "));
  assert.match(await refusal(["train", "b.json"], folder, 1), /b\.json: 5000000 bytes are too many/);
});

// A guard against waiting for minutes, as every key was once looked up; it takes a fraction of a second.
test("a file of nothing but mistakes is refused with their number", { timeout: 20_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const keys = Array.from({ length: 80_000 }, (_, index) => `"k${index}":1`);
  await writeFile(join(folder, "nonsense.json"), `{${keys.join(",")}}`);
  assert.match(await refusal(["train", "nonsense.json"], folder, 1), /k0 is not a setting\n.*; 79997 more/);
});

test("a model that does not fit the images is refused before a run folder is made", async (t) => {
  const folder = temporaryFolder(t);
  const small = [
    "--set",
    "dataset.kind=drawn-digits",
    "--set",
    "dataset.train=10",
    "--set",
    "dataset.test=10",
  ];
  const args = ["train", "--preset", "mnist-vae", ...small, "--set", "model.encoder=100,4"];
  assert.match(
    await refusal(args, folder, 1),
    /error: --set model\.encoder: .*\n.*Set model\.encoder to \[784, 4\]/,
  );
  assert.equal((await run(["runs", "--json"], folder)).stdout, '{"runs":[]}\n');
});

test("a model that is too large for the CPU engine's memory names the settings that make it so", async (t) => {
  const folder = temporaryFolder(t);
  const large = [
    "model.encoder=784,65536,65536,2",
    "dataset.kind=drawn-digits",
    "dataset.train=10",
    "dataset.test=10",
  ];
  const args = [
    "train",
    "--preset",
    "mnist-vae",
    "--engine",
    "cpu",
    ...large.flatMap((each) => ["--set", each]),
  ];
  const said = await refusal(args, folder, 1);
  assert.match(
    said,
    /more than the 4 GiB .*\nhint: Lower training\.batch or the widths in model\.encoder and/,
  );
});

test("a run that is not there is refused, and near names are suggested", async (t) => {
  const folder = temporaryFolder(t);
  for (const args of [
    ["evaluate", "nope"],
    ["evaluate", "latest"],
    ["sample", "latest", "-o", "x.png"],
  ]) {
    assert.match(await refusal(args, folder, 1), /there is no run/);
  }
  assert.match(await refusal(["evaluate", "./nope"], folder, 1), /nope: no such folder/);
  assert.match(await refusal(["evaluate", "."], folder, 1), /not a run folder/);
});

test("under --json an error is an event on stdout, also one in the command line itself", async (t) => {
  const folder = temporaryFolder(t);
  const cases: [string[], string, number][] = [
    [["train", "--json", "--preset", "nope"], "usage", 2],
    [["trian", "--json"], "usage", 2],
    [["runs", "--json", "--nope"], "usage", 2],
    [["train", "no.json", "--json"], "storage-failed", 1],
    [["train", "--preset", "mnist-vae", "--json", "--set", "training.epoch=2"], "usage", 2],
    [["evaluate", "nope", "--json"], "run-invalid", 1],
  ];
  for (const [args, code, exitCode] of cases) {
    const ended = await run(args, folder);
    assert.equal(ended.code, exitCode, args.join(" "));
    assert.equal(ended.stderr, "");
    const event = trainingEventSchema.parse(JSON.parse(ended.stdout));
    assert.ok(event.event === "error" && event.code === code && event.hint !== "", ended.stdout);
  }
});

test("presets are listed by name, and under --json as whole experiments", async (t) => {
  const folder = temporaryFolder(t);
  const text = await run(["presets"], folder);
  const json = JSON.parse((await run(["presets", "--json"], folder)).stdout);
  for (const { name } of presets) assert.ok(text.stdout.includes(`${name}\n`));
  assert.deepEqual(
    json.presets.map((preset: { name: string }) => preset.name),
    presets.map(({ name }) => name),
  );
  await writeFile(join(folder, "latent-lab.json"), JSON.stringify(json.presets[0].experiment));
  assert.doesNotMatch(await refusal(["train", "--engine", "nope"], folder, 2), /latent-lab\.json/);
});

test("engines says of each how fast it is here, or why it is out and what to do", async (t) => {
  const folder = temporaryFolder(t);
  const { engines } = JSON.parse((await run(["engines", "--json"], folder)).stdout);
  assert.deepEqual(
    engines.map((engine: { name: string }) => engine.name),
    ["webgpu", "cpu", "tensorflow"],
  );
  const [webgpu, cpu, tensorflow] = engines;
  assert.equal(cpu.available, true);
  assert.ok(cpu.imagesPerSecond > 0);
  assert.equal(tensorflow.available, false);
  const { stdout } = await run(["engines"], folder);
  assert.match(stdout, /^cpu +[\d,]+ images\/s +[\d.]+ [GT]B +.*WebAssembly/m);
  assert.match(stdout, /^tensorflow cannot run here: TensorFlow is not installed\.\n {2}Install it: /m);
  if (!webgpu.available) assert.match(stdout, /^webgpu cannot run here: .+\.\n {2}.+/m);
});

test("datasets says whether MNIST is here", async (t) => {
  const folder = temporaryFolder(t);
  assert.match((await run(["datasets"], folder)).stdout, /^mnist +not here yet/);
  const missing = await run(["datasets"], folder, { environment: { LATENT_LAB_DATA: folder } });
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /LATENT_LAB_DATA/);
});

test("datasets and train name a cached copy of MNIST that is damaged", async (t) => {
  const folder = temporaryFolder(t);
  const cache = mnistCacheFolder({ HOME: folder, LOCALAPPDATA: folder });
  await mkdir(cache, { recursive: true });
  await writeFiles(cache, smallDataset());
  const { stdout } = await run(["datasets"], folder);
  assert.match(stdout, /^mnist +damaged \(.*train-images-idx3-ubyte: does not hold .*datasets get mnist$/m);
  const [mnist] = JSON.parse((await run(["datasets", "--json"], folder)).stdout).datasets;
  assert.deepEqual([mnist.available, mnist.damage.length], [false, 4]);
  const words = await refusal(["train", "--preset", "mnist-vae"], folder, 1);
  assert.match(words, /train-images-idx3-ubyte: does not hold .*\nhint: .*datasets get mnist/);
});

test("a download that cannot reach the network fails as such", async (t) => {
  const folder = temporaryFolder(t);
  const { code, stdout } = await run(["datasets", "get", "mnist", "--json"], folder);
  assert.equal(code, 1);
  assert.equal(JSON.parse(stdout).code, "download-failed");
});

test("an output that cannot be written is named", {
  skip: process.platform === "linux" ? false : "only Linux has a device that is always full",
}, async (t) => {
  const folder = temporaryFolder(t);
  const full = await open("/dev/full", "w");
  t.after(() => full.close());
  const { code, stderr } = await run(["presets"], folder, { stdout: full.fd });
  assert.equal(code, 1);
  assert.match(stderr, /^error: standard output: the disk is full\nhint: /);
});

test("an output that nobody reads any more ends the program quietly", async (t) => {
  const folder = temporaryFolder(t);
  const { code, stderr } = await run(["presets", "--json"], folder, {
    onOutput: (child) => child.stdout?.destroy(),
  });
  assert.deepEqual([code, stderr], [0, ""]);
});
