/**
 * `npm run bench -- gpu`: the WebGPU engine on this machine's GPU against its targets and against PyTorch, in turns.
 * Prints a table and writes every number to bench/results/. See README.md for what each line means.
 */
import { rmSync } from "node:fs";
import { Failure } from "../src/contract/failure.ts";
import { defaultThreads } from "../src/ml/engine/cpu/kernels.ts";
import { type FoundAdapter, findAdapter, parseWishes } from "../src/ml/engine/webgpu/adapter.ts";
import { type BenchData, layOutData, makeTemporaryFolder } from "./bench-data.ts";
import {
  cpuContestant,
  curveContestant,
  gpuContestant,
  type PytorchGroup,
  pytorchContestants,
} from "./gpu/contestants.ts";
import { type Launches, measureLaunches } from "./gpu/launches.ts";
import {
  acceptanceBand,
  cellsOf,
  curveLine,
  type GpuLine,
  gpuTitles,
  ratioGoals,
  ratioLine,
  secondsGoals,
  secondsLine,
} from "./gpu/lines.ts";
import { type GpuBenchOptions, gpuHelp, parseGpuOptions } from "./gpu/options.ts";
import { measureProfile } from "./gpu/profile.ts";
import { busyness, describeMachine } from "./machine.ts";
import { UsageError } from "./options.ts";
import { askPython, findPythons, type PythonWithTorch } from "./pythons.ts";
import { type RaceResult, race, type Times } from "./race.ts";
import { ownVersion, writeResults } from "./results.ts";
import { tableOf } from "./table.ts";

/** Fewer rounds, or fewer images, are for trying things out. */
const roundsForMedians = 5;
const imagesOfMnist = 60_000;

const pytorchLines: readonly (readonly [PytorchGroup, string])[] = [
  ["eager", "PyTorch, eager"],
  ["compiled", "PyTorch, torch.compile, reduce-overhead"],
  ["cudaGraph", "PyTorch, a step as a CUDA graph"],
];

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<number> {
  const options = parseGpuOptions(process.argv.slice(2));
  if (options.command === "help") {
    process.stdout.write(gpuHelp);
    return 0;
  }
  // For this process and those it starts.
  if (options.software) process.env.LATENT_LAB_WEBGPU = "software";
  const found = await findAdapter(parseWishes(process.env.LATENT_LAB_WEBGPU));
  say(`${found.name} (${found.driver})`);
  const root = await makeTemporaryFolder();
  const removeRoot = (): void => rmSync(root, { recursive: true, force: true });
  // Peers end when their input does, which is when this process does.
  process.once("SIGINT", () => {
    removeRoot();
    process.exit(130);
  });
  try {
    say("Laying out the images …");
    const data = await layOutData(root, options.data, options.images ?? undefined);
    await (options.command === "profile" ? runProfile(found, data, options) : runRace(found, data, options));
    return 0;
  } finally {
    removeRoot();
  }
}

async function runProfile(found: FoundAdapter, data: BenchData, options: GpuBenchOptions): Promise<void> {
  const date = new Date();
  const show = (text: string): void => {
    process.stdout.write(`\n${text}`);
  };
  show(`${headOf(found, data)}\n`);
  const profile = await measureProfile(data, { slow: found.software, say, show });
  const path = await writeResults(date, { ...(await about(date, found, data)), profile }, options.results);
  show(`Every number is in ${path}.\n`);
}

