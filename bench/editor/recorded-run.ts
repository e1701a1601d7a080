/**
 * A stopped run with 100,000 recorded steps that training can go on from: trained for real, on small drawn digits with
 * a tiny model, and then told as if every step had been recorded. A run records some steps a second, so that a real
 * one of this size has trained for days.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as z from "zod/mini";
import { type MetricsLine, metricsLineSchema, runFiles } from "../../src/contract/run.ts";

const program = fileURLToPath(new URL("../../dist/latent-lab.js", import.meta.url));

export const recordedSteps = 100_000;

const experiment = {
  name: "long",
  dataset: { kind: "drawn-digits", train: 10_000, test: 200 },
  model: { kind: "variational", encoder: [784, 16, 4] },
  training: { epochs: 100_000, batch: 1, seed: 1 },
};

const eventSchema = z.object({
  event: z.string(),
  step: z.optional(z.number()),
  code: z.optional(z.string()),
  message: z.optional(z.string()),
});

/** In the workspace `folder`, which is there. Throws what went wrong; also when `signal` ends it. */
export async function recordRun(folder: string, signal: AbortSignal): Promise<void> {
  const file = join(folder, "long.latent-lab.json");
  await writeFile(file, JSON.stringify(experiment, null, 2));
  const run = join(folder, ".latent-lab", "runs", experiment.name);
  await trainPast(recordedSteps, [file, "--out", run], signal);
  const metrics = join(run, runFiles.metrics);
  const lines = (await readFile(metrics, "utf8")).trimEnd().split("\n");
  const told = lines.map((line) => metricsLineSchema.parse(JSON.parse(line)));
  const all = withEveryStep(told).map((line) => `${JSON.stringify(line)}\n`);
  await writeFile(metrics, all.join(""));
}

async function trainPast(step: number, args: readonly string[], signal: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, [program, "train", ...args, "--json", "--engine", "cpu"], {
    stdio: ["ignore", "pipe", "ignore"],
    signal,
  });
  const ended = once(child, "close");
  // Waited for below, but not before its output ends.
  ended.catch(() => {});
  for await (const line of createInterface({ input: child.stdout })) {
    const told = eventSchema.parse(JSON.parse(line));
    if (told.step !== undefined && told.step > step) child.kill("SIGINT");
    // Being stopped is told as an error, too.
    else if (told.event === "error" && told.code !== "interrupted")
      throw new Error(`latent-lab train: ${told.message}`);
  }
  await ended;
}

/** Between two steps that were recorded, the losses of the earlier one, with noise as between batches. */
function withEveryStep(told: readonly MetricsLine[]): MetricsLine[] {
  const steps = told.filter((line) => line.event === "step");
  const epochs = told.filter((line) => line.event === "epoch");
  const lines: MetricsLine[] = [];
  let epoch = 0;
  let nearest = 0;
  const last = told.at(-1)?.step ?? 0;
  for (let index = 1; index <= recordedSteps; index++) {
    const step = Math.floor((index * last) / recordedSteps);
    for (let next = epochs[epoch]; next !== undefined && next.step < step; next = epochs[++epoch])
      lines.push(next);
    while ((steps[nearest + 1]?.step ?? Number.POSITIVE_INFINITY) <= step) nearest++;
    const known = steps[nearest];
    if (known === undefined) throw new Error("the training has recorded no step");
    const reconstruction = Math.fround(known.train.reconstruction * (0.9 + 0.2 * Math.random()));
    const train = { ...known.train, reconstruction, loss: reconstruction + known.train.kl };
    lines.push({ ...known, step, epoch: epoch + 1, train });
  }
  lines.push(...epochs.slice(epoch));
  return lines;
}
