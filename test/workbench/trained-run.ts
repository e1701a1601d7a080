/** Runs for scenarios that need one already: trained by the command line tool, on few drawn digits. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../dist/latent-lab.js", import.meta.url));

/** Trains the VAE into the workspace `folder`, as the run `name`; gives the run's folder. */
export function trainRun(folder: string, name: string, ...settings: readonly string[]): string {
  const run = join(folder, ".latent-lab", "runs", name);
  const { status, stderr } = spawnSync(process.execPath, trainArguments(run, name, 3, ...settings), {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return run;
}

/** What Node is called with to train the VAE into the folder `run`. */
export function trainArguments(
  run: string,
  name: string,
  epochs: number,
  ...settings: readonly string[]
): string[] {
  const all = [
    "dataset.kind=drawn-digits",
    "dataset.train=1500",
    "dataset.test=200",
    `name=${name}`,
    ...settings,
  ];
  const set = all.flatMap((setting) => ["--set", setting]);
  const options = ["--epochs", String(epochs), "--threads", "1", "--out", run];
  return [program, "train", "--preset", "mnist-vae", ...set, ...options];
}