async function runRace(found: FoundAdapter, data: BenchData, options: GpuBenchOptions): Promise<void> {
  const date = new Date();
  const { rounds } = options;
  const before = await busyness();
  const python = options.pytorch ? await pythonFor(options) : null;
  const groups = new Map(
    pytorchLines.map(([group]) => [
      group,
      python === null ? [] : pytorchContestants(group, data, python, options),
    ]),
  );
  const ours = gpuContestant(data, found.software);
  const cpu = cpuContestant(data, defaultThreads());
  say("curve: a training from the start");
  const curve = await race([curveContestant(data)], acceptanceBand.length, say);
  const [curveTimes] = curve.times;
  if (curveTimes === undefined) throw new Error(`our own engine does not train: ${curve.missing[0]?.reason}`);
  // Said at once: a machine that is lent by the minute may be gone before the table is there.
  say(`  losses: ${curveTimes.losses.map((loss) => loss.toFixed(2)).join(" ")}`);
  say("launches: from the command to the first step");
  const counts = found.software ? { withoutCache: 1, withCache: 1 } : { withoutCache: 3, withCache: 7 };
  const launches = await measureLaunches(data, counts, say);
  say(`epochs: ${rounds} rounds`);
  const result = await race([ours, ...[...groups.values()].flat(), cpu], rounds, say);

  const trial =
    found.software || options.device === "cpu" || rounds < roundsForMedians || data.images < imagesOfMnist;
  const timesOf = (names: readonly string[]) => result.times.filter(({ name }) => names.includes(name));
  const [own] = timesOf([ours.name]);
  if (own === undefined) throw new Error("our own engine did not finish the race");
  const lines = [
    ...pytorchLines.flatMap(([group, line]) => {
      const peer = fastest(timesOf((groups.get(group) ?? []).map(({ name }) => name)));
      return peer === undefined ? [] : [ratioLine(line, own, peer, ratioGoals[group], trial)];
    }),
    secondsLine("one epoch", own.seconds, secondsGoals.epoch, trial),
    ...launchLines(launches, trial),
    curveLine(curveTimes.losses, data.original && data.images === imagesOfMnist),
    ...timesOf([cpu.name]).map(({ name, seconds }) =>
      secondsLine(`one epoch, ${name}`, seconds, null, trial),
    ),
  ];
  const after = await busyness();
  const path = await writeResults(
    date,
    {
      ...(await about(date, found, data)),
      busyness: { before, after },
      settings: { ...options, trial },
      lines,
      race: result,
      curve,
      launches,
    },
    options.results,
  );
  print(found, data, lines, [
    ...(trial ? ["A trial: nothing but the curve is judged, and no number here is a result."] : []),
    ...notesOn(options, python, result),
    `Every number is in ${path}.`,
  ]);
}

function launchLines({ withCache, withoutCache }: Launches, trial: boolean): readonly GpuLine[] {
  return [
    secondsLine("command to first step, compiled before", withCache, secondsGoals.firstStep, trial),
    secondsLine("command to first step, nothing kept", withoutCache, null, trial),
  ];
}

async function pythonFor({ python }: GpuBenchOptions): Promise<PythonWithTorch | null> {
  if (python === null) return (await findPythons())[0] ?? null;
  const found = await askPython(python);
  if (found === null) throw new UsageError(`--python ${python}: no Python that can import torch`);
  return found;
}

function notesOn(
  { pytorch }: GpuBenchOptions,
  python: PythonWithTorch | null,
  { times, missing }: RaceResult,
): readonly string[] {
  return [
    "The goals are for a GPU of the H200's class.",
    ...(pytorch && python === null ? ["No Python here can import torch: PyTorch was not measured."] : []),
    ...times.map(
      ({ name, description, median, losses }) =>
        `${name}: ${(median * 1e3).toFixed(2)} ms an epoch, mean loss of its last turn ${losses.at(-1)?.toFixed(2)}; ${description}.`,
    ),
    ...missing.map(({ name, reason }) => `${name} took no part: ${reason}.`),
  ];
}

function print(
  found: FoundAdapter,
  data: BenchData,
  lines: readonly GpuLine[],
  notes: readonly string[],
): void {
  process.stdout.write(`
${headOf(found, data)}

${tableOf(gpuTitles, lines.map(cellsOf))}

${notes.map((note) => `- ${note}\n`).join("")}`);
}

function headOf({ name, driver }: FoundAdapter, data: BenchData): string {
  const { processor, cores, memoryGiB, system, node } = describeMachine();
  return `${name} (${driver}); ${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}
VAE 784-400-20-400-784, batch 128, Adam; ${data.source}: ${data.images} images`;
}

async function about(date: Date, { name, driver, software }: FoundAdapter, data: BenchData) {
  return {
    date,
    version: await ownVersion(),
    gpu: { name, driver, software },
    machine: describeMachine(),
    data: { source: data.source, images: data.images },
  };
}

function fastest(times: readonly Times[]): Times | undefined {
  return times.toSorted((a, b) => a.median - b.median)[0];
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError || error instanceof Failure)) throw error;
  say(`error: ${error.message}${error instanceof Failure ? `. ${error.hint}` : ""}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
