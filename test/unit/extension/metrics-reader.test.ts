/** Reading metrics.jsonl: what JSON.parse would have found, from pieces that end anywhere. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricsLine } from "../../../src/contract/run.ts";
import { MetricsReader } from "../../../src/extension/runs/metrics-reader.ts";

const step = (loss: number, reconstruction = 1, kl = 0) =>
  ({
    event: "step",
    step: 7,
    epoch: 1,
    train: { loss, reconstruction, kl },
    imagesPerSecond: 752.3629236044986,
  }) satisfies MetricsLine;

const epoch: MetricsLine = {
  event: "epoch",
  epoch: 1,
  step: 16,
  train: { loss: 354.04, reconstruction: 334.27, kl: 19.77 },
  test: {
    loss: 221.3,
    reconstruction: 201.5,
    kl: 19.7,
    aboveFloor: 148,
    pixelMse: 0.06,
    klPerDimension: [0.8, 0.3],
    activeUnits: 2,
    activeDimensions: [0, 1],
  },
  seconds: 0.37,
  imagesPerSecond: 5347,
};

function read(text: string, pieceLength = text.length): { lines: MetricsLine[]; dropped: number } {
  const bytes = new TextEncoder().encode(text);
  const reader = new MetricsReader();
  const lines: MetricsLine[] = [];
  for (let from = 0; from < bytes.length; from += pieceLength)
    lines.push(...reader.read(bytes.subarray(from, from + pieceLength)));
  return { lines, dropped: reader.dropped };
}

test("keeps every digit", () => {
  const numbers = [549.8701257786179, 0, 1e-7, 123456789012345680000, 1 / 3, 5e-324, 1e308, -2.5];
  const text = numbers.map((number) => `${JSON.stringify(step(number))}\n`).join("");
  assert.deepEqual(
    read(text).lines.map((line) => line.train.loss),
    numbers,
  );
});

test("pieces may end anywhere, within a line and within a number", () => {
  const text = [step(1), step(2.25), epoch, step(3)].map((line) => `${JSON.stringify(line)}\n`).join("");
  const whole = read(text);
  assert.deepEqual(
    whole.lines.map(({ event }) => event),
    ["step", "step", "epoch", "step"],
  );
  for (const length of [1, 2, 7, 100]) assert.deepEqual(read(text, length), whole);
});

test("a step written by another hand is read as well", () => {
  const text =
    '{ "step": 3, "event": "step", "imagesPerSecond": 5, "epoch": 1, "train": {"kl":1,"loss":2,"reconstruction":1} }\n';
  assert.equal(read(text).lines[0]?.train.loss, 2);
});

test("drops and counts what is no line, and reads the others", () => {
  const good = JSON.stringify(step(1));
  const bad = [
    "not json",
    "[1]",
    '{"event":"step","step":1}',
    good.replace('"kl":0', '"kl":null'),
    good.replace('"step":7', '"step":7x'),
    good.slice(0, -1),
  ];
  const { lines, dropped } = read([good, ...bad, "", good, ""].join("\n"));
  assert.equal(lines.length, 2);
  assert.equal(dropped, bad.length);
});

test("a line without its end waits for it", () => {
  const reader = new MetricsReader();
  const [first, second] = [step(1), step(2)].map((line) =>
    new TextEncoder().encode(`${JSON.stringify(line)}\n`),
  );
  assert.deepEqual(reader.read(first?.subarray(0, -1) ?? new Uint8Array()), []);
  assert.equal(reader.read(new TextEncoder().encode("\n")).length, 1);
  assert.equal(reader.read(second ?? new Uint8Array()).length, 1);
  assert.equal(reader.dropped, 0);
});
