/** What a dashboard is sent, and when: here its page and its panel are played, and runs are read from their files. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type * as vscode from "vscode";
import { Failure } from "../../../src/contract/failure.ts";
import type { ToDashboard } from "../../../src/contract/view.ts";
import { DashboardFeed, type FeedSources } from "../../../src/extension/panels/dashboard-feed.ts";
import type { ListedRun } from "../../../src/extension/runs/listed-run.ts";
import { readRecord } from "../../../src/extension/runs/run-folder.ts";
import { RunMetrics } from "../../../src/extension/runs/run-metrics.ts";
import { eventually } from "../../fixtures/eventually.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

/** A panel that behaves as VS Code's: asked after its end, it throws. */
class Stage {
  readonly posted: ToDashboard[] = [];
  readonly problems: unknown[] = [];
  readonly feed: DashboardFeed;
  onPost: (message: ToDashboard) => void = () => {};
  #changed: () => void = () => {};
  #isClosed = false;

  constructor(t: TestContext, ...runs: string[]) {
    const onDidChange: vscode.Event<void> = (listener) => {
      this.#changed = () => listener();
      return never();
    };
    const sources: FeedSources = {
      store: { find, onDidChange, refresh: () => {} },
      trainings: { all: [], of: () => null, onDidBegin: never },
      metrics: new RunMetrics(assert.fail),
    };
    this.feed = new DashboardFeed(runs, sources, {
      post: async (message) => {
        this.#requireOpen();
        this.posted.push(message);
        this.onPost(message);
        return true;
      },
      isVisible: () => {
        this.#requireOpen();
        return true;
      },
      isTrusted: () => true,
      problem: (error) => this.problems.push(error),
    });
    t.after(() => this.feed.dispose());
  }

  kinds(): string[] {
    return this.posted.map(({ kind }) => kind);
  }

  /** As the panel that a user closes. */
  close(): void {
    this.#isClosed = true;
    this.feed.dispose();
  }

  /** The store has something new. */
  change(): void {
    this.#changed();
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new Error("Webview is disposed");
  }
}

function never(): vscode.Disposable {
  return { dispose: () => {} };
}

async function find(path: string): Promise<ListedRun> {
  try {
    return { path, record: await readRecord(path), state: "training", lastEpoch: null };
  } catch (error) {
    if (error instanceof Failure) return { path, problem: error, isOfSeveral: false };
    throw error;
  }
}

function writeRun(folder: string, name: string): string {
  const run = join(folder, name);
  mkdirSync(run, { recursive: true });
  const record = {
    format: 1,
    id: name,
    experiment: {
      name,
      dataset: { kind: "mnist" },
      model: { kind: "variational", encoder: [784, 20] },
    },
    baseFolder: folder,
    seed: 1,
    dataset: {
      name: "mnist",
      source: "here",
      sha256: "0".repeat(64),
      train: 9,
      test: 9,
      width: 28,
      height: 28,
    },
    engine: "cpu",
    device: "this one",
    productVersion: "0.1.0",
    nodeVersion: "24.0.0",
    createdAt: "2026-01-02T03:04:05.000Z",
    status: "training",
    reason: null,
    failure: null,
    epochsDone: 0,
    step: 0,
    modelSha256: null,
  };
  writeFileSync(join(run, "run.json"), JSON.stringify(record));
  return run;
}

test("a dashboard gets its run, and looks again at one that another program trains", async (t) => {
  const stage = new Stage(t, writeRun(temporaryFolder(t), "digits"));
  stage.feed.ready();
  await eventually("all of it", () => stage.kinds().includes("previews"));
  assert.deepEqual(stage.kinds(), ["show", "metrics", "previews"]);
  await eventually("another look", () => stage.kinds().includes("card"));
  assert.deepEqual(stage.problems, []);
});

test("after a dashboard was closed nothing is sent, asked or waited for, wherever it was", async (t) => {
  const run = writeRun(temporaryFolder(t), "digits");
  const closeAfter = async (last: ToDashboard["kind"]) => {
    const stage = new Stage(t, run);
    stage.onPost = ({ kind }) => {
      if (kind === last) stage.close();
    };
    stage.feed.ready();
    await eventually(last, () => stage.kinds().includes(last));
    // Longer than it takes to look again.
    await sleep(2500);
    assert.equal(stage.kinds().at(-1), last);
    assert.deepEqual(stage.problems, [], last);
    stage.feed.ready();
    stage.feed.visibilityChanged();
    stage.feed.show([run]);
    stage.feed.showPictures();
    await sleep(50);
    assert.deepEqual(stage.problems, [], last);
  };
  // The card is of the second look.
  await Promise.all((["show", "metrics", "previews", "card"] as const).map(closeAfter));
});

test("a run that is gone or unreadable is told with the reason, and shown when it is back", async (t) => {
  const folder = temporaryFolder(t);
  const run = writeRun(folder, "digits");
  const record = join(run, "run.json");
  const whole = readFileSync(record);
  const stage = new Stage(t, run);
  const reasonNow = () => {
    const last = stage.posted.at(-1);
    if (last?.kind === "show") return last.absent[0]?.failure.message;
    return last?.kind === "gone" ? last.failure.message : undefined;
  };
  renameSync(run, `${run}.away`);
  stage.feed.ready();
  assert.equal(await eventually("the reason", reasonNow), `${run}: the folder of this run is gone`);
  renameSync(`${run}.away`, run);
  writeFileSync(record, '{ "format": 999, "productVersion": "9.0.0" }');
  stage.change();
  await eventually("another reason", () => reasonNow()?.includes("written by a newer Latent Lab (9.0.0"));
  writeFileSync(record, whole);
  stage.change();
  const show = await eventually("the run", () =>
    stage.posted.find((message) => message.kind === "show" && message.runs.length > 0),
  );
  assert.deepEqual(show.kind === "show" && show.absent, []);
  assert.deepEqual(stage.problems, []);
});
