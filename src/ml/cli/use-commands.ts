/**
 * The commands that use a trained run: evaluate, reconstruct, sample, encode, decode. What each computes is in
 * ../train/use-run.ts; this reads what the user named, writes what was asked for and says so.
 */
import { format, parse } from "node:path";
import { Failure, storageFailure } from "../../contract/failure.ts";
import type { Dataset, SplitName } from "../data/dataset.ts";
import { loadDataset } from "../data/load-dataset.ts";
import { chooseEngine } from "../engine/choose-engine.ts";
import { maximumLatentFileBytes } from "../image/latent-file.ts";
import { readWhole } from "../regular-file.ts";
import { type Run, readRun } from "../train/run-record.ts";
import type { UseOptions } from "../train/trained-model.ts";
import {
  decodeImage,
  encodeImage,
  evaluateRun,
  reconstructionsOfRun,
  samplesOfRun,
} from "../train/use-run.ts";
import type { Context } from "./context.ts";
import { compressionInWords, evaluationLines } from "./evaluation-words.ts";
import { findRun } from "./find-run.ts";
import type { EngineChoice } from "./options.ts";
import { ratioInWords, shortPath } from "./words.ts";
import { writeOutput } from "./write-output.ts";

interface UseArguments extends EngineChoice {
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

export interface EncodeArguments extends UseArguments {
  readonly input: string;
  readonly output?: string;
}

export interface DecodeArguments extends UseArguments {
  readonly input: string;
  readonly output: string;
}

export async function evaluate(context: Context, options: EvaluateArguments): Promise<void> {
  const { out, err } = context.terminal;
  const opened = await open(options);
  const dataset = await datasetOf(opened.run, context, options.data);
  const result = await evaluateRun({ ...opened, dataset, split: options.split });
  if (options.json) {
    out.line(JSON.stringify(result));
    return;
  }
  if (!result.sameData) err.line("These are not the images that the run was trained with.");
  out.line(`${out.bold(shortPath(result.run))}  ${options.split} split of ${result.dataset.source}`);
  for (const line of evaluationLines(result.evaluation, options.split)) out.line(`  ${line}`);
  out.line(`  compression  ${compressionInWords(result.compression)}`);
}

export async function reconstructImages(context: Context, options: PictureArguments): Promise<void> {
  const opened = await open(options);
  const dataset = await datasetOf(opened.run, context, options.data);
  const png = await reconstructionsOfRun({ ...opened, dataset, count: options.count });
  await writeOutput(options.output, png);
  tellWritten(context, options, opened.run, {});
}

export async function sampleImages(context: Context, options: SampleArguments): Promise<void> {
  const opened = await open(options);
  const { count, seed = opened.run.record.seed } = options;
  await writeOutput(options.output, await samplesOfRun({ ...opened, count, seed }));
  tellWritten(context, options, opened.run, { count, seed });
}

export async function encode(context: Context, options: EncodeArguments): Promise<void> {
  const { out } = context.terminal;
  const { input, output = besideImage(input) } = options;
  const opened = await open(options);
  const { bytes, original, ...encoded } = await encodeImage({ ...opened, image: input });
  await writeOutput(output, bytes);
  const { width, height, latents, psnr } = encoded;
  tellWritten(context, { ...options, output }, opened.run, {
    ...encoded,
    // JSON has no infinity, which stands for no difference at all.
    psnr: Number.isFinite(psnr) ? psnr : null,
    bytes: bytes.length,
    original,
  });
  if (options.json) return;
  const raw = width * height;
  out.line(
    `  ${raw} pixels in ${latents} latents of one byte (${ratioInWords(raw / latents)} smaller); ` +
      `the file has ${bytes.length} bytes (${ratioInWords(raw / bytes.length)})`,
  );
  out.line(`  decodes to the picture with a PSNR of ${psnr.toFixed(2)} dB, SSIM ${encoded.ssim.toFixed(3)}`);
}

export async function decode(context: Context, options: DecodeArguments): Promise<void> {
  const bytes = await readLatentFile(options.input);
  const opened = await open(options);
  await writeOutput(options.output, await decodeImage({ ...opened, name: options.input, bytes }));
  tellWritten(context, options, opened.run, {});
}

async function open({ run, engine, threads = 0 }: UseArguments): Promise<UseOptions> {
  const record = await readRun(await findRun(run));
  const chosen = await chooseEngine(engine, { threads });
  return { run: record, engine: chosen.engine, threads };
}

async function datasetOf(run: Run, { environment }: Context, data: string | undefined): Promise<Dataset> {
  const { experiment, baseFolder } = run.record;
  return loadDataset(experiment.dataset, { baseFolder, environment, data, allowDownload: true });
}

/** "digit.png" → "digit.latent", in the same folder. */
function besideImage(image: string): string {
  const { dir, name } = parse(image);
  return format({ dir, name, ext: ".latent" });
}

async function readLatentFile(path: string): Promise<Uint8Array> {
  const refuse = (problem: string) =>
    new Failure("latent-invalid", `${path}: ${problem}`, "Name a file made by: latent-lab encode");
  try {
    return await readWhole(path, maximumLatentFileBytes, refuse);
  } catch (error) {
    throw storageFailure(error, path, "read");
  }
}

function tellWritten(
  { terminal }: Context,
  { output, json }: { readonly output: string; readonly json?: boolean },
  run: Run,
  details: Readonly<Record<string, unknown>>,
): void {
  terminal.out.line(json ? JSON.stringify({ run: run.path, output, ...details }) : `wrote ${output}`);
}
