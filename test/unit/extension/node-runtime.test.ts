/** Which Node the extension runs trainings on, among executables that answer well, badly, late or never. */
import assert from "node:assert/strict";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { Failure } from "../../../src/contract/failure.ts";
import type { RuntimeVerdict } from "../../../src/contract/runtime.ts";
import { askRuntime } from "../../../src/extension/training/ask-runtime.ts";
import {
  candidatesOf,
  chooseRuntime,
  type Surroundings,
} from "../../../src/extension/training/choose-runtime.ts";
import { NodeRuntimes } from "../../../src/extension/training/node-runtime.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const skip = process.platform === "win32" ? "the executables of these tests are shell scripts" : false;

const able = { node: "24.21.0", electron: null, dawn: true, readback: true, reason: null };
const unable = { ...able, readback: false, reason: "External buffers are not allowed" };
const without = { ...able, dawn: false, readback: false, reason: "the WebGPU library cannot be loaded" };

function says(...verdicts: RuntimeVerdict[]): string {
  return verdicts.map((verdict) => `echo '${JSON.stringify(verdict)}'`).join("\n");
}

/** An executable that leaves a line in `<path>.asked` whenever it is run. */
function executable(path: string, script: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\necho asked >> "${path}.asked"\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

function timesAsked(path: string): number {
  const file = `${path}.asked`;
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
}

interface Place extends Surroundings {
  readonly lines: string[];
  /** The choice, as the extension makes it. */
  choose(options?: { withGpu?: boolean; patience?: number }): Promise<string>;
}

/** A machine with an extension on it: the desktop's, until `surroundings` say otherwise. */
function place(t: TestContext, surroundings: Partial<Surroundings> = {}): Place {
  const folder = temporaryFolder(t);
  const script = join(folder, "extension/dist/latent-lab.js");
  mkdirSync(dirname(script), { recursive: true });
  const usual = { execPath: join(folder, "editor"), electron: "37.2.0", platform: process.platform };
  const all = { setting: "", script, searchPath: join(folder, "bin"), ...usual, ...surroundings };
  const lines: string[] = [];
  const log = {
    info: (line: string) => lines.push(line),
    warn: (line: string) => lines.push(`warning: ${line}`),
  };
  return {
    ...all,
    lines,
    async choose({ withGpu = true, patience = 5000 } = {}) {
      const ask = (candidate: Parameters<typeof askRuntime>[1]) => askRuntime(script, candidate, patience);
      const { origin, environment } = await chooseRuntime(candidatesOf(all), withGpu, ask, log);
      assert.equal(environment.ELECTRON_RUN_AS_NODE, origin === "editor" && all.electron ? "1" : undefined);
      return origin;
    },
  };
}

const inPackage = ({ script }: Place) => join(dirname(script), "node/node");
const onPath = ({ searchPath }: Place) => join(searchPath, "node");

test("the Node that came with the extension is taken before one on the PATH, which is not even asked", {
  skip,
}, async (t) => {
  const here = place(t);
  executable(inPackage(here), says(able));
  executable(onPath(here), says(able));
  assert.equal(await here.choose(), "package");
  assert.equal(timesAsked(onPath(here)), 0);
  assert.deepEqual(here.lines, [
    `node: ${inPackage(here)} (24.21.0, it came with the extension): CPU, and GPU where there is one`,
  ]);
});

test("one that cannot run here is passed over, and the log says why", { skip }, async (t) => {
  for (const [script, reason] of [
    ["echo 'libfoo.so: not found' >&2; exit 127", /it ended at once: libfoo\.so: not found$/],
    ["exit 1", /it ended at once: exit code 1$/],
    ["kill -SEGV $$", /it ended at once: SIGSEGV$/],
    ["echo 'not JSON'", /it ended at once: exit code 0$/],
    ["yes", /it answers without end$/],
  ] as const) {
    const here = place(t);
    executable(inPackage(here), script);
    executable(onPath(here), says(able));
    assert.equal(await here.choose(), "path");
    assert.match(here.lines[0] ?? "", /is passed over: /);
    assert.match(here.lines[0] ?? "", reason);
  }
});

test("one whose start is refused at once, as of a program for another processor, is unusable", {
  skip: process.platform === "linux" ? false : "only Linux refuses a file that is being written",
}, async (t) => {
  const path = executable(join(temporaryFolder(t), "node"), "exit 0");
  const file = openSync(path, "a");
  t.after(() => closeSync(file));
  const answer = await askRuntime("script.js", { origin: "setting", path, environment: {} });
  assert.equal(answer.kind, "unusable");
  assert.match(answer.kind === "unusable" ? answer.reason : "", /^cannot be started \(.*ETXTBSY/);
});

test("one that is not marked as executable is passed over", { skip }, async (t) => {
  const here = place(t);
  chmodSync(executable(inPackage(here), says(able)), 0o644);
  assert.equal(await here.choose(), "editor");
  assert.match(here.lines[0] ?? "", /it cannot be run$/);
});

test("one that hangs is not waited for, whatever it has started", { skip }, async (t) => {
  const here = place(t);
  executable(inPackage(here), "sleep 60\necho late");
  executable(onPath(here), says(able));
  const start = performance.now();
  assert.equal(await here.choose({ patience: 300 }), "path");
  assert.ok(performance.now() - start < 5000);
  assert.match(here.lines[0] ?? "", /it did not answer within 0\.3 s$/);
});

test("one whose GPU library crashes or hangs still runs trainings on the CPU", { skip }, async (t) => {
  for (const end of ["kill -SEGV $$", "sleep 60"]) {
    const here = place(t);
    executable(inPackage(here), `${says(without)}\n${end}`);
    assert.equal(await here.choose({ patience: 500 }), "package");
    assert.match(here.lines.at(-1) ?? "", /CPU only$/);
  }
});

test("one that reads GPU buffers is taken before one that came first and does not", { skip }, async (t) => {
  const here = place(t);
  executable(inPackage(here), says(without, unable));
  executable(onPath(here), says(without, able));
  assert.equal(await here.choose(), "path");
  assert.match(
    here.lines[0] ?? "",
    /the GPU engine is not available with it: External buffers are not allowed$/,
  );
});

test("where none reads GPU buffers, the first that is new enough is taken", { skip }, async (t) => {
  const here = place(t);
  executable(inPackage(here), says(unable));
  executable(onPath(here), says(unable));
  assert.equal(await here.choose(), "package");
});

test("a Node on the PATH older than 24 is passed over for the editor's own runtime", { skip }, async (t) => {
  const here = place(t);
  executable(onPath(here), says({ ...able, node: "22.21.1" }));
  assert.equal(await here.choose(), "editor");
  assert.match(here.lines[0] ?? "", /it is Node 22\.21\.1, older than 24$/);
  assert.match(here.lines[1] ?? "", /the editor's own runtime\): CPU only$/);
});

test("all folders of the PATH are searched, but no relative ones", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const here = place(t, { searchPath: `.:${folder}/old:${folder}/none:${folder}/new` });
  executable(join(folder, "old/node"), says({ ...able, node: "18.20.8" }));
  executable(join(folder, "new/node"), says(able));
  const paths = candidatesOf(here).map(({ path }) => path);
  assert.deepEqual(paths, [join(folder, "old/node"), join(folder, "new/node"), here.execPath]);
  assert.equal(await here.choose(), "path");
});

test("a server's extension host is a real Node: it comes after the package's and before the PATH's", {
  skip,
}, async (t) => {
  const host = executable(join(temporaryFolder(t), "host"), says(able));
  const here = place(t, { electron: undefined, execPath: host });
  executable(onPath(here), says(able));
  assert.equal(await here.choose(), "host");
  executable(inPackage(here), says(able));
  assert.equal(await here.choose(), "package");
});

test("without the GPU library, Node 24 is all that is asked for, and an older host does", {
  skip,
}, async (t) => {
  const host = executable(join(temporaryFolder(t), "host"), says({ ...without, node: "22.21.1" }));
  const here = place(t, { electron: undefined, execPath: host });
  assert.equal(await here.choose({ withGpu: false }), "host");
  executable(onPath(here), says(without));
  assert.equal(await here.choose({ withGpu: false }), "path");
});

test("the setting comes first, and is obeyed where its Node cannot read GPU buffers", { skip }, async (t) => {
  const setting = executable(join(temporaryFolder(t), "mine"), says(unable));
  const here = place(t, { setting });
  executable(inPackage(here), says(able));
  assert.equal(await here.choose(), "setting");
  assert.deepEqual(here.lines, [
    `node: ${setting} (24.21.0, the setting latentLab.node): CPU only`,
    `warning: node: ${setting} is used as latentLab.node says, but the GPU engine is not available with it: External buffers are not allowed`,
  ]);
  executable(setting, "sleep 60");
  assert.equal(await here.choose({ patience: 300 }), "setting");
  assert.match(here.lines.at(-1) ?? "", /^warning: .* but it did not answer within 0\.3 s$/);
});

test("a setting that names what cannot be run is a Failure that says so", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  executable(
    join(folder, "old"),
    "echo 'error: Latent Lab needs Node 20.18.1 or later; this is 18.0.0' >&2; exit 1",
  );
  for (const [name, reason] of [
    ["nowhere", /names .*nowhere, which cannot be run$/],
    ["old", /names .*old, which ended at once: Latent Lab needs Node 20\.18\.1 or later; this is 18\.0\.0$/],
  ] as const) {
    const here = place(t, { setting: join(folder, name) });
    executable(inPackage(here), says(able));
    await assert.rejects(here.choose(), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, "usage");
      assert.match(error.message, reason);
      return true;
    });
  }
});

