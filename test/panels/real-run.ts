/** A run that the built command line has really trained, as the messages by which the extension shows it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { curvesUnit } from "../../src/contract/loss-units.ts";
import { resolveExperiment } from "../../src/contract/parse-experiment.ts";
import { runFiles, runRecordSchema } from "../../src/contract/run.ts";
import { type RunCard, type ToDashboard, viewProtocolVersion } from "../../src/contract/view.ts";
import { type Metrics, RunMetrics } from "../../src/extension/runs/run-metrics.ts";
import type { Panel } from "./browser.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface RealRun {
  readonly folder: string;
  readonly card: RunCard;
  readonly metrics: Metrics;
  readonly previews: ReadonlyMap<number, Uint8Array>;
}

/** Trains 2,000 drawn digits for a few epochs: about a second. */
export async function trainRun(folder: string, ...settings: readonly string[]): Promise<RealRun> {
  const small = [
    "dataset.kind=drawn-digits",
    "dataset.train=2000",
    "dataset.test=300",
    "training.epochs=4",
    ...settings,
  ];
  const command = ["train", "--preset", "mnist-vae", "--threads", "1", "--out", folder];
  // Later settings win.
  const args = [...command, ...small.flatMap((setting) => ["--set", setting])];
  const { status, stderr } = spawnSync(process.execPath, [join(root, "dist/latent-lab.js"), ...args], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`training failed: ${stderr}`);
  return readRun(folder);
}

async function readRun(folder: string): Promise<RealRun> {
  const text = readFileSync(join(folder, runFiles.record), "utf8");
  const { experiment: written, ...record } = runRecordSchema.parse(JSON.parse(text));
  const experiment = resolveExperiment(written, folder);
  const metrics = await new RunMetrics(assert.fail).read(folder);
  const names = readdirSync(join(folder, runFiles.previews)).sort();
  const previews = names.map((name): [number, Uint8Array] => [
    Number(/\d+/.exec(name)?.[0]),
    readFileSync(join(folder, runFiles.previews, name)),
  ]);
  const card: RunCard = {
    key: folder,
    name: experiment.name ?? "run",
    id: record.id,
    state: "finished",
    failure: null,
    createdAt: record.createdAt,
    seed: record.seed,
    engine: record.engine,
    device: record.device,
    productVersion: record.productVersion,
    dataset: record.dataset,
    experiment,
    epochs: experiment.training.epochs,
    stepsPerEpoch: Math.ceil(record.dataset.train / experiment.training.batch),
    parameters: 652_824,
    variational: experiment.model.kind === "variational",
    lossUnit: curvesUnit(experiment),
    latent: experiment.model.encoder.at(-1) ?? 0,
    canStop: false,
    canResume: false,
    canTrainLonger: false,
  };
  return { folder, card, metrics, previews: new Map(previews) };
}

/** All that a dashboard needs to show the run. */
export function messagesFor(run: RealRun, others: readonly RealRun[] = []): ToDashboard[] {
  const runs = [run, ...others];
  return [
    { kind: "show", protocol: viewProtocolVersion, runs: runs.map(({ card }) => card), absent: [] },
    ...runs.map(metricsMessage),
    { kind: "previews", run: run.card.key, epochs: [...run.previews.keys()] },
  ];
}

export function metricsMessage({ card, metrics }: RealRun): ToDashboard {
  const { train, epochs, imagesPerSecond } = metrics;
  const steps = train.length / 4;
  return { kind: "metrics", run: card.key, steps, train, epochs: [...epochs], imagesPerSecond };
}

/** Opens the run in the panel, pictures and all. */
export async function showRun(panel: Panel, run: RealRun, ...others: readonly RealRun[]): Promise<void> {
  await panel.post(...messagesFor(run, others));
  const { epoch } = await panel.heard("want-preview");
  await panel.post(previewMessage(run, Number(epoch)));
  await panel.page.locator(".picture-block canvas").first().waitFor({ state: "visible" });
}

/** Answers what the panel has asked for, as the extension does. */
export function previewMessage({ card, previews }: RealRun, epoch: number): ToDashboard {
  const png = previews.get(epoch);
  return { kind: "preview", run: card.key, epoch, png: png === undefined ? null : new Uint8Array(png) };
}
