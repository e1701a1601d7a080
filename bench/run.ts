/**
 * `npm run bench`: Latent Lab against its targets and its peers, everything in one go on one machine. Prints a table
 * and writes every number to bench/results/. It measures; that results are right is for the tests to show.
 */
import { Failure } from "../src/contract/failure.ts";
import { defaultThreads } from "../src/ml/engine/cpu/kernels.ts";
import { layOutData, makeTemporaryFolder } from "./bench-data.ts";
import { ourContestant } from "./contestants.ts";
import { epochLines, judge } from "./epoch-lines.ts";
import { exitCodeOf, listenForInterruption } from "./interruption.ts";
import { kernelShare } from "./kernel.ts";
import { busyness, describeMachine } from "./machine.ts";
import type { BenchContext, Measurement, Outcome, SoloMeasurement } from "./measurement.ts";
import { memory } from "./memory.ts";
import { type BenchOptions, help, parseOptions, UsageError } from "./options.ts";
import { findPythons } from "./pythons.ts";
import { type Contestant, race } from "./race.ts";
import { ownVersion, writeResults } from "./results.ts";
import { scaling } from "./scaling.ts";
import { start } from "./start.ts";
import { table } from "./table.ts";

const soloMeasurements: readonly SoloMeasurement[] = [kernelShare, start, memory, scaling];
const measurements: readonly Measurement[] = [...epochLines, ...soloMeasurements];
/** Fewer rounds are for trying things out. */
const roundsForMedians = 5;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), measurements);
  switch (options.command) {
    case "help":
      process.stdout.write(help);
      return 0;
    case "list":
      for (const { name, title } of measurements) process.stdout.write(`${name.padEnd(12)} ${title}\n`);
      return 0;
    case "run":
      return run(options);
    default:
      return options.command satisfies never;
  }
}

async function run(options: BenchOptions): Promise<number> {
  // Peers end when their input does, which is when this process does.
  listenForInterruption((signal) => process.exit(exitCodeOf(signal)));
  say("Laying out the images …");
  const data = await layOutData(await makeTemporaryFolder(), options.data);
  const { epochs, wholeEpochs, only } = options;
  await measureAll({ data, threads: defaultThreads(), epochs, wholeEpochs, say }, only);
  return 0;
}

async function measureAll(context: BenchContext, only: readonly string[]): Promise<void> {
  const date = new Date();
  const before = await busyness();
  const outcomes: Record<string, Outcome> = {};
  const lines = epochLines.filter(({ name }) => only.includes(name));
  if (lines.length > 0) outcomes.epochs = await raceEpochs(lines, context);
  for (const solo of soloMeasurements.filter(({ name }) => only.includes(name))) {
    say(`${solo.name}: ${solo.title}`);
    outcomes[solo.name] = await solo.measure(context);
  }
  const after = await busyness();
  const { data, threads, epochs, wholeEpochs } = context;
  const machine = describeMachine();
  const path = await writeResults(date, {
    date,
    version: await ownVersion(),
    machine,
    busyness: { before, after },
    settings: { only, epochs, wholeEpochs, threads, data: data.source, images: data.images },
    outcomes,
  });
  const notes = [
    ...(context.epochs < roundsForMedians ? [`Only ${epochs} rounds: a trial, not a result.`] : []),
    ...Object.values(outcomes).flatMap((outcome) => outcome.notes),
  ];
  process.stdout.write(`
${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}
${data.source}: ${data.images} images. Medians of ${epochs} rounds. Load average before: ${before.loadAverage.map((load) => load.toFixed(2)).join(" ")}

${table(Object.values(outcomes).flatMap(({ rows }) => rows))}

${notes.map((note) => `- ${note}\n`).join("")}- Every number is in ${path}.
`);
}

async function raceEpochs(lines: Parameters<typeof judge>[0], context: BenchContext): Promise<Outcome> {
  const wantsPython = lines.some(({ name }) => name === "pytorch" || name === "seed-script");
  const pythons = wantsPython ? await findPythons() : [];
  const contestants: readonly Contestant[] = [
    ourContestant(context),
    ...lines.flatMap((line) => line.contestants(context, pythons)),
  ];
  const unlike = new Map(contestants.map((contestant) => [contestant.name, contestant]));
  say(`epochs: ${unlike.size} contestants, ${context.epochs} rounds`);
  const result = await race([...unlike.values()], { rounds: context.epochs, say });
  return judge(lines, result, context, pythons);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError || error instanceof Failure)) throw error;
  say(`error: ${error.message}`);
  if (error instanceof Failure) say(`hint: ${error.hint}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
