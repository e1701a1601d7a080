/**
 * Dashboards: a panel beside the code that shows one run, or several under Compare, and the small live view in the side
 * bar. Both are the same page with the same feed.
 */
import { basename } from "node:path";
import * as vscode from "vscode";
import * as z from "zod/mini";
import { type DashboardAction, type FromDashboard, fromDashboardSchema } from "../../contract/view.ts";
import { setContext } from "../context.ts";
import { Disposables } from "../dispose.ts";
import type { Reporter } from "../report.ts";
import { isKnown, runLabel } from "../runs/listed-run.ts";
import type { RunStore } from "../runs/run-store.ts";
import type { Trainings } from "../training/trainings.ts";
import { DashboardFeed, type FeedSources } from "./dashboard-feed.ts";
import { iconOf, pageHtml, webviewOptions } from "./page.ts";
import type { PanelMemory } from "./panel-memory.ts";
import { saveFile } from "./save-file.ts";

export const dashboardViewType = "latentLab.dashboard";

/** What a panel keeps over a reload. */
const savedStateSchema = z.lazy(() =>
  z.object({ version: z.literal(1), runs: z.array(z.string()).check(z.minLength(1)) }),
);

interface OpenPanel {
  readonly panel: vscode.WebviewPanel;
  readonly feed: DashboardFeed;
  /** The panel's, which cannot be asked any more when it is closed. */
  title: string;
}

export interface DashboardContext extends FeedSources {
  readonly store: RunStore;
  readonly trainings: Trainings;
  readonly extension: vscode.Uri;
  readonly memory: PanelMemory;
  readonly log: vscode.LogOutputChannel;
  readonly reporter: Reporter;
  act(action: DashboardAction, run: string): void;
}

