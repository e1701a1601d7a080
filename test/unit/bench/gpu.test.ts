/** The GPU's benchmark: what its command line takes, and when a line has reached its goal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { duration } from "../../../bench/duration.ts";
import { ourName } from "../../../bench/gpu/contestants.ts";
import { type Findings, linesOf, notesOn } from "../../../bench/gpu/findings.ts";
import {
  acceptanceBand,
  cellsOf,
  curveLine,
  gpuTitles,
  ratioGoals,
  ratioLine,
  secondsGoals,
  secondsLine,
} from "../../../bench/gpu/lines.ts";
import { parseGpuOptions } from "../../../bench/gpu/options.ts";
import { parts, secondsFor } from "../../../bench/gpu/schedule.ts";
import { UsageError } from "../../../bench/options.ts";
import type { RaceResult, Times } from "../../../bench/race.ts";

const times = (name: string, median: number, turns = 5): Times => ({
  name,
  description: "",
  seconds: Array(turns).fill(median),
  median,
  stepsPerTurn: null,
  epochs: Array(turns).fill(1),
  losses: Array(turns).fill(100),
  ended: null,
});

test("without options the whole dataset is raced on CUDA, on a real GPU", () => {
  assert.deepEqual(parseGpuOptions([]), {
    command: "race",
    rounds: 9,
    minutes: null,
    images: null,
    device: "cuda",
    software: false,
    python: null,
    pytorch: true,
    data: undefined,
    results: undefined,
  });
});

test("a trial names its device, its images and its Python", () => {
  const options = parseGpuOptions([
    ..."--software --device cpu --images 500 --rounds 1".split(" "),
    ..."--python /opt/python --json out.json".split(" "),
  ]);
  assert.equal(options.software, true);
  assert.equal(options.device, "cpu");
  assert.equal(options.images, 500);
  assert.equal(options.rounds, 1);
  assert.equal(options.python, "/opt/python");
  assert.equal(options.results, "out.json");
});

test("what cannot be measured is refused in one line", () => {
  const refused = [
    ["--device", "tpu"],
    ["--rounds", "0"],
    ["--rounds", "many"],
    ["--minutes", "0"],
    ["--minutes", "soon"],
    ["--images", "100"],
    ["--images", "60001"],
    ["--profile", "--images", "500"],
    ["--pack"],
    ["surplus"],
  ];
  for (const argv of refused)
    assert.throws(
      () => parseGpuOptions(argv),
      (error) => error instanceof UsageError,
      argv.join(" "),
    );
});

test("a ratio reaches its target and its stretch goal each for itself", () => {
  const ours = times("ours", 0.025);
  const line = (peer: number) =>
    cellsOf(ratioLine("PyTorch", ours, times("pytorch eager", peer), ratioGoals.eager, false));
  assert.deepEqual(line(0.2), [
    "PyTorch",
    "25.0 ms",
    "200.0 ms (pytorch eager)",
    "8.00×",
    "10×",
    "no",
    "15×",
    "no",
  ]);
  assert.deepEqual(line(0.3).slice(3), ["12.00×", "10×", "yes", "15×", "no"]);
  assert.deepEqual(line(0.5).slice(3), ["20.00×", "10×", "yes", "15×", "yes"]);
});

test("seconds reach a goal by their median", () => {
  const reached = (seconds: readonly number[]) =>
    cellsOf(secondsLine("one epoch", seconds, secondsGoals.epoch, false)).slice(4);
  assert.deepEqual(reached([0.019, 0.05, 0.028, 0.019, 0.05]), ["30.0 ms", "yes", "20.0 ms", "no"]);
  assert.deepEqual(reached([0.019, 0.018, 0.05, 0.019, 0.05]), ["30.0 ms", "yes", "20.0 ms", "yes"]);
  assert.deepEqual(reached([0.031, 0.018, 0.05, 0.019, 0.05]), ["30.0 ms", "no", "20.0 ms", "no"]);
});

test("a trial names its goals and judges none", () => {
  const cells = cellsOf(secondsLine("one epoch", [0.001], secondsGoals.epoch, true));
  assert.equal(cells.length, gpuTitles.length);
  assert.deepEqual(cells.slice(4), ["30.0 ms", "trial", "20.0 ms", "trial"]);
});

test("fewer than five turns are no median, and judge nothing", () => {
  const four = secondsLine("one epoch", [0.01, 0.01, 0.01, 0.01], secondsGoals.epoch, false);
  assert.equal(four.target.verdict, "too few");
  const ours = times(ourName, 0.01, 4);
  assert.equal(
    ratioLine("PyTorch", ours, times("peer", 1), ratioGoals.eager, false).target.verdict,
    "too few",
  );
});

test("a line without a goal says nothing of one", () => {
  assert.deepEqual(cellsOf(secondsLine("one epoch, cpu", [0.5], null, false)).slice(4), ["", "", "", ""]);
});

test("a curve is in the band when each of its first five epochs is", () => {
  // The band's edges belong to it: a published PyTorch run is well inside.
  const published = [164.38, 121.64, 114.66, 111.68, 109.93];
  assert.equal(curveLine(published, true).target.verdict, "yes");
  for (const epoch of acceptanceBand.keys()) {
    const off = published.map((loss, index) => (index === epoch ? loss + 2 : loss));
    assert.equal(curveLine(off, true).target.verdict, "no", `epoch ${epoch + 1} is off`);
  }
  assert.equal(curveLine(published.slice(0, 4), true).target.verdict, "too few");
});

test("losses of anything but the whole of MNIST are not held against the band", () => {
  assert.equal(curveLine([490, 340, 270, 240, 230], false).target.verdict, "");
});

test("durations are said in the unit that fits them", () => {
  assert.deepEqual([1.5, 0.0274, 0.0000061].map(duration), ["1.50 s", "27.4 ms", "6.10 µs"]);
});

const raceOf = (...all: readonly Times[]): RaceResult => ({ times: all, missing: [], cutShort: null });
const findings = (races: Findings["races"]): Findings => ({ races, launches: null, leftOut: {} });
const judged = { trial: false, real: true };

test("of several ways to the same end the fastest counts, each beside ours in its own race", () => {
  const lines = linesOf(
    findings({
      "cuda-graph": raceOf(times(ourName, 0.02), times("pytorch cuda-graph", 0.03)),
      // Slower in seconds, and faster than the other one beside ours: the machine was busy.
      compiled: raceOf(times(ourName, 0.04), times("pytorch cuda-graph-compiled", 0.05)),
    }),
    judged,
  );
  const line = lines.find(({ line }) => line === "PyTorch, a step as a CUDA graph");
  assert.equal(line?.ratio, "1.25×");
  assert.equal(line?.peer, "50.0 ms (pytorch cuda-graph-compiled)");
});

test("PyTorch's numbers are kept when ours failed", () => {
  const [line, ...others] = linesOf(findings({ eager: raceOf(times("pytorch eager", 0.2)) }), judged);
  assert.deepEqual(others, []);
  assert.deepEqual(line && cellsOf(line), [
    "PyTorch, eager",
    "",
    "200.0 ms (pytorch eager)",
    "",
    "10×",
    "not measured",
    "15×",
    "not measured",
  ]);
});

test("what was left out, cut short or ended early is said", () => {
  const times1 = { ...times("pytorch eager", 0.2, 3), ended: "its driver crashed" };
  const notes = notesOn({
    races: { eager: { ...raceOf(times1), cutShort: "the time was up" } },
    launches: { first: [1], withoutShaders: [], withShaders: [], cutShort: "no GPU" },
    leftOut: { cpu: "left out: too little time was left" },
  }).join("\n");
  for (const part of ["3 turns, and then no more: its driver crashed", "eager: cut short: the time was up"])
    assert.ok(notes.includes(part), part);
  assert.match(notes, /^launches: cut short: no GPU\.$/m);
  assert.match(notes, /^cpu: left out: too little time was left\.$/m);
});

test("a part leaves the later ones their least, and has its own in any case", () => {
  const leasts = [{ least: 10 }, { least: 20 }, { least: 30 }];
  assert.equal(secondsFor(leasts, 0, 100), 50);
  assert.equal(secondsFor(leasts, 0, 40), 10);
  assert.equal(secondsFor(leasts, 1, 15), null);
  assert.equal(secondsFor(leasts, 2, 100), 100);
  assert.equal(secondsFor(leasts, 0, Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
});

test("the whole benchmark fits into a command of eight minutes", () => {
  const least = parts.reduce((sum, part) => sum + part.least, 0);
  assert.ok(least <= 8 * 60, `${least} s`);
});
