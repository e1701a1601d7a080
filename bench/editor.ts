/**
 * `npm run bench -- editor`: the packaged extension in a real workbench against its targets. It drives the workbench
 * with the tests' page objects; that what is shown is right is for them to show.
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "../src/contract/failure.ts";
import { eventually } from "../test/fixtures/eventually.ts";
import { vsixOf } from "../test/package/vsix.ts";
import { install } from "../test/workbench/installation.ts";
import type { WorkbenchWindow } from "../test/workbench/window.ts";
import { Workbench } from "../test/workbench/workbench.ts";
import { frameTimes, markDrawing, type Opened, openedDashboard } from "./editor/dashboard-clock.ts";
import { HostClock, type LongestTurns } from "./editor/host-clock.ts";
import { type EditorBenchOptions, editorHelp, parseEditorOptions } from "./editor/options.ts";
import { recordedSteps, recordRun } from "./editor/recorded-run.ts";
import { exitCodeOf, listenForInterruption } from "./interruption.ts";
import { busyness, describeMachine } from "./machine.ts";
import { UsageError } from "./options.ts";
import { ownVersion, writeResults } from "./results.ts";
import { median } from "./statistics.ts";
import { tableOf } from "./table.ts";

/** Long enough for a window, a page or a training to be done with its beginning. */
const settleMilliseconds = 4000;

interface Line {
  readonly line: string;
  readonly ours: string;
  readonly target: string;
  /** null: this line has no target. */
  readonly reached: boolean | null;
}

