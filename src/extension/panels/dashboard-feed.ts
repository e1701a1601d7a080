/**
 * Feeds one dashboard, wherever it is shown: a snapshot when it becomes visible or was built anew, then what happens,
 * for as long as it can be seen.
 */
import type * as vscode from "vscode";
import type { TrainingEvent } from "../../contract/events.ts";
import { type MetricsLine, previewName } from "../../contract/run.ts";
import { type AbsentRun, type RunCard, type ToDashboard, viewProtocolVersion } from "../../contract/view.ts";
import { Disposables } from "../dispose.ts";
import { isKnown } from "../runs/listed-run.ts";
import { absentOf, cardOf } from "../runs/run-card.ts";
import { previewEpochs, readPreview } from "../runs/run-folder.ts";
import type { RunMetrics } from "../runs/run-metrics.ts";
import type { RunStore } from "../runs/run-store.ts";
import type { Trainings } from "../training/trainings.ts";
import type { WatchedTraining } from "../training/watched-training.ts";
import { linesAfter, metricsMessage, stepsMessage } from "./metrics-messages.ts";

/** Live lines are sent together, this often. */
const millisecondsBetween = 100;
/** How often a run is looked at that a program trains of which nobody tells: one in a terminal. */
const millisecondsBetweenLooks = 2000;

export interface FeedSources {
  readonly store: Pick<RunStore, "find" | "onDidChange" | "refresh">;
  readonly trainings: Pick<Trainings, "all" | "of" | "onDidBegin">;
  readonly metrics: RunMetrics;
}

export interface Audience {
  post(message: ToDashboard): Thenable<boolean>;
  /** Not asked any more once the feed is disposed of: a panel that is closed throws. */
  isVisible(): boolean;
  isTrusted(): boolean;
  /** Something went wrong that the user should hear of. */
  problem(error: unknown): void;
}

export class DashboardFeed implements vscode.Disposable {
  readonly #store: FeedSources["store"];
  readonly #trainings: FeedSources["trainings"];
  readonly #metrics: RunMetrics;
  readonly #audience: Audience;
  readonly #disposables = new Disposables();
  #runs: readonly string[];
  /** Counts snapshots: what belongs to an older one is dropped. */
  #generation = 0;
  #isReady = false;
  #isDisposed = false;
  /** Whether the page has been sent a snapshot since it was ready. */
  #isFilled = false;
  #picturesWanted = false;
  readonly #told = new Map<string, Progress>();
  /** Those of the runs that the snapshot could show. */
  #shown: ReadonlySet<string> = new Set();
  /** All recorded steps of the snapshot, [4, steps], of which the page may ask for more than it was sent. */
  readonly #recorded = new Map<string, Float64Array>();
  readonly #waiting = new Map<string, MetricsLine[]>();
  #timer: NodeJS.Timeout | null = null;
  /** Runs that another program trains. */
  #elsewhere: readonly string[] = [];
  #look: NodeJS.Timeout | null = null;

  constructor(runs: readonly string[], { store, trainings, metrics }: FeedSources, audience: Audience) {
    this.#runs = runs;
    this.#store = store;
    this.#trainings = trainings;
    this.#metrics = metrics;
    this.#audience = audience;
    // A long file is read while the page is being built.
    for (const run of runs) metrics.read(run).catch(() => {});
    for (const training of trainings.all) this.#follow(training);
    this.#disposables.add(trainings.onDidBegin((training) => this.#follow(training)));
    this.#disposables.add(
      store.onDidChange(() => this.#sendCards().catch((error) => audience.problem(error))),
    );
  }

  get runs(): readonly string[] {
    return this.#runs;
  }

  /** Shows other runs. */
  show(runs: readonly string[]): void {
    this.#runs = runs;
    this.#sendSnapshot();
  }

  /** The panel was built, or built anew. */
  ready(): void {
    this.#isReady = true;
    this.#isFilled = false;
    this.#sendSnapshot();
  }

