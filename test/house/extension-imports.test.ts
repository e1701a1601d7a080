/**
 * What runs in the extension host imports `vscode`, which the editor provides and no package is, so the linter's rule against
 * undeclared dependencies is off there: this stands in for it.
 */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** "@vscode/vsce/out" → "@vscode/vsce"; "zod/mini" → "zod". */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

async function sourcesIn(folder: string): Promise<string[]> {
  const names = await readdir(join(root, folder), { recursive: true });
  const files = names.filter((name) => name.endsWith(".ts"));
  return Promise.all(files.map((name) => readFile(join(root, folder, name), "utf8")));
}

test("what runs in the extension host imports packages that package.json names, and vscode", async () => {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const declared = new Set([
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.devDependencies),
    "vscode",
  ]);
  const sources = (await Promise.all(["src/extension", "test/extension-host"].map(sourcesIn))).flat();
  const imported = sources
    .flatMap((source) => [...source.matchAll(/^(?:import|\}) .*?"([^"\n]+)";$/gm)])
    .map(([, specifier = ""]) => specifier)
    .filter((specifier) => !specifier.startsWith(".") && !isBuiltin(specifier))
    .map(packageOf);
  assert.ok(imported.includes("vscode") && imported.includes("zod"));
  assert.deepEqual(
    imported.filter((name) => !declared.has(name)),
    [],
  );
});
