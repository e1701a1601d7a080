/**
 * The commands that use a trained run: evaluate, reconstruct, sample (encode and decode are in codec-commands.ts). What
 * each computes is in ../train/use-run.ts; this reads what the user named, writes what was asked for and says so.
 */
import type { Dataset, SplitName } from "../data/dataset.ts";
import { chooseForUse } from "../engine/choose-engine.ts";
import { type Run, readRun } from "../train/run-record.ts";
import type { UseOptions } from "../train/trained-model.ts";
import { evaluateRun, reconstructionsOfRun, samplesOfRun } from "../train/use-run.ts";
import type { Context } from "./context.ts";
import { compressionInWords, evaluationLines } from "./evaluation-words.ts";
import { findRun } from "./find-run.ts";
import type { EngineChoice } from "./options.ts";
import { loadRunData } from "./run-data.ts";
import { shortPath } from "./words.ts";
import { requireOutput, writeOutput } from "./write-output.ts";

export interface UseArguments extends EngineChoice {
  readonly run: string;
  readonly json?: boolean;
}

export interface EvaluateArguments extends UseArguments {
  readonly split: SplitName;
  readonly data?: string;
}

export interface PictureArguments extends UseArguments {
  readonly output: string;
  readonly count: number;
  readonly data?: string;
}

export interface SampleArguments extends UseArguments {
  readonly output: string;
  readonly count: number;
  readonly seed?: number;
}

export async function evaluate(context: Context, options: EvaluateArguments): Promise<void> {
  const { out, err } = context.terminal;
  const opened = await openRun(options);
  const dataset = await datasetOf(opened.run, context, options.data);
  const result = await evaluateRun({ ...opened, dataset, split: options.split });
  if (options.json) {
    out.line(JSON.stringify(result));
    return;
  }
  if (!result.sameData) err.line("These are not the images that the run was trained with.");
  out.line(`${out.bold(shortPath(result.run))}  ${options.split} split of ${result.dataset.source}`);
  const { beta } = opened.run.record.experiment.loss;
  for (const line of evaluationLines(result.evaluation, beta, options.split)) out.line(`  ${line}`);
  out.line(`  compression  ${compressionInWords(result.compression)}`);
}

export async function reconstructImages(context: Context, options: PictureArguments): Promise<void> {
  await requireOutput(options.output, "png");
  const opened = await openRun(options);
  const dataset = await datasetOf(opened.run, context, options.data);
  const png = await reconstructionsOfRun({ ...opened, dataset, count: options.count });
  await writeOutput(options.output, png);
  tellWritten(context, options, opened.run, {});
}

export async function sampleImages(context: Context, options: SampleArguments): Promise<void> {
  await requireOutput(options.output, "png");
  const opened = await openRun(options);
  const { count, seed = opened.run.record.seed } = options;
  await writeOutput(options.output, await samplesOfRun({ ...opened, count, seed }));
  tellWritten(context, options, opened.run, { count, seed });
}

/** Reads the run that is meant and chooses what computes. Throws a Failure. */
export async function openRun({ run, engine, threads = 0 }: UseArguments): Promise<UseOptions> {
  const record = await readRun(await findRun(run));
  const chosen = await chooseForUse(engine, { threads });
  return { run: record, engine: chosen.engine, threads };
}

async function datasetOf(run: Run, { environment }: Context, data: string | undefined): Promise<Dataset> {
  return loadRunData(run.record, { environment, data, allowDownload: true });
}

export function tellWritten(
  { terminal }: Context,
  { output, json }: { readonly output: string; readonly json?: boolean },
  run: Run,
  details: Readonly<Record<string, unknown>>,
): void {
  terminal.out.line(json ? JSON.stringify({ run: run.path, output, ...details }) : `wrote ${output}`);
}
