/**
 * A process that trains one run on the CPU engine and may be killed at any moment: goes on with the run folder
 * named by its argument, or makes it. Writes every event to stdout as a line of JSON. Started by kill.test.ts.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { drawDigits } from "../../src/ml/data/drawn-digits.ts";
import { createCpuEngine } from "../../src/ml/engine/cpu/cpu-engine.ts";
import { RunWriter } from "../../src/ml/train/run-folder.ts";
import { trainRun } from "../../src/ml/train/train-run.ts";
import { experiment } from "../reference/experiments.ts";

const [path = ""] = process.argv.slice(2);
const dataset = await drawDigits({ train: 400, test: 50, seed: 2 });
const engine = createCpuEngine();

const choice = experiment({
  dataset: { kind: "drawn-digits", train: 400, test: 50, seed: 2 },
  model: { kind: "variational", encoder: [784, 32, 4] },
  training: { epochs: 40, batch: 32 },
});

const run = existsSync(join(path, "run.json"))
  ? await RunWriter.resume(path)
  : await RunWriter.create({
      experiment: choice,
      baseFolder: ".",
      dataset,
      engine: engine.name,
      device: "",
      productVersion: "0.0.0-test",
      out: path,
      runsFolder: path,
    });

await trainRun({
  run,
  dataset,
  engine,
  threads: 1,
  signal: new AbortController().signal,
  onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
  checkpointSeconds: 0.05,
});
