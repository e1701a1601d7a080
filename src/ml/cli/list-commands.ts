/** The commands that say what there is: presets, datasets (and getting one), engines, runs. */
import { basename } from "node:path";
import { Failure } from "../../contract/failure.ts";
import { changeExperiment } from "../../contract/parse-experiment.ts";
import { presets } from "../../contract/presets.ts";
import { damageInCache, downloadMnist, findMnist, type MnistPlace } from "../data/mnist.ts";
import { type ListedRun, listRuns } from "../train/list-runs.ts";
import { defaultRunsFolder } from "../train/run-folder.ts";
import { withCall } from "./called-as.ts";
import type { Context } from "./context.ts";
import { listenForInterruption } from "./interruption.ts";
import { barSymbols, ProgressBar } from "./progress-bar.ts";
import { bytesInWords, table } from "./words.ts";

/** Under --json: how often a download says how far it is. */
const millisecondsBetweenLines = 100;

export interface ListOptions {
  readonly json?: boolean;
}

export function listPresets({ terminal: { out } }: Context, { json }: ListOptions): void {
  if (json) {
    const resolved = presets.map(({ name, description, experiment }) => ({
      name,
      description,
      experiment: changeExperiment(experiment, name, []),
    }));
    out.line(JSON.stringify({ presets: resolved }));
    return;
  }
  for (const { name, description } of presets) {
    out.line(out.bold(name));
    out.line(`  ${description}`);
  }
}

/** Kinds that need no download: they are wherever the experiment says. */
const otherDatasets = [
  { name: "drawn-digits", status: "always here: Latent Lab draws them" },
  { name: "idx", status: "four files named as MNIST's, in the folder dataset.path" },
  { name: "folder", status: "PNG, JPEG and WebP pictures, in the folder dataset.path" },
] as const;

export async function listDatasets(
  { terminal: { out }, environment, call }: Context,
  { json }: ListOptions,
): Promise<void> {
  const place = await findMnist({ environment });
  const damage = place === null ? await damageInCache(environment) : [];
  if (json) {
    const mnist = { name: "mnist", available: place !== null, folder: place?.folder ?? null, damage };
    out.line(
      JSON.stringify({ datasets: [mnist, ...otherDatasets.map(({ name }) => ({ name, available: true }))] }),
    );
    return;
  }
  const status = withCall(mnistStatus(place, damage), call);
  const rows = [{ name: "mnist", status }, ...otherDatasets];
  for (const line of table(rows.map((row) => [row.name, row.status]))) out.line(line);
}

function mnistStatus(place: MnistPlace | null, damage: readonly string[]): string {
  const command = "latent-lab datasets get mnist";
  if (place?.source === "cache")
    return `in ${place.folder}, by its files' lengths; training checks the content`;
  if (place !== null) return `in ${place.folder}`;
  if (damage.length === 0) return `not here yet; get it with: ${command}`;
  return `damaged (${damage.join("; ")}); get it anew with: ${command}`;
}

export async function getDataset(context: Context, name: string, { json }: ListOptions): Promise<void> {
  const { terminal, environment } = context;
  if (name !== "mnist") {
    throw new Failure("usage", `there is no dataset "${name}" to download`, "What can be downloaded: mnist.");
  }
  const { signal } = listenForInterruption(() => terminal.err.line("Stopping; what has arrived is kept."));
  const bar = new ProgressBar(terminal.err, barSymbols(environment, process.platform));
  let toldAt = Number.NEGATIVE_INFINITY;
  try {
    const { folder } = await downloadMnist({
      environment,
      signal,
      onProgress: (progress) => {
        const { done, total } = progress;
        bar.note(`downloading MNIST  ${bytesInWords(done)} of ${bytesInWords(total)}`);
        if (!json || performance.now() - toldAt < millisecondsBetweenLines) return;
        toldAt = performance.now();
        terminal.out.line(JSON.stringify({ event: "preparing", ...progress }));
      },
    });
    bar.clear();
    terminal.out.line(json ? JSON.stringify({ name, folder }) : `MNIST is in ${folder}`);
  } finally {
    bar.clear();
  }
}

export async function listRunFolders(
  { terminal: { out, err } }: Context,
  { json }: ListOptions,
): Promise<void> {
  const folder = defaultRunsFolder(process.cwd());
  const runs = await listRuns(folder);
  if (json) {
    const entries = runs.map(({ problem, ...run }) => ({
      ...run,
      status: statusOf({ ...run, problem }),
      problem: problem?.message ?? null,
    }));
    out.line(JSON.stringify({ runs: entries }));
    return;
  }
  if (runs.length === 0) err.line(`There are no runs in ${folder}.`);
  const rows = runs.map((run) => [basename(run.path), statusOf(run), ...detailsOf(run)]);
  for (const line of table(rows)) out.line(line);
}

/** A run that says it is training, and that no process is writing, was killed: it can be resumed. */
function statusOf({ record, live }: ListedRun): string {
  if (record === null) return "damaged";
  return record.status === "training" && !live ? "killed" : record.status;
}

function detailsOf({ record, problem, bytes }: ListedRun): string[] {
  if (record === null) return [problem?.message ?? ""];
  const { experiment, dataset, epochsDone } = record;
  return [
    `${epochsDone}/${experiment.training.epochs} epochs`,
    bytesInWords(bytes),
    experiment.name,
    dataset.source,
  ];
}
