/** The directions in which the parts may import each other, as biome.json has them: each one is tried out. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const biome = join(root, "node_modules/@biomejs/biome/bin/biome");

const allowed: [from: string, what: string][] = [
  ["src/contract", "./failure.ts"],
  ["src/contract", "zod/mini"],
  ["src/system", "../contract/failure.ts"],
  ["src/system", "node:fs"],
  ["src/extension", "vscode"],
  ["src/extension", "../system/regular-file.ts"],
  ["src/ml/train", "../../system/regular-file.ts"],
  ["src/extension", "../contract/events.ts"],
  ["webview-ui", "../src/contract/events.ts"],
  ["src/ml/cli", "../train/train-run.ts"],
  ["src/ml/cli", "../engine/choose-engine.ts"],
  ["src/ml/cli", "../control/control-socket.ts"],
  ["src/ml/control", "../train/metrics-file.ts"],
  ["src/ml/control", "../../contract/control.ts"],
  ["src/ml/train", "../engine/engine.ts"],
  ["src/ml/train", "../image/report.ts"],
  ["src/ml/train", "./progress.ts"],
  ["src/ml/engine/cpu", "../engine.ts"],
  ["src/ml/engine/cpu", "../../model/program.ts"],
  ["src/ml/engine/cpu", "../../data/dataset.ts"],
  ["src/ml/engine/cpu", "./control-block.ts"],
  ["src/ml/model", "../../contract/experiment.ts"],
  ["src/ml/data", "../random.ts"],
  ["src/ml/data", "../image/decode.ts"],
  ["src/ml/image", "../data/dataset.ts"],
];

const forbidden: [from: string, what: string][] = [
  ["src/contract", "../ml/model/network.ts"],
  ["src/contract", "../extension/main.ts"],
  ["src/contract", "vscode"],
  ["src/contract", "node:fs"],
  ["src/system", "../ml/folders.ts"],
  ["src/system", "../extension/main.ts"],
  ["src/system", "vscode"],
  ["webview-ui", "../src/system/regular-file.ts"],
  ["src/extension", "../ml/cli.ts"],
  ["src/extension/panels", "../../ml/train/train-run.ts"],
  ["src/extension", "../../webview-ui/curve.ts"],
  ["webview-ui", "../src/ml/image/report.ts"],
  ["webview-ui", "../src/extension/main.ts"],
  ["webview-ui", "vscode"],
  ["webview-ui", "node:path"],
  ["src/ml/cli", "vscode"],
  ["src/ml/cli", "../../extension/main.ts"],
  ["src/ml/control", "../cli/terminal.ts"],
  ["src/ml/control", "../../extension/main.ts"],
  ["src/ml/control", "vscode"],
  ["src/ml/train", "../control/control-socket.ts"],
  ["src/ml/train", "../cli/terminal.ts"],
  ["src/ml/train", "../cli.ts"],
  ["src/ml/train", "vscode"],
  ["src/ml/engine", "../train/train-run.ts"],
  ["src/ml/engine/cpu", "../../control/told.ts"],
  ["src/ml/engine/cpu", "../../train/train-run.ts"],
  ["src/ml/engine/cpu", "../../image/report.ts"],
  ["src/ml/engine/cpu", "../../../extension/main.ts"],
  ["src/ml/model", "../engine/engine.ts"],
  ["src/ml/model", "../train/progress.ts"],
  ["src/ml/model", "../control/told.ts"],
  ["src/ml/model", "../../../webview-ui/curve.ts"],
  ["src/ml/data", "../model/network.ts"],
  ["src/ml/data", "../engine/engine.ts"],
  ["src/ml/data", "../train/durable-file.ts"],
  ["src/ml/data", "../control/told.ts"],
  ["src/ml/image", "../data/mnist.ts"],
  ["src/ml/image", "../train/progress.ts"],
  ["src/ml/image", "../model/network.ts"],
  ["src/ml/image", "../control/told.ts"],
];

const forms = [
  (what: string) => `import { thing } from "${what}";\nthing();\n`,
  (what: string) => `import type { Thing } from "${what}";\nexport interface Other extends Thing {}\n`,
  (what: string) => `export const later = () => import("${what}");\n`,
];

test("imports that the house allows pass, all others are caught, in every form an import can take", async (t) => {
  const folder = temporaryFolder(t);
  const config = JSON.parse(await readFile(join(root, "biome.json"), "utf8"));
  await writeFile(
    join(folder, "biome.json"),
    JSON.stringify({ ...config, $schema: undefined, vcs: { enabled: false } }),
  );
  const write = async (from: string, name: string, text: string) => {
    const file = join(folder, from, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return `${from}/${name}`;
  };
  const expected: string[] = [];
  for (const [rule, cases] of Object.entries({ allowed, forbidden })) {
    for (const [index, [from, what]] of cases.entries()) {
      for (const [form, textOf] of forms.entries()) {
        const file = await write(from, `${rule}-${index}-${form}.ts`, textOf(what));
        if (rule === "forbidden") expected.push(file);
      }
    }
  }
  const caught = filesCaught(folder);
  assert.deepEqual([...caught].sort(), expected.sort());
});

function filesCaught(folder: string): Set<string> {
  const args = ["lint", "--only=style/noRestrictedImports", "--reporter=json", "--max-diagnostics=none", "."];
  const { stdout, stderr } = spawnSync(process.execPath, [biome, ...args], { cwd: folder, encoding: "utf8" });
  const report = JSON.parse(stdout || "{}");
  assert.ok(Array.isArray(report.diagnostics), stderr);
  return new Set(
    report.diagnostics.map((diagnostic: { location: { path: string | { file: string } } }) => {
      const { path } = diagnostic.location;
      return (typeof path === "string" ? path : path.file).replaceAll("\\", "/").replace(/^\.\//, "");
    }),
  );
}
