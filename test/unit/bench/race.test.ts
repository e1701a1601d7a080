/** Races against contestants that behave and that do not: what was measured is kept. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Contestant, race } from "../../../bench/race.ts";

const greeting = 'console.log(JSON.stringify({ kind: "ready", description: "a test" }));';
const epoch = "console.log(JSON.stringify({ seconds: 0.25, images: 10, loss: ++turns }));";
const onTurn = (code: string) => `let turns = 0; process.stdin.on("data", () => { ${code} });`;

const contestant = (name: string, code: string, more: Partial<Contestant> = {}): Contestant => ({
  name,
  command: { program: process.execPath, args: ["-e", code] },
  images: 20,
  steps: null,
  ...more,
});
const say = (): void => {};

test("turns warm up and measure by epochs and by seconds alike", async () => {
  const turn = { warmUp: { epochs: 3, seconds: 1 }, measured: { epochs: 1, seconds: 0.3 } };
  const peer = contestant("peer", greeting + onTurn(epoch), { turn });
  const { times, missing, cutShort } = await race([peer], { rounds: 1, say });
  assert.deepEqual({ missing, cutShort }, { missing: [], cutShort: null });
  // Four epochs make the second of the warm-up; the fifth and the sixth count. Ten images of twenty: half an epoch.
  assert.deepEqual(
    times.map(({ seconds, epochs, losses }) => ({ seconds, epochs, losses })),
    [{ seconds: [0.5], epochs: [2], losses: [5.5] }],
  );
});

test("who ends, answers nonsense or is not there loses no one's turns", async () => {
  const rounds: number[] = [];
  const { times, missing } = await race(
    [
      contestant("good", greeting + onTurn(epoch)),
      contestant("ends", greeting + onTurn(`if (turns === 1) process.exit(3); ${epoch}`)),
      contestant("nonsense", greeting + onTurn('console.log("{}");')),
      contestant("absent", 'console.log(JSON.stringify({ kind: "unavailable", reason: "no GPU" }));'),
    ],
    {
      rounds: 2,
      say,
      onRound: async (soFar) => void rounds.push(soFar.times[0]?.seconds.length ?? 0),
    },
  );
  assert.deepEqual(rounds, [1, 2]);
  assert.deepEqual(
    times.map(({ name, seconds, ended }) => [name, seconds.length, ended]),
    [
      ["good", 2, null],
      ["ends", 1, "it ended with code 3"],
    ],
  );
  const reasons = Object.fromEntries(missing.map(({ name, reason }) => [name, reason]));
  assert.deepEqual(Object.keys(reasons).sort(), ["absent", "nonsense"]);
  assert.equal(reasons.absent, "no GPU");
  assert.match(reasons.nonsense ?? "", /no epoch's/);
});

test("nobody waits for ever for one that never becomes ready, nor for many", async () => {
  const silent = (name: string) => contestant(name, "setInterval(() => {}, 1000);");
  const { missing } = await race([silent("first"), silent("second")], {
    rounds: 1,
    say,
    patience: { start: 0.2, allStarts: 0.2, epoch: 1 },
  });
  assert.deepEqual(
    missing.map(({ name }) => name),
    ["first", "second"],
  );
  assert.equal(missing[0]?.reason, "no answer within 0.2 s");
  // What the first one left of the time is next to nothing.
  assert.match(missing[1]?.reason ?? "", /^no answer within 0/);
});

test("a race that is ended has the turns so far, and waits for nobody", async () => {
  const time = new AbortController();
  const { times, cutShort } = await race(
    [
      contestant("quick", greeting + onTurn(epoch)),
      contestant("hangs", greeting + onTurn('process.on("SIGTERM", () => {});')),
    ],
    {
      rounds: 3,
      say: (line) => {
        if (line.includes("quick: 500.0 ms")) setTimeout(() => time.abort("the time was up"), 600);
      },
      signal: time.signal,
    },
  );
  assert.equal(cutShort, "the time was up");
  assert.deepEqual(
    times.map(({ name, seconds }) => [name, seconds.length]),
    [["quick", 1]],
  );
});
