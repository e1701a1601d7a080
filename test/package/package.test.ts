import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as z from "zod/mini";
import { runCli, tinyTraining } from "../cli/run-cli.ts";
import { flat } from "../fixtures/picture-bytes.ts";
import { runToItsEnd } from "../fixtures/programs.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { machineOf } from "./machine.ts";
import { ownTarget, unpack, unzip, vsixOf, type ZippedFile } from "./vsix.ts";

const files = unzip(vsixOf("universal"));

/** All that may be in every package. What a new build adds is added here, by someone who has looked at it. */
const expected = [
  /^\[Content_Types\]\.xml$/,
  /^extension\.vsixmanifest$/,
  /^extension\/(?:package\.json|readme\.md|changelog\.md|LICENSE\.txt|THIRD-PARTY-NOTICES\.txt)$/,
  /^extension\/schemas\/[\w.-]+\.schema\.json$/,
  /^extension\/media\/(?:[\w-]+\/)*[\w-]+\.(?:png|svg|md)$/,
  /^extension\/dist\/(?:extension\.cjs|latent-lab\.js|cpu-worker\.js|tensorflow-probe\.js)$/,
  /^extension\/dist\/(?:cpu-kernels|resvg)\.wasm$/,
  /^extension\/dist\/chunks\/[\w-]+\.js$/,
  /^extension\/dist\/fonts\/(?:Inter_400Regular\.ttf|Inter_600SemiBold\.ttf|LICENSE)$/,
  /^extension\/dist\/webview\/[\w-]+\.(?:js|css)$/,
  /^extension\/dist\/node_modules\/(?:sharp|@img\/(?:colour|sharp-wasm32)|@emnapi\/runtime|detect-libc|semver)\//,
];

/** What a platform's package has besides: native code, and nothing for another platform. */
function platformFiles(target: string): Record<string, string> {
  const isWindows = target.startsWith("win32-");
  const dawn = target.startsWith("darwin-") ? "darwin-universal" : target;
  const inDawn = (name: string) => `extension/dist/node_modules/webgpu/dist/${dawn}/${name}`;
  const libraries = isWindows ? ["d3dcompiler_47.dll", "dxcompiler.dll"] : [];
  const papers = isWindows ? ["dxcompiler-LICENSE.TXT", "dxcompiler-ThirdPartyNotices.txt"] : [];
  return {
    [`extension/dist/node/node${isWindows ? ".exe" : ""}`]: target,
    "extension/dist/node/LICENSE": "",
    ...Object.fromEntries(["package.json", "index.js", "LICENSE.md"].map((name) => [webgpu(name), ""])),
    ...Object.fromEntries(["dawn.node", ...libraries].map((name) => [inDawn(name), dawn])),
    ...Object.fromEntries(papers.map((name) => [inDawn(name), ""])),
  };
}

function webgpu(name: string): string {
  return `extension/dist/node_modules/webgpu/${name}`;
}

/** What not every package has, with the machine that its code is for. */
function unexpected(zip: ReadonlyMap<string, ZippedFile>): Record<string, string> {
  const others = [...zip].filter(([name]) => !expected.some((pattern) => pattern.test(name)));
  return Object.fromEntries(others.map(([name, file]) => [name, machineOf(file.read())]));
}

test("nothing is in the universal package that does not belong there", () => {
  assert.deepEqual(unexpected(files), {});
});

/** Holds exactly what the universal one does, and this platform's native code; the Node can be started. */
function assertHoldsItsPlatform(target: string): void {
  const zip = unzip(vsixOf(target));
  assert.deepEqual(unexpected(zip), platformFiles(target));
  assert.deepEqual(
    [...files.keys()].filter((name) => !zip.has(name)),
    [],
  );
  assert.equal([...zip].find(([name]) => /\/node\/node(?:\.exe)?$/.test(name))?.[1].mode, 0o755);
  const described = zip.get("extension.vsixmanifest")?.read().toString("utf8") ?? "";
  assert.ok(described.includes(`TargetPlatform="${target}"`));
}

const noOwn = ownTarget === "universal" ? "this platform has no package of its own" : false;

test(`the package for this platform (${ownTarget}) has its Dawn and its Node, and no other's`, {
  skip: noOwn,
}, () => {
  assertHoldsItsPlatform(ownTarget);
});

/** Runs `npm run package` with these arguments. */
function makePackage(...args: string[]) {
  const script = join(import.meta.dirname, "../../scripts/run.mjs");
  return runToItsEnd(process.execPath, [script, "package", ...args], import.meta.dirname, process.env);
}

const others = ["win32-x64", "darwin-arm64"].filter((target) => target !== ownTarget);
const notHere = process.platform === "win32" && "on Windows only its own packages are made";

test(`so have those for other platforms (${others.join(", ")})`, { skip: notHere }, async (t) => {
  const made = await Promise.all(others.map((target) => makePackage("--target", target)));
  for (const [index, { code, output }] of made.entries()) {
    const unreachable = /^error: (.+ could not be fetched: .+)$/m.exec(output)?.[1];
    if (unreachable !== undefined) return t.skip(unreachable);
    assert.equal(code, 0, output);
    assertHoldsItsPlatform(others[index] ?? "");
  }
});

