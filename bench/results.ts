/** Where the numbers go: a file for machines in bench/results/, which git ignores. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const folder = new URL("results/", import.meta.url);

/**
 * Writes `<date>T<time>.json`, or `file` where one was named; returns its path, relative to the working folder. What
 * was written there before stays until all of the new is on the disk.
 */
export async function writeResults(date: Date, results: unknown, file?: string): Promise<string> {
  const name = `${date.toISOString().slice(0, 19).replaceAll(":", "-")}.json`;
  const path = file === undefined ? fileURLToPath(new URL(name, folder)) : resolve(file);
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.unfinished`;
  await writeFile(unfinished, `${JSON.stringify(results, null, 2)}\n`);
  await rename(unfinished, path);
  return relative(process.cwd(), path);
}

export async function ownVersion(): Promise<string> {
  const manifest: { version: string } = JSON.parse(
    await readFile(new URL("../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}
