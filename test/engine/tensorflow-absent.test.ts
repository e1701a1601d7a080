/**
 * Every way in which TensorFlow can be absent, each as one clear line with a remedy, found out by the real probe in
 * its own process on packages written here; and its installation with npm, from an npm that does what a test says and
 * from the real one on a network that is not there.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { endsWithStdin } from "../../src/contract/environment.ts";
import { cacheFolder } from "../../src/ml/data/cache-folder.ts";
import { chooseForUse } from "../../src/ml/engine/choose-engine.ts";
import { createTensorflowEngine } from "../../src/ml/engine/tensorflow/tensorflow-engine.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { plainEnvironment, runCli, tinyTraining } from "../cli/run-cli.ts";
import { eventually } from "../fixtures/eventually.ts";
import { failsWith } from "../fixtures/failures.ts";
import { findProgram } from "../fixtures/programs.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { patchDataset } from "../reference/datasets.ts";
import { experiment } from "../reference/experiments.ts";
import { pureJavaScriptTensorflow, writePackage } from "../reference/tensorflow-package.ts";

const gpuPackage = "@tensorflow/tfjs-node-gpu";
const options = { threads: 0 };
const choice = experiment({ model: { kind: "variational", encoder: [15, 4] }, training: { batch: 4 } });
const working = await pureJavaScriptTensorflow();
/** The same with other functions in place of some of its own. */
const workingBut = (functions: string) => `${working}\nmodule.exports = { ...module.exports, ${functions} };`;
/** As if its backend had found a GPU, and told so as TensorFlow does. */
const onGpu = `${workingBut("backend: () => ({ isUsingGpuDevice: true })")}
  console.log("TensorFlow says hello");
  if (process.env.TF_CPP_MIN_LOG_LEVEL === "0")
    console.error("I Created device /job:localhost/replica:0/task:0/device:GPU:0 with 38412 MB memory:  -> device: 0, name: NVIDIA A100, pci bus id: 0000:00:04.0");`;

/** What the engine says of itself where LATENT_LAB_TENSORFLOW names `folder`. */
function probed(folder: string, more: NodeJS.ProcessEnv = {}, patienceMilliseconds = 20_000) {
  const environment = { ...plainEnvironment(folder), LATENT_LAB_TENSORFLOW: folder, ...more };
  return createTensorflowEngine({ environment, patienceMilliseconds }).probe(options);
}

/** Why a package that does `code` cannot be used. */
async function refused(t: TestContext, code: string, patienceMilliseconds?: number): Promise<string> {
  const folder = temporaryFolder(t);
  writePackage(folder, gpuPackage, code);
  const device = await probed(folder, {}, patienceMilliseconds);
  assert.ok(!device.available);
  assert.match(device.reason, /^[^\n]{10,400}$/);
  assert.match(device.hint, /^[^\n]{10,200}$/);
  return device.reason;
}

