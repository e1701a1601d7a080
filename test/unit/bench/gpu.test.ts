/** The GPU's benchmark: what its command line takes, and when a line has reached its goal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  acceptanceBand,
  cellsOf,
  curveLine,
  duration,
  gpuTitles,
  ratioGoals,
  ratioLine,
  secondsGoals,
  secondsLine,
} from "../../../bench/gpu/lines.ts";
import { parseGpuOptions } from "../../../bench/gpu/options.ts";
import { UsageError } from "../../../bench/options.ts";
import type { Times } from "../../../bench/race.ts";

const times = (name: string, median: number): Times => ({
  name,
  description: "",
  seconds: [median],
  median,
  stepsPerTurn: null,
  losses: [],
});

test("without options the whole dataset is raced on CUDA, on a real GPU", () => {
  assert.deepEqual(parseGpuOptions([]), {
    command: "race",
    rounds: 9,
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
  assert.deepEqual(reached([0.019, 0.05, 0.028]), ["30.0 ms", "yes", "20.0 ms", "no"]);
  assert.deepEqual(reached([0.019, 0.018, 0.05]), ["30.0 ms", "yes", "20.0 ms", "yes"]);
  assert.deepEqual(reached([0.031, 0.018, 0.05]), ["30.0 ms", "no", "20.0 ms", "no"]);
});

test("a trial names its goals and judges none", () => {
  const cells = cellsOf(secondsLine("one epoch", [0.001], secondsGoals.epoch, true));
  assert.equal(cells.length, gpuTitles.length);
  assert.deepEqual(cells.slice(4), ["30.0 ms", "trial", "20.0 ms", "trial"]);
});

test("a line without a goal says nothing of one", () => {
  assert.deepEqual(cellsOf(secondsLine("one epoch, cpu", [0.5], null, false)).slice(4), ["", "", "", ""]);
});

test("a curve is in the band when each of its first five epochs is", () => {
  // The band's edges belong to it: a published PyTorch run is well inside.
  const published = [164.38, 121.64, 114.66, 111.68, 109.93];
  assert.equal(curveLine(published, true).target.reached, true);
  for (const epoch of acceptanceBand.keys()) {
    const off = published.map((loss, index) => (index === epoch ? loss + 2 : loss));
    assert.equal(curveLine(off, true).target.reached, false, `epoch ${epoch + 1} is off`);
  }
  assert.equal(curveLine(published.slice(0, 4), true).target.reached, false);
});

test("losses of anything but the whole of MNIST are not held against the band", () => {
  assert.equal(curveLine([490, 340, 270, 240, 230], false).target.reached, null);
});

test("durations are said in the unit that fits them", () => {
  assert.deepEqual([1.5, 0.0274, 0.0000061].map(duration), ["1.50 s", "27.4 ms", "6.10 µs"]);
});
