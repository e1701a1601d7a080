/**
 * `npm run bench -- gpu`: the WebGPU engine on this machine's GPU against its targets and against PyTorch, in turns.
 * Machines with a GPU are lent by the minute, so what was measured is printed and on the disk after every part. See
 * README.md for what each line means.
 */
import { Failure } from "../src/contract/failure.ts";
import { type BenchData, layOutData, makeTemporaryFolder } from "./bench-data.ts";
import { findGpu, type Gpu } from "./gpu/adapter.ts";
import { type Circumstances, linesOf, notesOn } from "./gpu/findings.ts";
import { cellsOf, gpuTitles } from "./gpu/lines.ts";
import { type GpuBenchOptions, gpuHelp, parseGpuOptions } from "./gpu/options.ts";
import { measureParts } from "./gpu/parts.ts";
import { measureProfile } from "./gpu/profile.ts";
import { TimeLimit } from "./gpu/time-limit.ts";
import { exitCodeOf, listenForInterruption } from "./interruption.ts";
import { busyness, describeMachine } from "./machine.ts";
import { UsageError } from "./options.ts";
import { PeerUnavailable } from "./peer.ts";
import { askPython, findPythons, type PythonWithTorch } from "./pythons.ts";
import { ownVersion, writeResults } from "./results.ts";
import { tableOf } from "./table.ts";

/** Fewer images are for trying things out. */
const imagesOfMnist = 60_000;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function show(text: string): void {
  process.stdout.write(`\n${text}\n`);
}

/** What all that is measured shares. */
interface Bench {
  readonly options: GpuBenchOptions;
  readonly date: Date;
  readonly time: TimeLimit;
  readonly gpu: Gpu | PeerUnavailable;
  readonly data: BenchData;
}

async function main(): Promise<number> {
  const options = parseGpuOptions(process.argv.slice(2));
  if (options.command === "help") {
    process.stdout.write(gpuHelp);
    return 0;
  }
  const time = new TimeLimit(options.minutes === null ? Number.POSITIVE_INFINITY : options.minutes * 60);
  let interrupted: number | null = null;
  listenForInterruption((signal) => {
    say(`${signal}: ending …`);
    interrupted = exitCodeOf(signal);
    time.end(`it was ended by ${signal}`);
  });
  try {
    // For this process and those it starts.
    if (options.software) process.env.LATENT_LAB_WEBGPU = "software";
    const date = new Date();
    const gpu = await findGpu(time.signal).catch(unavailable);
    if (gpu instanceof PeerUnavailable) say(`no GPU for our engine: ${gpu.message}\n${gpu.chatter}`);
    else say(`${gpu.name} (${gpu.driver})`);
    say("Laying out the images …");
    const data = await layOutData(await makeTemporaryFolder(), options.data, options.images ?? undefined);
    const bench: Bench = { options, date, time, gpu, data };
    const code = await (options.command === "profile" ? runProfile(bench) : runRaces(bench));
    return interrupted ?? code;
  } finally {
    time.release();
  }
}

function unavailable(error: unknown): PeerUnavailable {
  if (error instanceof PeerUnavailable) return error;
  throw error;
}

async function runProfile(bench: Bench): Promise<number> {
  const { gpu, data, time, options } = bench;
  if (gpu instanceof PeerUnavailable) throw gpu;
  show(headOf(bench));
  const about = await describe(bench);
  let path = "";
  await measureProfile(data, {
    slow: gpu.software,
    signal: time.signal,
    say,
    show,
    async keep(profile) {
      path = await writeResults(bench.date, { ...about, profile }, options.results);
    },
  });
  show(`Every number is in ${path}.`);
  return 0;
}

async function runRaces(bench: Bench): Promise<number> {
  const { options, gpu, data, time, date } = bench;
  const python = options.pytorch ? await pythonFor(options, time.signal) : null;
  if (gpu instanceof PeerUnavailable && python === null) throw gpu;
  const whole = data.images === imagesOfMnist;
  const software = !(gpu instanceof PeerUnavailable) && gpu.software;
  const circumstances: Circumstances = {
    trial: software || options.device === "cpu" || !whole,
    real: data.original && whole,
  };
  const about = { ...(await describe(bench)), python, settings: { ...options, ...circumstances } };
  const before = await busyness();
  const write = async (results: object): Promise<string> =>
    writeResults(
      date,
      { ...about, busyness: { before, now: await busyness() }, ...results },
      options.results,
    );
  // Fails, if it does, before anything is measured.
  const path = await write({});
  const findings = await measureParts(data, {
    python,
    device: options.device,
    rounds: options.rounds,
    software,
    time,
    say,
    async keep(findings, finished) {
      await write({ lines: linesOf(findings, circumstances), ...findings }).catch((error: Error) =>
        say(`${path}: ${error.message}`),
      );
      if (finished === null) return;
      const found = linesOf(finished, circumstances);
      if (found.length > 0) show(tableOf(gpuTitles, found.map(cellsOf)));
    },
  });
  const lines = linesOf(findings, circumstances);
  const notes = [
    ...(circumstances.trial
      ? ["A trial: nothing but the curve is judged, and no number here is a result."]
      : []),
    "The goals are for a GPU of the H200's class.",
    ...(options.pytorch && python === null
      ? ["No Python here can import torch: PyTorch was not measured."]
      : []),
    ...notesOn(findings),
    `Every number is in ${path}.`,
  ];
  show(`${headOf(bench)}

${tableOf(gpuTitles, lines.map(cellsOf))}

${notes.map((note) => `- ${note}`).join("\n")}`);
  return lines.some(({ line }) => line === "one epoch") ? 0 : 1;
}

async function pythonFor({ python }: GpuBenchOptions, signal: AbortSignal): Promise<PythonWithTorch | null> {
  if (python === null) return (await findPythons(signal))[0] ?? null;
  const found = await askPython(python, signal);
  if (found === null) throw new UsageError(`--python ${python}: no Python that can import torch`);
  return found;
}

function headOf({ gpu, data }: Bench): string {
  const { processor, cores, memoryGiB, system, node } = describeMachine();
  const name = gpu instanceof PeerUnavailable ? "no GPU for our engine" : `${gpu.name} (${gpu.driver})`;
  return `${name}; ${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}
VAE 784-400-20-400-784, batch 128, Adam; ${data.source}: ${data.images} images`;
}

async function describe({ date, gpu, data }: Bench) {
  return {
    date,
    version: await ownVersion(),
    gpu: gpu instanceof PeerUnavailable ? { missing: gpu.message, chatter: gpu.chatter } : gpu,
    machine: describeMachine(),
    data: { source: data.source, images: data.images },
  };
}

try {
  process.exitCode = await main();
} catch (error) {
  const expected =
    error instanceof UsageError || error instanceof PeerUnavailable || error instanceof Failure;
  if (!expected) throw error;
  say(`error: ${error.message}${error instanceof Failure ? `. ${error.hint}` : ""}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
