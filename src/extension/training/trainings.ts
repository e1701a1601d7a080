/**
 * All training processes of this window's workspace folders: those it starts, those another window started, and those
 * that were running before it opened. Which there are is known from their control files alone.
 */
import { watch } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as vscode from "vscode";
import type { WhenAlone } from "../../contract/control.ts";
import { isAlive } from "../../system/process-identity.ts";
import { asOpened } from "../as-opened.ts";
import { Disposables } from "../dispose.ts";
import { workspaceFolders } from "../workspace.ts";
import { findControlFile, type Launched, launchTraining } from "./launch.ts";
import type { Tool } from "./tool.ts";
import { type TrainingEnd, WatchedTraining } from "./watched-training.ts";

/** Between the change of the folder and looking into it. */
const settleMilliseconds = 100;

/** Until a process is asked again that goes on, and whose connection does not. */
const againMilliseconds = 5000;
/** A process without a control file is one that is being started for so long, and one that has ended after that. */
const startMilliseconds = 60_000;

/** Whoever presses the same button twice within so long has clicked twice, and means one training. */
const doubleClickMilliseconds = 1000;

export interface EndedTraining {
  readonly training: WatchedTraining;
  readonly end: TrainingEnd;
}

export class Trainings implements vscode.Disposable {
  readonly #program: Tool;
  readonly #controlRoot: string;
  readonly #log: vscode.LogOutputChannel;
  readonly #disposables = new Disposables();
  readonly #watched = new Map<string, WatchedTraining>();
  /** What is being started, or was a moment ago, by what was asked for. */
  readonly #starting = new Map<string, Promise<WatchedTraining>>();
  /** Control files of processes that refused to be watched: asked once. */
  readonly #refused = new Set<string>();
  #next: { readonly at: number; readonly timer: NodeJS.Timeout } | null = null;
  #isDisposed = false;
  readonly #changed = this.#disposables.add(new vscode.EventEmitter<void>());
  readonly #began = this.#disposables.add(new vscode.EventEmitter<WatchedTraining>());
  readonly #ended = this.#disposables.add(new vscode.EventEmitter<EndedTraining>());

  /** A training began, changed or ended. */
  readonly onDidChange = this.#changed.event;
  /** A training process was started or found. */
  readonly onDidBegin = this.#began.event;
  readonly onDidEnd = this.#ended.event;

  /** `controlRoot` belongs to this user and is shared by all windows. */
  constructor(program: Tool, controlRoot: string, log: vscode.LogOutputChannel) {
    this.#program = program;
    this.#controlRoot = controlRoot;
    this.#log = log;
  }

  get all(): readonly WatchedTraining[] {
    return [...this.#watched.values()];
  }

  /** The training that writes the run in the folder `run`. */
  of(run: string): WatchedTraining | null {
    return this.all.find((training) => training.run === run) ?? null;
  }

  /** Finds what is running already, and watches for what other windows start. */
  async open(): Promise<void> {
    await mkdir(this.#controlRoot, { recursive: true, mode: 0o700 });
    const watcher = watch(this.#controlRoot, { recursive: true }, () => this.#lookIn(settleMilliseconds));
    watcher.on("error", () => {});
    this.#disposables.add({ dispose: () => watcher.close() });
    await this.look();
  }

  /**
   * Finds what runs in the folders of the workspace and is not watched yet. A training stays watched when its folder
   * leaves the workspace: whoever began it here can stop it here.
   */
  async look(): Promise<void> {
    const names = await readdir(this.#controlRoot).catch((): string[] => []);
    for (const name of names) {
      const own = join(this.#controlRoot, name);
      const found = await findControlFile(own);
      if (found !== null && this.#watched.has(found.path)) continue;
      const isOver = found === null ? await isLeftOver(own) : !(await isAlive(found.control));
      if (isOver) await removeQuietly(own);
      else if (found !== null && this.#isNews(found)) this.#watch(found.path, found.control);
    }
  }

  /** Throws a Failure; see launch.ts. */
  start(folder: string, args: readonly string[]): Promise<WatchedTraining> {
    const asked = JSON.stringify([folder, args]);
    const known = this.#starting.get(asked);
    if (known !== undefined) return known;
    const started = this.#launch(folder, args);
    this.#starting.set(asked, started);
    const forget = () => this.#starting.delete(asked);
    started.then(() => setTimeout(forget, doubleClickMilliseconds), forget);
    return started;
  }

  dispose(): void {
    this.#isDisposed = true;
    if (this.#next !== null) clearTimeout(this.#next.timer);
    for (const training of this.all) training.dispose();
    this.#watched.clear();
    this.#disposables.dispose();
  }

  async #launch(folder: string, args: readonly string[]): Promise<WatchedTraining> {
    const { control, path } = await launchTraining({
      program: this.#program,
      args,
      folder,
      controlRoot: this.#controlRoot,
    });
    return this.#watched.get(path) ?? this.#watch(path, control);
  }

  /** Another look may have found it meanwhile, and everything may be over. */
  #isNews({ path, control }: Launched): boolean {
    if (this.#isDisposed || this.#watched.has(path) || this.#refused.has(path)) return false;
    return this.#isOurs(control.folder);
  }

  /** Of two looks that are wanted, the sooner one. */
  #lookIn(milliseconds: number): void {
    const at = performance.now() + milliseconds;
    if (this.#next !== null && this.#next.at <= at) return;
    if (this.#next !== null) clearTimeout(this.#next.timer);
    const timer = setTimeout(() => {
      this.#next = null;
      void this.look();
    }, milliseconds);
    this.#next = { at, timer };
  }

  #isOurs(folder: string): boolean {
    const folders = workspaceFolders();
    return folders.includes(asOpened(folder, folders));
  }

  #watch(path: string, control: WatchedTraining["control"]): WatchedTraining {
    const wish: WhenAlone =
      vscode.workspace.getConfiguration("latentLab").get("whenLastWindowCloses") === "stop" ? "stop" : "keep";
    const training = new WatchedTraining(control, {
      whenAlone: wish,
      log: this.#log,
      asOpened: (run) => asOpened(run, workspaceFolders()),
    });
    this.#watched.set(path, training);
    training.onDidChange(() => this.#changed.fire());
    training.onDidEnd((end) => {
      this.#watched.delete(path);
      if (training.isRefused) this.#refused.add(path);
      // It was killed, and its number is another program's by now.
      if (end.event === "unreachable") void removeQuietly(dirname(path));
      if (end.event === "out-of-reach") this.#lookIn(againMilliseconds);
      this.#ended.fire({ training, end });
      this.#changed.fire();
      training.dispose();
    });
    this.#began.fire(training);
    this.#changed.fire();
    return training;
  }
}

/** What a process that has ended left in its folder. */
async function isLeftOver(own: string): Promise<boolean> {
  const found = await stat(own).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > startMilliseconds;
}

/** On Windows it stays for as long as somebody has a file in it open: the next look finds it again. */
async function removeQuietly(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => {});
}