export class Dashboards
  implements vscode.WebviewPanelSerializer, vscode.WebviewViewProvider, vscode.Disposable
{
  readonly #context: DashboardContext;
  readonly #open = new Set<OpenPanel>();
  readonly #disposables = new Disposables();
  #live: DashboardFeed | null = null;

  constructor(context: DashboardContext) {
    this.#context = context;
    this.#disposables.add(context.trainings.onDidChange(() => this.#showTraining()));
    this.#disposables.add(context.store.onDidChange(() => this.#showNewest()));
  }

  /** Opens a panel beside the editor, or brings forward the one that shows these runs. */
  open(runs: readonly string[]): void {
    this.#opened(runs);
  }

  /** The run in the dashboard that has the focus; undefined for a comparison, and where none has it. */
  get activeRun(): string | undefined {
    const [only, ...others] = [...this.#open].find(({ panel }) => panel.active)?.feed.runs ?? [];
    return others.length === 0 ? only : undefined;
  }

  /** The same, at the pictures. */
  openAtPictures(run: string): void {
    this.#opened([run]).showPictures();
  }

  #opened(runs: readonly string[]): DashboardFeed {
    const key = keyOf(runs);
    const known = [...this.#open].find(({ feed }) => keyOf(feed.runs) === key);
    if (known !== undefined) {
      known.panel.reveal(undefined, true);
      return known.feed;
    }
    const panel = vscode.window.createWebviewPanel(
      dashboardViewType,
      titleOf(runs),
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { ...webviewOptions(this.#context.extension), retainContextWhenHidden: false },
    );
    return this.#furnish(panel, runs);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const saved = savedStateSchema.safeParse(state ?? this.#context.memory.recall(panel.title));
    if (!saved.success) {
      panel.dispose();
      return;
    }
    panel.webview.options = webviewOptions(this.#context.extension);
    this.#furnish(panel, saved.data.runs);
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    view.webview.options = webviewOptions(this.#context.extension);
    const disposables = new Disposables();
    const feed = disposables.add(this.#connect(view.webview, [], () => view.visible, disposables));
    this.#live = feed;
    this.#showTraining();
    this.#showNewest();
    disposables.add(view.onDidChangeVisibility(() => feed.visibilityChanged()));
    view.onDidDispose(() => {
      this.#live = null;
      disposables.dispose();
    });
    view.webview.html = pageHtml(view.webview, this.#context.extension, {
      panel: "dashboard",
      title: "Latent Lab",
      layout: "narrow",
    });
  }

  /** Closes what shows a run that is gone, and takes it out of comparisons. */
  close(run: string): void {
    for (const open of this.#open) {
      const { panel, feed } = open;
      if (!feed.runs.includes(run)) continue;
      const others = feed.runs.filter((other) => other !== run);
      if (others.length === 0) panel.dispose();
      else {
        feed.show(others);
        this.#call(open);
      }
    }
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #furnish(panel: vscode.WebviewPanel, runs: readonly string[]): DashboardFeed {
    setContext("hasShownDashboard", true);
    const disposables = new Disposables();
    panel.iconPath = iconOf(this.#context.extension);
    const feed = disposables.add(this.#connect(panel.webview, runs, () => panel.visible, disposables));
    disposables.add(panel.onDidChangeViewState(() => feed.visibilityChanged()));
    const open = { panel, feed, title: panel.title };
    this.#open.add(open);
    this.#call(open);
    panel.onDidDispose(() => {
      this.#open.delete(open);
      this.#context.memory.forget(open.title);
      disposables.dispose();
    });
    panel.webview.html = pageHtml(panel.webview, this.#context.extension, {
      panel: "dashboard",
      title: titleOf(runs),
      layout: "wide",
    });
    return feed;
  }

  /** Gives a panel its title: at once, and again when the run's record has been read, in which its name is. */
  #call(open: OpenPanel): void {
    this.#entitle(open, titleOf(open.feed.runs));
    this.#callByName(open).catch((error) => this.#context.reporter.report(error));
  }

  async #callByName(open: OpenPanel): Promise<void> {
    const { runs } = open.feed;
    const [only, ...others] = runs;
    if (only === undefined || others.length > 0) return;
    const run = await this.#context.store.find(only);
    if (isKnown(run) && this.#open.has(open) && open.feed.runs === runs) this.#entitle(open, runLabel(run));
  }

  #entitle(open: OpenPanel, title: string): void {
    const { memory } = this.#context;
    if (title !== open.title) memory.forget(open.title);
    open.title = title;
    open.panel.title = title;
    memory.keep(title, { version: 1, runs: open.feed.runs });
  }

  /** The side bar's view shows what is being trained, and goes on to show it when it has ended. */
  #showTraining(): void {
    const run = this.#context.trainings.all.findLast((training) => training.run !== null)?.run ?? null;
    if (this.#live !== null && run !== null && this.#live.runs[0] !== run) this.#live.show([run]);
  }

  /** Where there is nothing that it shows, or not any more, the newest run. */
  #showNewest(): void {
    if (this.#live === null) return;
    this.#context.store.list().then(
      (runs) => {
        const known = runs.filter(isKnown).map(({ path }) => path);
        const [newest] = known;
        const [shown = ""] = this.#live?.runs ?? [];
        if (newest !== undefined && !known.includes(shown)) this.#live?.show([newest]);
      },
      (error) => this.#context.reporter.report(error),
    );
  }

  #connect(
    webview: vscode.Webview,
    runs: readonly string[],
    isVisible: () => boolean,
    disposables: Disposables,
  ): DashboardFeed {
    const { log, reporter } = this.#context;
    const feed = new DashboardFeed(runs, this.#context, {
      post: (message) => webview.postMessage(message),
      isVisible,
      isTrusted: () => vscode.workspace.isTrusted,
      problem: (error) => reporter.report(error),
    });
    disposables.add(
      webview.onDidReceiveMessage((message: unknown) => {
        const parsed = fromDashboardSchema.safeParse(message);
        if (parsed.success) this.#receive(feed, parsed.data).catch((error) => reporter.report(error));
        else log.warn("A dashboard sent a message that makes no sense; it is ignored.");
      }),
    );
    return feed;
  }

  async #receive(feed: DashboardFeed, message: FromDashboard): Promise<void> {
    switch (message.kind) {
      case "ready":
        feed.ready();
        break;
      case "want-preview":
        await feed.sendPreview(message.run, message.epoch);
        break;
      case "want-steps":
        feed.sendSteps(message.run, message.from);
        break;
      case "save":
        await saveFile(message.name, message.bytes);
        break;
      case "problem":
        this.#context.log.warn(`In a dashboard: ${message.message}`);
        break;
      case "do":
        if (feed.runs.includes(message.run)) this.#context.act(message.action, message.run);
        break;
      default:
        message satisfies never;
    }
  }
}

function keyOf(runs: readonly string[]): string {
  return runs.join("\n");
}

function titleOf(runs: readonly string[]): string {
  const [first = ""] = runs;
  return runs.length > 1 ? `Compare ${runs.length} runs` : basename(first);
}