describe("TensorFlow is not used, and says why in one line, where", () => {
  test("it is not installed", async (t) => {
    const folder = temporaryFolder(t);
    const engine = createTensorflowEngine({ environment: plainEnvironment(folder) });
    const device = await engine.probe(options);
    assert.ok(!device.available);
    assert.equal(device.reason, "TensorFlow is not installed");
    assert.match(device.hint, /latent-lab engines install tensorflow/);
    const network = buildNetwork(choice);
    await failsWith(() => engine.open(network, null, options), "engine-unavailable", "not installed");
  });

  test("the folder that is named for it is empty, or not there", async (t) => {
    const folder = temporaryFolder(t);
    for (const named of [folder, join(folder, "nowhere")]) {
      const device = await probed(named);
      assert.ok(!device.available);
      assert.ok(device.reason.includes(named));
      assert.match(device.reason, /LATENT_LAB_TENSORFLOW/);
    }
  });

  test("it throws while it is loaded, as on a Node that it was not built for", async (t) => {
    const reason = await refused(t, 'throw new Error("NODE_MODULE_VERSION 93 is needed,\\nthis is another")');
    assert.match(reason, /cannot be loaded by Node \d+\.\d+.* \(NODE_MODULE_VERSION 93 is needed, this is/);
  });

  test("it is something else", async (t) => {
    assert.match(await refused(t, "module.exports = { ready() {} }"), /cannot be loaded .*no TensorFlow/);
  });

  test("it has no JavaScript at all, as after an installation that broke off", async (t) => {
    const folder = temporaryFolder(t);
    const own = join(folder, "node_modules", gpuPackage);
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, "package.json"), JSON.stringify({ name: gpuPackage, version: "4.22.0" }));
    const device = await probed(folder);
    assert.ok(!device.available);
    assert.match(device.reason, /cannot be loaded .*Cannot find module/);
  });

  test("it hangs while it is loaded", async (t) => {
    const start = performance.now();
    assert.match(await refused(t, "for (;;);", 700), /did not answer within 0\.7 s .*was ended/);
    assert.ok(performance.now() - start < 10_000);
  });

  test("it waits for something that never comes", async (t) => {
    const code = `${workingBut("ready: () => new Promise(() => {})")}\nsetInterval(() => {}, 1000);`;
    assert.match(await refused(t, code, 1500), /did not answer/);
  });

  test("its native code crashes", async (t) => {
    assert.match(await refused(t, 'process.kill(process.pid, "SIGSEGV"); for (;;);'), /ended .*\(SIGSEGV\)/);
  });

  test("it ends the process without a word", async (t) => {
    assert.match(await refused(t, "process.exit(7)"), /ended .*\(exit code 7\)/);
  });

  test("no process can be started to try it out", async (t) => {
    const folder = temporaryFolder(t);
    writePackage(folder, gpuPackage, working);
    const { execPath } = process;
    t.after(() => {
      process.execPath = execPath;
    });
    process.execPath = join(folder, "no node");
    await failsWith(() => probed(folder), "engine-unavailable", /^no process can be started .*ENOENT/);
  });

  test("it computes wrongly", async (t) => {
    const code = workingBut("relu: (x) => x");
    assert.match(await refused(t, code), /computes wrongly here \(1 4 4 6 6 where 7 4 0 6 0 is right\)$/);
  });

  test("it finds no GPU; what TensorFlow missed is named", async (t) => {
    assert.match(await refused(t, working), /loads but reports no GPU$/);
    const told = "W dso_loader.cc:64] Could not load dynamic library 'libcudart.so.11.0'; dlerror: none";
    const reason = await refused(t, `${working}\nconsole.error(${JSON.stringify(told)});`);
    assert.match(reason, /no GPU \(libcudart\.so\.11\.0 is missing\)/);
  });
});