  /** Brings the pictures into view, as soon as there is a page. */
  showPictures(): void {
    this.#picturesWanted = true;
    if (this.#told.size > 0) this.#sendWish();
  }

  /** A page that is hidden is taken down; when it is built anew, it says so (`ready`) and gets a snapshot. */
  visibilityChanged(): void {
    if (!this.#isSeen) this.#isReady = false;
    // It may have said so before it counted as visible.
    else if (this.#isReady && !this.#isFilled) this.#sendSnapshot();
  }

  async sendPreview(run: string, epoch: number): Promise<void> {
    if (!this.#runs.includes(run)) return;
    const png = await readPreview(run, previewName(epoch));
    this.#post({ kind: "preview", run, epoch, png });
  }

  /** The page has time for more steps than it could draw. */
  sendSteps(run: string, from: number): void {
    const recorded = this.#recorded.get(run);
    const message = recorded === undefined ? null : stepsMessage(run, recorded, from);
    if (message !== null) this.#post(message);
  }

  /** For good: what is still being read comes to nothing. */
  dispose(): void {
    this.#isDisposed = true;
    this.#generation++;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#look !== null) clearTimeout(this.#look);
    this.#disposables.dispose();
  }

  get #isSeen(): boolean {
    return !this.#isDisposed && this.#audience.isVisible();
  }

  #post(message: ToDashboard): void {
    if (this.#isReady && this.#isSeen) void this.#audience.post(message);
  }

  #sendSnapshot(): void {
    this.#sendAll().catch((error) => this.#audience.problem(error));
  }

  async #sendAll(): Promise<void> {
    if (!this.#isReady || !this.#isSeen) return;
    this.#isFilled = true;
    const generation = ++this.#generation;
    this.#told.clear();
    this.#recorded.clear();
    this.#waiting.clear();
    const { cards, absent } = await this.#findRuns();
    if (generation !== this.#generation) return;
    this.#shown = new Set(cards.map(({ key }) => key));
    this.#post({ kind: "show", protocol: viewProtocolVersion, runs: cards, absent });
    for (const { key } of cards) {
      const told = await this.#sendMetrics(key, generation);
      if (generation !== this.#generation) return;
      this.#told.set(key, told);
      await this.#sendPreviewList(key);
      this.#sendWaiting();
      this.#sendWish();
    }
    this.#lookAgainAt(cards);
  }

  #sendWish(): void {
    if (!this.#picturesWanted || !this.#isReady || !this.#isSeen) return;
    this.#picturesWanted = false;
    this.#post({ kind: "show-pictures" });
  }

  async #findRuns(): Promise<{ cards: RunCard[]; absent: AbsentRun[] }> {
    const runs = await Promise.all(this.#runs.map((run) => this.#store.find(run)));
    const isTrusted = this.#audience.isTrusted();
    const cards = runs
      .filter(isKnown)
      .map((run) => cardOf(run, { isWatched: this.#trainings.of(run.path) !== null, isTrusted }));
    return { cards, absent: runs.flatMap((run) => (isKnown(run) ? [] : [absentOf(run)])) };
  }

  async #sendCards(): Promise<void> {
    if (!this.#isReady || !this.#isSeen) return;
    const generation = this.#generation;
    const { cards, absent } = await this.#findRuns();
    if (generation !== this.#generation) return;
    // One that could not be read before is shown from its beginning.
    if (cards.some(({ key }) => !this.#shown.has(key))) {
      this.#sendSnapshot();
      return;
    }
    for (const card of cards) this.#post({ kind: "card", card });
    for (const { key, failure } of absent) this.#post({ kind: "gone", run: key, failure });
    // Of a run that has ended meanwhile, all that it has measured is read after its end.
    for (const run of this.#elsewhere) await this.#sendNews(run, generation);
    for (const { key } of cards) await this.#sendPreviewList(key);
    this.#lookAgainAt(cards);
  }

  /** Follows, by their files, runs that another program trains; those of our own processes are told. */
  #lookAgainAt(cards: readonly RunCard[]): void {
    if (this.#isDisposed) return;
    const before = this.#elsewhere;
    this.#elsewhere = cards
      .filter(({ key, state }) => state === "training" && this.#trainings.of(key) === null)
      .map(({ key }) => key);
    if (this.#look !== null) clearTimeout(this.#look);
    this.#look = null;
    if (this.#elsewhere.length > 0)
      this.#look = setTimeout(() => {
        this.#look = null;
        this.#sendCards().catch((error) => this.#audience.problem(error));
      }, millisecondsBetweenLooks);
    // Lists want to know, too.
    if (before.some((run) => !this.#elsewhere.includes(run))) this.#store.refresh();
  }

  /** What the files hold that has not been told. */
  async #sendNews(run: string, generation: number): Promise<void> {
    const metrics = await this.#metrics.read(run);
    const told = this.#told.get(run);
    if (generation !== this.#generation || told === undefined) return;
    if (metrics.step < told.step) {
      // Training went on from a checkpoint: lines after it have been cut away.
      this.#sendSnapshot();
      return;
    }
    const lines = linesAfter(told, metrics);
    this.#told.set(run, { step: metrics.step, epoch: metrics.epoch });
    if (lines.length > 0) this.#post({ kind: "lines", run, lines });
  }

  /** Gives how far they went. */
  async #sendMetrics(run: string, generation: number): Promise<Progress> {
    const { step, epoch, ...metrics } = await this.#metrics.read(run);
    if (generation === this.#generation) {
      this.#recorded.set(run, metrics.train);
      this.#post(metricsMessage(run, metrics));
    }
    return { step, epoch };
  }

  async #sendPreviewList(run: string): Promise<void> {
    const epochs = await previewEpochs(run);
    this.#post({ kind: "previews", run, epochs });
  }

  #follow(training: WatchedTraining): void {
    this.#disposables.add(training.onDidTell((event) => this.#hear(training, event)));
    // What was told before this window listened is in the file, and in no event.
    this.#disposables.add(
      training.onDidCatchUp(() => {
        if (training.run !== null && this.#runs.includes(training.run)) this.#sendSnapshot();
      }),
    );
  }

  #hear(training: WatchedTraining, event: TrainingEvent): void {
    const { run } = training;
    if (run === null || !this.#runs.includes(run) || !this.#isSeen) return;
    switch (event.event) {
      case "step": {
        const { secondsLeft, ...line } = event;
        this.#queue(run, line);
        this.#post({ kind: "pace", run, imagesPerSecond: event.imagesPerSecond, secondsLeft });
        break;
      }
      case "epoch":
        this.#queue(run, event);
        break;
      case "start":
        // Training goes on from a checkpoint: lines after it have been cut away.
        this.#sendSnapshot();
        break;
      case "done":
      case "error":
        break;
      default:
        event satisfies never;
    }
  }

  #queue(run: string, line: MetricsLine): void {
    const lines = this.#waiting.get(run);
    if (lines === undefined) this.#waiting.set(run, [line]);
    else lines.push(line);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#sendWaiting();
    }, millisecondsBetween);
  }

  /** Lines that the file had already are not told twice; those of a run whose file is still being sent wait on. */
  #sendWaiting(): void {
    for (const [run, lines] of this.#waiting) {
      const told = this.#told.get(run);
      if (told === undefined) continue;
      const news = lines.filter((line) =>
        line.event === "epoch" ? line.epoch > told.epoch : line.step > told.step,
      );
      this.#waiting.delete(run);
      if (news.length > 0) this.#post({ kind: "lines", run, lines: news });
    }
  }
}

interface Progress {
  readonly step: number;
  readonly epoch: number;
}