test("a target that is none is refused in a line that names all there are", async () => {
  for (const args of [["--target", "linux-x86"], ["--target"], ["linux-x64"], ["--targets=all"]]) {
    const { code, output } = await makePackage(...args);
    assert.equal(code, 1);
    assert.match(
      output,
      /^error: package takes --target and one of universal, linux-x64, .*, all; not: .+\n$/,
    );
  }
});

test("from this platform's package alone, on its own Node, GPU buffers can be read and a run is trained", {
  skip: noOwn,
}, async (t) => {
  const folder = temporaryFolder(t);
  unpack(unzip(vsixOf(ownTarget)), folder);
  const dist = join(folder, "extension/dist");
  const own = {
    folder,
    program: join(dist, "latent-lab.js"),
    node: join(dist, "node", process.platform === "win32" ? "node.exe" : "node"),
  };
  const { stdout } = await runCli(["runtime"], own);
  assert.match(stdout, /^Node 2\d\.\d+\.\d+: GPU buffers can be read\n$/);
  const { code, stderr } = await runCli([...tinyTraining, "--threads", "1"], own);
  assert.equal(code, 0, stderr);
});

test("without a platform's library, the GPU is not there, and the program says so", async (t) => {
  const folder = temporaryFolder(t);
  unpack(files, folder);
  const program = join(folder, "extension/dist/latent-lab.js");
  const { code, stdout } = await runCli(["runtime"], { folder, program });
  assert.equal(code, 0);
  assert.match(stdout, /cannot be read \(the WebGPU library cannot be loaded/);
});

test("the licence of whatever is bundled is in the package", () => {
  const notices = files.get("extension/THIRD-PARTY-NOTICES.txt")?.read().toString("utf8") ?? "";
  for (const name of ["zod", "uplot", "commander", "undici", "jsonc-parser", "@resvg/resvg-wasm"])
    assert.match(notices, new RegExp(`^${name} \\d+\\.`, "m"));
  assert.ok(notices.includes("Permission is hereby granted"));
});

test("what the manifest names is in the package", () => {
  const text = files.get("extension/package.json")?.read().toString("utf8") ?? "";
  const manifest: unknown = JSON.parse(text);
  const paths = [...text.matchAll(/"\.?\/?((?:dist|media|schemas)\/[^"]+)"/g)].map(([, path]) => path);
  assert.ok(paths.includes("dist/extension.cjs"));
  assert.deepEqual(
    paths.filter((path) => !files.has(`extension/${path}`)),
    [],
  );
  const developed = z.looseObject({ devDependencies: z.optional(z.never()), scripts: z.optional(z.never()) });
  assert.ok(developed.safeParse(manifest).success);
});

test("the universal package is small enough to be copied to a remote machine without a thought", () => {
  const total = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  assert.ok(total < 24e6, `${total} bytes unpacked`);
  assert.ok((files.get("extension/dist/extension.cjs")?.size ?? Infinity) < 200e3);
});

test("loading the extension copies nothing of the editor's API, which has hundreds of members", (t) => {
  const folder = temporaryFolder(t);
  unpack(files, folder);
  const api = join(folder, "node_modules/vscode");
  mkdirSync(api, { recursive: true });
  const members = "get: () => class {}, ownKeys() { throw new Error('all its members were asked for'); }";
  writeFileSync(join(api, "index.js"), `module.exports = new Proxy({}, { ${members} });`);
  const loading = "process.stdout.write(typeof require('./extension/dist/extension.cjs').activate)";
  const loaded = spawnSync(process.execPath, ["-e", loading], { cwd: folder, encoding: "utf8" });
  assert.equal(loaded.stdout, "function", loaded.stderr.replace(/^.{1000,}$/gm, "(a line of the bundle)"));
});

test("from the unpacked package alone a run is trained, drawn, and used on pictures of three formats", async (t) => {
  const folder = temporaryFolder(t);
  unpack(files, folder);
  const program = join(folder, "extension/dist/latent-lab.js");
  const workspace = join(folder, "workspace");
  mkdirSync(workspace);
  const trained = await runCli([...tinyTraining, "--threads", "1"], { folder: workspace, program });
  assert.equal(trained.code, 0, trained.stderr);
  const sampled = await runCli(["sample", "latest", "-o", "samples.png"], { folder: workspace, program });
  assert.equal(sampled.code, 0, sampled.stderr);
  const pictures = {
    "a.png": flat(40, 30, "#333333").png(),
    "b.jpg": flat(40, 30, "#333333").jpeg(),
    "c.webp": flat(40, 30, "#333333").webp(),
  };
  for (const [name, picture] of Object.entries(pictures)) {
    writeFileSync(join(workspace, name), await picture.toBuffer());
    const encoded = await runCli(["encode", "latest", name], { folder: workspace, program });
    assert.equal(encoded.code, 0, encoded.stderr);
  }
});