/** A window of the editor, whose memory other windows share. */
function openWindow(
  script: string,
  memory: Map<string, unknown>,
  settings: { node: string; version?: string },
) {
  return new NodeRuntimes({
    script,
    version: settings.version ?? "1.0.0",
    memory: { get: (key) => memory.get(key), update: async (key, value) => void memory.set(key, value) },
    log: { info: () => {}, warn: () => {} },
    setting: () => settings.node,
  });
}

test("a Node is asked once for all windows, until it or the extension changes, or it lets a training down", {
  skip,
}, async (t) => {
  const { script } = place(t);
  const node = executable(join(temporaryFolder(t), "mine"), says(able));
  const memory = new Map<string, unknown>();
  const settings = { node };
  const first = openWindow(script, memory, settings);
  assert.equal(timesAsked(node), 0, "nothing runs before a Node is needed");
  const found = await Promise.all([first.find(), first.find()]);
  assert.deepEqual(
    found.map(({ path }) => path),
    [node, node],
  );
  await openWindow(script, memory, settings).find();
  assert.equal(timesAsked(node), 1);
  utimesSync(node, 1e9, 1e9);
  await openWindow(script, memory, settings).find();
  assert.equal(timesAsked(node), 2);
  await openWindow(script, memory, { node, version: "1.0.1" }).find();
  assert.equal(timesAsked(node), 3);
  const last = openWindow(script, memory, { node, version: "1.0.1" });
  await last.forget(await last.find());
  await last.find();
  assert.equal(timesAsked(node), 4);
});

test("a bad answer is not kept for other windows, and a changed setting counts at once", {
  skip,
}, async (t) => {
  const { script } = place(t);
  mkdirSync(join(dirname(script), "node_modules/webgpu"), { recursive: true });
  const node = executable(join(temporaryFolder(t), "mine"), says(unable));
  const other = executable(join(temporaryFolder(t), "other"), says(able));
  const memory = new Map<string, unknown>([["runtimes", "nonsense"]]);
  await openWindow(script, memory, { node }).find();
  const settings = { node };
  const second = openWindow(script, memory, settings);
  await second.find();
  await second.find();
  assert.equal(timesAsked(node), 2);
  settings.node = other;
  assert.equal((await second.find()).path, other);
});

test("the real program answers on this Node", async (t) => {
  const folder = temporaryFolder(t);
  const link = join(folder, process.platform === "win32" ? "node.exe" : "node");
  symlinkSync(process.execPath, link);
  const script = join(import.meta.dirname, "../../../src/ml/cli.ts");
  const answer = await askRuntime(script, { origin: "setting", path: link, environment: {} });
  assert.ok(answer.kind === "verdict");
  assert.equal(answer.verdict.node, process.versions.node);
});
