/**
 * The runs of the workspace: saved ones, from their folders, and live ones, from their processes. Lists and panels ask
 * here; nothing is kept that a fresh look would not find.
 */
import * as vscode from "vscode";
import type { EpochEvent } from "../../contract/events.ts";
import { storageFailure } from "../../contract/failure.ts";
import type { RunRecord } from "../../contract/run.ts";
import type { RunState } from "../../contract/view.ts";
import { Disposables } from "../dispose.ts";
import type { Trainings } from "../training/trainings.ts";
import type { WatchedTraining } from "../training/watched-training.ts";
import { workspaceFolders } from "../workspace.ts";
import { isKnown, type KnownRun, type ListedRun } from "./listed-run.ts";
import { hasWriter, lastEpoch, readRecord, runFolders, runStamp, runsFolder } from "./run-folder.ts";

const leastMillisecondsBetween = 500;

interface ReadRun {
  readonly stamp: string;
  readonly record: RunRecord;
  readonly epoch: EpochEvent | null;
}

export class RunStore implements vscode.Disposable {
  readonly #trainings: Trainings;
  readonly #disposables = new Disposables();
  readonly #changed = this.#disposables.add(new vscode.EventEmitter<void>());
  readonly #listed = this.#disposables.add(new vscode.EventEmitter<readonly ListedRun[]>());
  /** What was read, by path; good for as long as the files are the same. */
  readonly #read = new Map<string, ReadRun>();
  #timer: NodeJS.Timeout | null = null;

  /** The list of runs, or the state of one, may have changed; steps and epochs are told by the trainings. */
  readonly onDidChange = this.#changed.event;
  /** Somebody has asked for the list: it may have runs that another program has trained, of which nobody tells. */
  readonly onDidList = this.#listed.event;

  constructor(trainings: Trainings) {
    this.#trainings = trainings;
    this.#disposables.add(trainings.onDidBegin((training) => this.#follow(training)));
    this.#disposables.add(
      trainings.onDidEnd(() => {
        this.#changed.fire();
        // A process that was killed may take a moment to be gone.
        this.#changedSoon();
      }),
    );
  }

  /** Newest first. Never rejects: what cannot be read is in the list, with the reason. */
  async list(): Promise<ListedRun[]> {
    const folders = workspaceFolders().map(runsFolder);
    const runs = (await Promise.all(folders.map((folder) => this.#runsIn(folder)))).flat();
    runs.sort((a, b) => createdAt(b).localeCompare(createdAt(a)) || b.path.localeCompare(a.path));
    this.#listed.fire(runs);
    return runs;
  }

  /** Never rejects. */
  async find(path: string): Promise<ListedRun> {
    try {
      const stamp = await runStamp(path);
      const known = this.#read.get(path);
      const { record, epoch } = known?.stamp === stamp ? known : await this.#readAnew(path, stamp);
      return { path, record, state: await this.#stateOf(path, record), lastEpoch: epoch };
    } catch (error) {
      this.#read.delete(path);
      const isOfSeveral = workspaceFolders().some((folder) => runsFolder(folder) === path);
      return { path, problem: storageFailure(error, path, "read"), isOfSeveral };
    }
  }

  /** Runs whose model can be used: at least a checkpoint. Newest first. */
  async usable(): Promise<KnownRun[]> {
    const runs = await this.list();
    return runs.filter((run): run is KnownRun => isKnown(run) && run.record.step > 0);
  }

  /** Looks again; somebody may have changed the folders. */
  refresh(): void {
    this.#changed.fire();
  }

  dispose(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#disposables.dispose();
  }

  /** One folder that cannot be read hides none of the others'. */
  async #runsIn(folder: string): Promise<ListedRun[]> {
    try {
      const paths = await runFolders(folder);
      return await Promise.all(paths.map((path) => this.find(path)));
    } catch (error) {
      return [{ path: folder, problem: storageFailure(error, folder, "read"), isOfSeveral: true }];
    }
  }

  /** Epochs of a small model follow each other faster than lists need to know. */
  #changedSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#changed.fire();
    }, leastMillisecondsBetween);
  }

  /** A record that says "training" while nobody writes it is one whose process was killed. */
  async #stateOf(path: string, record: RunRecord): Promise<RunState> {
    const training = this.#trainings.of(path);
    if (training?.phase === "training" || training?.phase === "stopping") return training.phase;
    if (record.status !== "training") return record.status;
    return (await hasWriter(path)) ? "training" : "killed";
  }

  async #readAnew(path: string, stamp: string): Promise<ReadRun> {
    const read = { stamp, record: await readRecord(path), epoch: await lastEpoch(path) };
    this.#read.set(path, read);
    return read;
  }

  #follow(training: WatchedTraining): void {
    let phase = training.phase;
    training.onDidChange(() => {
      if (training.phase === phase) return;
      phase = training.phase;
      this.#changed.fire();
    });
    training.onDidTell((event) => {
      if (event.event === "epoch") this.#changedSoon();
    });
  }
}

function createdAt(run: ListedRun): string {
  return isKnown(run) ? run.record.createdAt : "";
}
