import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { isAlive, livenessOf, ownIdentity } from "../../../src/system/process-identity.ts";

const now = new Date().toISOString();
const longAgo = "2001-02-03T04:05:06.000Z";
const numberAlone = { pid: process.pid, host: hostname(), startTime: null };

test("this process is alive, and of another machine's nothing is known", async () => {
  const own = await ownIdentity();
  assert.equal(await livenessOf(own, now), "alive");
  assert.equal(await livenessOf({ ...own, host: "another" }, now), "elsewhere");
});

test("a number that was used again is told by the start, or else by the machine's start", async () => {
  const own = await ownIdentity();
  if (own.startTime !== null)
    assert.equal(await livenessOf({ ...own, startTime: "1@another boot" }, now), "dead");
  assert.equal(await livenessOf(numberAlone, longAgo), "dead");
  assert.equal(await livenessOf(numberAlone, now), "alive");
  assert.equal(await livenessOf(numberAlone, null), "alive");
  assert.equal(await isAlive(numberAlone), true);
  if (own.startTime !== null) assert.equal(await isAlive({ ...own, startTime: "1@another boot" }), false);
});
