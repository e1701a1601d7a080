import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as z from "zod/mini";
import { runCli, tinyTraining } from "../cli/run-cli.ts";
import { flat } from "../fixtures/picture-bytes.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { unpack, unzip, vsixPath } from "./vsix.ts";

const files = unzip(vsixPath);

/** All that may be in the package. What a new build adds is added here, by someone who has looked at it. */
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

test("nothing is in the package that does not belong there", () => {
  const strangers = [...files.keys()].filter((name) => !expected.some((pattern) => pattern.test(name)));
  assert.deepEqual(strangers, []);
});

test("the licence of whatever is bundled is in the package", () => {
  const notices = files.get("extension/THIRD-PARTY-NOTICES.txt")?.toString("utf8") ?? "";
  for (const name of ["zod", "uplot", "commander", "undici", "jsonc-parser", "@resvg/resvg-wasm"])
    assert.match(notices, new RegExp(`^${name} \\d+\\.`, "m"));
  assert.ok(notices.includes("Permission is hereby granted"));
});

test("no native code is in the package: it serves every platform", () => {
  const native = [...files.keys()].filter((name) => /\.(?:node|so|dll|dylib|exe)(?:\.\d+)*$/.test(name));
  assert.deepEqual(native, []);
});

test("what the manifest names is in the package", () => {
  const text = files.get("extension/package.json")?.toString("utf8") ?? "";
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

test("the package is small enough to be copied to a remote machine without a thought", () => {
  const total = [...files.values()].reduce((sum, content) => sum + content.length, 0);
  assert.ok(total < 24e6, `${total} bytes unpacked`);
  assert.ok((files.get("extension/dist/extension.cjs")?.length ?? Infinity) < 200e3);
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