interface Measured {
  /** Milliseconds, as VS Code itself counts them. */
  readonly activations: readonly number[];
  /** Milliseconds from the click until the curve is drawn. */
  readonly openings: readonly number[];
  /** Milliseconds between frames. */
  readonly frames: { readonly idle: readonly number[]; readonly training: readonly number[] };
  readonly host: Readonly<Record<"opening" | "resuming" | "training", LongestTurns>>;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<void> {
  const options = parseEditorOptions(process.argv.slice(2));
  if (options.command === "help") {
    process.stdout.write(editorHelp);
    return;
  }
  const installation = await install(say);
  if ("missing" in installation) {
    throw new Failure("usage", `there is no workbench to measure in: ${installation.missing}`, "");
  }
  const date = new Date();
  const before = await busyness();
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-bench-"));
  const extensions = [vsixOf("universal")];
  const workbench = new Workbench({ installation, extensions, settings: {}, trust: "everything" });
  const interruption = new AbortController();
  listenForInterruption((signal) => {
    say(`${signal}: ending …`);
    interruption.abort(signal);
    process.exitCode = exitCodeOf(signal);
    // Whatever is being waited for in it then fails.
    void workbench.stop();
  });
  try {
    say(`Training a run with ${recordedSteps.toLocaleString("en")} recorded steps …`);
    await recordRun(folder, interruption.signal);
    await workbench.start();
    interruption.signal.throwIfAborted();
    const measured = await measure(workbench, folder, options);
    const lines = await linesOf(measured);
    const about = { date, version: await ownVersion(), machine: describeMachine(), settings: options };
    const busy = { before, after: await busyness() };
    show(lines, await writeResults(date, { ...about, busyness: busy, lines, ...measured }));
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
  } finally {
    await workbench.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  workbench: Workbench,
  folder: string,
  { openings, reloads, seconds }: EditorBenchOptions,
): Promise<Measured> {
  const window = await workbench.openWindow(folder);
  await markDrawing(window.page);
  const activations: number[] = [];
  for (let index = 1; index <= reloads; index++) {
    await window.reload();
    activations.push(await activation(window));
    say(`  activation ${index}/${reloads}: ${activations.at(-1)} ms`);
  }
  await window.sideBar.show("Latent Lab");
  await window.sideBar.rows();
  // The first panel of a browser waits for its service worker.
  await open(window);
  const clock = await HostClock.connect(
    await eventually("the extension host", () => workbench.processes("extensionHost").at(-1)),
  );
  try {
    const times: number[] = [];
    let frame = (await open(window)).frame;
    const opening = await clock.during(async () => {
      for (let index = 1; index <= openings; index++) {
        const opened = await open(window);
        frame = opened.frame;
        times.push(opened.milliseconds);
        say(`  opening ${index}/${openings}: ${opened.milliseconds.toFixed(0)} ms`);
      }
    });
    say("  frames, nothing trains …");
    const idle = await frameTimes(frame, seconds);
    say("  frames, training …");
    const resuming = await clock.during(async () => {
      await frame.getByRole("button", { name: "Resume" }).click();
      await window.statusBar.textLike(/epoch/);
      await window.page.waitForTimeout(settleMilliseconds);
    });
    const frames: number[] = [];
    const training = await clock.during(async () => {
      frames.push(...(await frameTimes(frame, seconds)));
    });
    await window.runCommand("Latent Lab: Stop");
    return {
      activations,
      openings: times,
      frames: { idle, training: frames },
      host: { opening, resuming, training },
    };
  } finally {
    clock.close();
  }
}

/** What VS Code says of our activation in its list of running extensions. */
async function activation(window: WorkbenchWindow): Promise<number> {
  await window.runCommand("Developer: Show Running Extensions");
  const row = window.page
    .locator(".runtime-extensions-editor .monaco-list-row")
    .filter({ hasText: "Latent Lab" });
  const text = await eventually(
    "our activation",
    async () => /Activation: (\d+)ms/.exec((await row.first().textContent()) ?? "")?.[1],
  );
  // The list is a dialog.
  await window.page.keyboard.press("Escape");
  return Number(text);
}

/** Closes what is open, and opens the dashboard by a click on the run. */
async function open(window: WorkbenchWindow): Promise<Opened> {
  await window.runCommand("View: Close All Editors");
  await window.page.waitForTimeout(1000);
  await window.sideBar.click("long");
  const opened = await openedDashboard(window.page);
  // The steps that are not drawn follow.
  await window.page.waitForTimeout(settleMilliseconds);
  return opened;
}

async function linesOf({ activations, openings, frames, host }: Measured): Promise<Line[]> {
  const bundle = await stat(fileURLToPath(new URL("../dist/extension.cjs", import.meta.url)));
  const kilobytes = bundle.size / 1000;
  const range = (values: readonly number[]) =>
    `${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)})`;
  const pace = (times: readonly number[]) =>
    `${(1000 / mean(times)).toFixed(1)}; 99 of 100 within ${quantile(times, 0.99).toFixed(1)} ms`;
  const turn = ({ computing, wall }: LongestTurns) =>
    `${computing.toFixed(0)} ms; with waiting for a processor ${wall.toFixed(0)} ms`;
  const line = (name: string, ours: string, target = "", reached: boolean | null = null): Line => ({
    line: name,
    ours,
    target,
    reached,
  });
  return [
    line("extension host's bundle", `${kilobytes.toFixed(0)} kB`, "200 kB", kilobytes < 200),
    line("activation", range(activations), "50 ms", median(activations) < 50),
    line("dashboard, 100,000 steps", range(openings), "300 ms", median(openings) <= 300),
    line("frames a second, nothing trains", pace(frames.idle)),
    line("frames a second, training", pace(frames.training), "60", 1000 / mean(frames.training) >= 59),
    ...Object.entries(host).map(([when, turns]) =>
      line(`host's longest turn, ${when}`, turn(turns), "50 ms", turns.computing <= 50),
    ),
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
}

function show(lines: readonly Line[], path: string): void {
  const { processor, cores, memoryGiB, system, node } = describeMachine();
  const cells = lines.map(({ line, ours, target, reached }) => [line, ours, target, verdict(reached)]);
  process.stdout.write(`
${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}

${tableOf(["line", "ours", "target", "reached"], cells)}

- The workbench, its browser (which draws without a GPU) and the training share these cores.
- Every number is in ${path}.
`);
}

function verdict(reached: boolean | null): string {
  if (reached === null) return "";
  return reached ? "yes" : "no";
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError || error instanceof Failure)) throw error;
  say(`error: ${error.message}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