describe("TensorFlow is used where", () => {
  test("its own folder, its node_modules or what holds them is named; a GPU is told by name", async (t) => {
    const folder = temporaryFolder(t);
    const own = writePackage(folder, gpuPackage, onGpu);
    for (const named of [folder, join(folder, "node_modules"), own]) {
      const device = await probed(named);
      assert.ok(device.available);
      assert.equal(device.description, `NVIDIA A100, ${gpuPackage} 4.22.0`);
      assert.equal(device.memory, 38412 * 2 ** 20);
      assert.equal(device.threads, 0);
    }
  });

  test("no GPU is needed by whom LATENT_LAB_TENSORFLOW_ALLOW_CPU says so, and it is told", async (t) => {
    const folder = temporaryFolder(t);
    writePackage(folder, "@tensorflow/tfjs", working);
    const environment = {
      ...plainEnvironment(folder),
      LATENT_LAB_TENSORFLOW: folder,
      LATENT_LAB_TENSORFLOW_ALLOW_CPU: "1",
    };
    const engine = createTensorflowEngine({ environment });
    const device = await engine.probe(options);
    assert.ok(device.available);
    assert.equal(device.description, "no GPU, @tensorflow/tfjs 4.22.0, backend cpu");
    const session = await engine.open(buildNetwork(choice), patchDataset(5, 3, 9, 2, 1), options);
    const { images, reconstruction } = await session.train(3);
    assert.equal(images, 9);
    assert.ok(reconstruction.every(Number.isFinite));
    await session.close();
    // What the library says of a closed session becomes ours.
    await failsWith(() => session.train(1), "engine-failed", "TensorFlow failed");
  });

  test("it is named: auto never takes it", async () => {
    assert.equal((await chooseForUse("auto", options)).engine.name, "cpu");
  });

  test("a whole run is trained and evaluated with it from the command line", async (t) => {
    const folder = temporaryFolder(t);
    writePackage(folder, "@tensorflow/tfjs", working);
    const environment = { LATENT_LAB_TENSORFLOW: folder, LATENT_LAB_TENSORFLOW_ALLOW_CPU: "1" };
    const run = (...args: string[]) => runCli(args, { folder, environment });
    const trained = await run(...tinyTraining, "--out", "run", "--engine", "tensorflow", "--json");
    assert.equal(trained.code, 0, trained.stdout);
    assert.match(trained.stdout, /"engine":"tensorflow",.*"device":"no GPU, @tensorflow\/tfjs/);
    const record = JSON.parse(readFileSync(join(folder, "run/run.json"), "utf8"));
    assert.equal(record.status, "finished");
    const losses = await Promise.all(
      ["tensorflow", "cpu"].map(async (engine) => {
        const { stdout } = await run("evaluate", "run", "--engine", engine, "--json");
        return Number(/"loss":([\d.]+)/.exec(stdout)?.[1]);
      }),
    );
    // The same weights and noise on two engines, both float32.
    assert.ok(Math.abs((losses[0] ?? 0) / (losses[1] ?? 1) - 1) < 1e-5, losses.join());
    const listed = await run("engines");
    assert.match(listed.stdout, /^tensorflow .* no GPU, /m);
  });
});

/** An npm that runs `code`, which sees the project's folder as `folder`, alone on a PATH. */
function npmThat(t: TestContext, code: string): { folder: string; environment: NodeJS.ProcessEnv } {
  const folder = temporaryFolder(t);
  const programs = join(folder, "bin");
  mkdirSync(programs);
  writeFileSync(
    join(programs, "npm"),
    `#!${process.execPath}
     const { mkdirSync, writeFileSync } = require("node:fs");
     const { join } = require("node:path");
     const folder = process.argv[process.argv.indexOf("--prefix") + 1];
     const write = (code) => {
       const own = join(folder, "node_modules", ${JSON.stringify(gpuPackage)});
       mkdirSync(own, { recursive: true });
       writeFileSync(join(own, "package.json"), JSON.stringify({ name: ${JSON.stringify(gpuPackage)}, version: "4.22.0", main: "index.js" }));
       writeFileSync(join(own, "index.js"), code);
     };
     const fail = (error) => { console.log(JSON.stringify({ error }, null, 2)); process.exit(1); };
     ${code}`,
  );
  chmodSync(join(programs, "npm"), 0o755);
  return { folder, environment: { PATH: programs } };
}

function engineFolder(folder: string): string {
  return join(cacheFolder(plainEnvironment(folder)), "engines");
}

function leftIn(folder: string): string[] {
  return existsSync(engineFolder(folder)) ? readdirSync(engineFolder(folder)) : [];
}

const install = ["engines", "install", "tensorflow"];
const posix = { skip: process.platform === "win32" ? "the npm made for these tests is a script" : false };

describe("latent-lab engines install tensorflow", posix, () => {
  test("installs with npm, tries it out, tells how far it is; remove takes it away", async (t) => {
    const { folder, environment } = npmThat(t, `write(${JSON.stringify(onGpu)});`);
    const { code, stdout, stderr } = await runCli(install, { folder, environment });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^installing TensorFlow with npm\ntrying TensorFlow out\n$/);
    assert.match(stdout, /^TensorFlow is in .+\nworks: NVIDIA A100, .*--engine tensorflow\n$/);
    assert.deepEqual(leftIn(folder), ["tensorflow"]);
    // Once more, over what is there, and as the extension does.
    const again = await runCli([...install, "--json"], { folder, environment });
    const lines = again.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual([...new Set(lines.map((line) => line.doing))], ["fetch", "try", undefined]);
    assert.equal(lines.at(-1).available, true);
    assert.deepEqual(leftIn(folder), ["tensorflow"]);
    assert.match((await runCli(["engines"], { folder })).stdout, /^tensorflow .* NVIDIA A100, /m);
    const removed = await runCli(["engines", "remove", "tensorflow"], { folder });
    assert.equal(removed.stdout, "TensorFlow is removed.\n");
    assert.deepEqual(leftIn(folder), []);
    const nothing = await runCli(["engines", "remove", "tensorflow", "--json"], { folder });
    assert.equal(nothing.stdout, '{"name":"tensorflow","removed":false}\n');
  });

  test("keeps what loads without a GPU, and says so", async (t) => {
    const { folder, environment } = npmThat(t, `write(${JSON.stringify(working)});`);
    const { code, stdout } = await runCli(install, { folder, environment });
    assert.equal(code, 0);
    assert.match(stdout, /\nbut not usable here: .* reports no GPU\. /);
    assert.deepEqual(leftIn(folder), ["tensorflow"]);
  });

  const failures: [why: string, npm: string, code: string, said: RegExp][] = [
    [
      "what came cannot be loaded",
      `write('throw new Error("no such library")');`,
      "engine-unavailable",
      /cannot be loaded .*no such library.*nothing was kept/,
    ],
    ["npm brought something else", "", "engine-unavailable", /npm brought no /],
    [
      "its install script failed",
      `fail({ code: 1, summary: "command failed", detail: "sh -c node scripts/install.js\\nnode:events:502\\n      throw er;\\n\\nError: getaddrinfo ENOTFOUND example.org" });`,
      "download-failed",
      /the install script of .* failed \(getaddrinfo ENOTFOUND/,
    ],
    [
      "the disk is full",
      `fail({ code: "ENOSPC", summary: "ENOSPC: no space left on device, write", detail: "" });`,
      "storage-full",
      /the disk is full/,
    ],
    ["npm fails otherwise", "process.exit(5);", "download-failed", /npm failed \(exit code 5\)/],
  ];
  for (const [why, npm, code, said] of failures)
    test(`keeps nothing where ${why}`, async (t) => {
      const { folder, environment } = npmThat(t, npm);
      const ended = await runCli([...install, "--json"], { folder, environment });
      assert.equal(ended.code, 1);
      const error = JSON.parse(ended.stdout.trimEnd().split("\n").at(-1) ?? "");
      assert.equal(error.code, code);
      assert.match(error.message, said);
      assert.match(error.hint, /^[^\n]{5,300}$/);
      assert.deepEqual(leftIn(folder), []);
    });

  test("keeps what was there before where the new one cannot be loaded", async (t) => {
    const { folder, environment } = npmThat(t, "write('throw 1');");
    writePackage(join(engineFolder(folder), "tensorflow"), gpuPackage, onGpu);
    assert.equal((await runCli(install, { folder, environment })).code, 1);
    assert.match((await runCli(["engines"], { folder })).stdout, /^tensorflow .* NVIDIA A100, /m);
  });

  const npmThatStarts = `
    const { spawn } = require("node:child_process");
    const script = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    writeFileSync(join(folder, "..", "..", "started"), script.pid + " " + process.pid);
    write("");
    setInterval(() => {}, 1000);`;
  /** Installs until npm has started a script, and ends that by `end`; `started` are the script's process and npm's. */
  async function endedBy(t: TestContext, end: (child: ChildProcess) => void) {
    const { folder, environment } = npmThat(t, npmThatStarts);
    const file = join(engineFolder(folder), "..", "started");
    let isAsked = false;
    const ended = await runCli([...install, "--json"], {
      folder,
      environment: { ...environment, [endsWithStdin]: "1" },
      stdin: "pipe",
      onOutput: async (child) => {
        if (isAsked) return;
        isAsked = true;
        await eventually("npm's script", () => existsSync(file) || null);
        end(child);
      },
    });
    return { folder, ended, started: readFileSync(file, "utf8").split(" ").map(Number) };
  }

  const ends: Readonly<Record<string, (child: ChildProcess) => void>> = {
    "Ctrl-C": (child) => child.kill("SIGINT"),
    "an editor that cancels it, or is gone,": (child) => child.stdin?.end(),
  };
  for (const [who, end] of Object.entries(ends))
    test(`${who} ends npm and what npm has started, and removes what was fetched`, async (t) => {
      const { folder, ended, started } = await endedBy(t, end);
      assert.equal(ended.code, 130, ended.stderr);
      assert.match(
        ended.stdout,
        /"code":"interrupted","message":"the installation was stopped; nothing was kept"/,
      );
      assert.deepEqual(leftIn(folder), []);
      await eventually("the end of npm and its script", () => !started.some(isAlive) || null);
    });

  test("what one leaves that is killed the next one removes", async (t) => {
    const { folder, started } = await endedBy(t, (child) => child.kill("SIGKILL"));
    for (const pid of started) process.kill(pid, "SIGKILL");
    assert.equal(leftIn(folder).length, 1);
    const { environment } = npmThat(t, "process.exit(5);");
    assert.equal((await runCli(install, { folder, environment })).code, 1);
    assert.deepEqual(leftIn(folder), []);
  });

  test("says that there is no npm", async (t) => {
    const folder = temporaryFolder(t);
    // A Node without an npm beside it.
    const node = join(folder, "node");
    execFileSync("cp", [process.execPath, node]);
    const { code, stderr } = await runCli(install, { folder, node, environment: { PATH: folder } });
    assert.equal(code, 1);
    assert.match(stderr, /^error: there is no npm on the PATH.*\nhint: .*LATENT_LAB_TENSORFLOW/);
  });

  const noNpm = findProgram("npm") === undefined ? "there is no npm on this machine's PATH" : false;
  test("says that the real npm reaches no registry", { skip: noNpm }, async (t) => {
    const folder = temporaryFolder(t);
    const environment = {
      PATH: process.env.PATH ?? delimiter,
      npm_config_registry: "http://127.0.0.1:9",
      npm_config_cache: join(folder, "npm-cache"),
      npm_config_fetch_retries: "0",
    };
    const { code, stderr } = await runCli(install, { folder, environment });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /error: npm cannot get @tensorflow\/tfjs-node-gpu \(ECONNREFUSED\)\nhint: Check the network/,
    );
    assert.deepEqual(leftIn(folder), []);
  });

  test("installs nothing else", async (t) => {
    const folder = temporaryFolder(t);
    for (const verb of ["install", "remove"]) {
      const { code, stderr } = await runCli(["engines", verb, "cpu"], { folder });
      assert.equal(code, 2);
      assert.match(stderr, /there is no engine "cpu" to (?:install|remove)\nhint: .*tensorflow/);
    }
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
