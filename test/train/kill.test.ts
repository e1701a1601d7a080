/** Processes killed with SIGKILL while they train: before they begin, at random moments, in the midst of writing. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, watch } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { trainingEventSchema } from "../../src/contract/events.ts";
import { RandomSequence, streams } from "../../src/ml/random.ts";
import { listRuns } from "../../src/ml/train/list-runs.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { outcome } from "./small-run.ts";

const script = fileURLToPath(new URL("training-process.ts", import.meta.url));
const deaths = 12;
/** Of the whole run in training-process.ts: 40 epochs of 13. */
const steps = 520;

class TrainingProcess {
  readonly child: ChildProcess;
  /** Whether it was killed; false where it came to its end first. */
  readonly killed: Promise<boolean>;
  /** The last step that it told of. */
  step = 0;
  #waiting: { readonly steps: number; readonly resolve: () => void } | null = null;

  constructor(path: string) {
    const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
    this.child = child;
    this.killed = once(child, "exit").then(([code, signal]) => {
      assert.ok(code === 0 || signal === "SIGKILL", `it ended with ${code ?? signal}`);
      return signal !== null;
    });
    let first: number | null = null;
    createInterface(child.stdout).on("line", (line) => {
      const event = trainingEventSchema.parse(JSON.parse(line));
      if (event.event === "start") this.step = event.resumedAtStep;
      if (event.event === "step" || event.event === "epoch") this.step = event.step;
      first ??= this.step;
      if (this.#waiting !== null && this.step - first >= this.#waiting.steps) this.#waiting.resolve();
    });
  }

  /** Resolves when it has taken so many steps, or has ended. */
  async taken(steps: number): Promise<void> {
    const progress = new Promise<void>((resolve) => {
      this.#waiting = { steps, resolve };
    });
    await Promise.race([progress, this.killed]);
  }
}

/** Kills after the given number of changes in the run folder: between them lie its writes, renames and removals. */
async function killAtChange(training: TrainingProcess, path: string, changes: number): Promise<void> {
  let left = changes;
  const watcher = watch(path, () => {
    if (--left <= 0) training.child.kill("SIGKILL");
  });
  await training.killed;
  watcher.close();
}

async function killAfter(training: TrainingProcess, milliseconds: number): Promise<void> {
  await Promise.race([delay(milliseconds), training.killed]);
  training.child.kill("SIGKILL");
  await training.killed;
}

describe("a run killed again and again", { timeout: 300_000 }, () => {
  test("ends with the model and the losses of one that was never stopped, bit for bit", async (t) => {
    const folder = temporaryFolder(t);
    const straight = join(folder, "straight");
    const killed = join(folder, "killed");
    assert.equal(await new TrainingProcess(straight).killed, false);
    const random = new RandomSequence(11, streams.sampling);
    const reached: string[] = [];
    for (let death = 0; death < deaths; death++) {
      const training = new TrainingProcess(killed);
      t.after(() => training.child.kill("SIGKILL"));
      if (death % 4 === 0) await killAfter(training, 100 + random.integer(600));
      else {
        await training.taken(random.integer(steps / 6));
        if (death % 2 === 0) await killAfter(training, random.integer(60));
        else await killAtChange(training, killed, 1 + random.integer(12));
      }
      reached.push(`${training.step}${(await training.killed) ? "" : " (ended)"}`);
      const [found] = (await listRuns(folder)).filter(({ path }) => path === killed);
      // Whatever the moment: there is no run yet, or a whole record of one that nobody writes.
      assert.ok(found === undefined || !existsSync(join(killed, "run.json")) || found.record !== null);
      assert.ok(!found?.live);
    }
    assert.equal(await new TrainingProcess(killed).killed, false);
    t.diagnostic(`killed at steps ${reached.join(", ")}`);
    const [ending, expected] = [await outcome(killed), await outcome(straight)];
    assert.deepEqual(ending.epochs, expected.epochs);
    assert.equal(ending.model, expected.model);
  });
});
