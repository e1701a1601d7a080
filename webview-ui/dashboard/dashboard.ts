/**
 * All of the dashboard: takes messages, keeps the shown runs with their measurements, and redraws what changed once
 * per frame, however many lines arrive in between.
 */
import {
  type AbsentRun,
  type DashboardAction,
  type FromDashboard,
  type RunCard,
  type ToDashboard,
  viewProtocolVersion,
} from "../../src/contract/view.ts";
import type { Host } from "../host.ts";
import { canvasPng } from "../shared/canvas-file.ts";
import { element } from "../shared/elements.ts";
import { Theme } from "../shared/theme.ts";
import { fileNamePart, formatValue } from "../shared/words.ts";
import { AbsentRuns } from "./absent-runs.ts";
import { Announcer } from "./announcer.ts";
import { CardSection } from "./card-section.ts";
import { curveCsv } from "./curve-csv.ts";
import { CurveSection } from "./curve-section.ts";
import { Header } from "./header.ts";
import { LatentSection } from "./latent-section.ts";
import { Measurements } from "./measurements.ts";
import { PicturesSection } from "./pictures-section.ts";
import { isAlive, stateWords } from "./run-words.ts";
import { firstViewState, type ViewState } from "./view-state.ts";

interface Run {
  card: RunCard;
  readonly measurements: Measurements;
  pace: { readonly imagesPerSecond: number; readonly secondsLeft: number } | null;
  /** Why it cannot be read any more; null: it can. */
  absence: AbsentRun["failure"] | null;
}

/** Milliseconds after which steps are asked for even while training keeps the page busy. */
const longestIdleWait = 1000;

const parts = ["runs", "card", "measurements", "pictures"] as const;
type Part = (typeof parts)[number];

/**
 * A run's measurements follow it at once, and with them it is drawn; where they take longer than so many milliseconds,
 * it is drawn twice.
 */
const patience = 60;

export class Dashboard {
  readonly element = element("main", { class: "dashboard" });
  readonly #host: Host<ToDashboard, FromDashboard, ViewState>;
  readonly #header = new Header((action) => this.#act(action));
  readonly #curves: CurveSection;
  readonly #pictures: PicturesSection;
  readonly #latents = new LatentSection();
  readonly #card = new CardSection((action) => this.#act(action));
  readonly #announcer = new Announcer();
  readonly #waiting = element("p", { class: "waiting", text: "Waiting for the run …" });
  readonly #absent = new AbsentRuns();
  readonly #parts: HTMLElement;
  readonly #changed = new Set<Part>();
  #frame: number | null = null;
  #timeout: number | undefined;
  #runs: Run[] = [];
  #state: ViewState;

  constructor(host: Host<ToDashboard, FromDashboard, ViewState>) {
    this.#host = host;
    this.#state = host.kept() ?? firstViewState;
    this.#curves = new CurveSection(new Theme(), {
      change: (change) => this.#look(change),
      saveCsv: () => this.#saveCsv(),
      answer: (words) => this.#announcer.answer(words),
    });
    this.#pictures = new PicturesSection({
      chosen: (epoch) => this.#look({ epoch }),
      wanted: (epoch) => this.#wantPreview(epoch),
      save: (canvas, what) => void this.#savePicture(canvas, what),
      problem: (message) => host.problem(message),
    });
    const side = element("div", { class: "pair" }, this.#latents.element, this.#card.element);
    this.#parts = element(
      "div",
      { class: "parts" },
      this.#header.element,
      this.#curves.element,
      this.#pictures.element,
      side,
    );
    this.#parts.hidden = true;
    this.element.append(this.#waiting, this.#absent.element, this.#parts, this.#announcer.element);
  }

  take(message: ToDashboard): void {
    switch (message.kind) {
      case "show":
        this.#show(message);
        break;
      case "card":
        this.#takeCard(message.card);
        break;
      case "metrics":
        this.#takeMetrics(message);
        break;
      case "steps":
        this.#takeSteps(message);
        break;
      case "lines": {
        const run = this.#find(message.run);
        for (const line of message.lines) run?.measurements.add(line);
        this.#mark("measurements");
        break;
      }
      case "pace": {
        const { imagesPerSecond, secondsLeft } = message;
        const run = this.#find(message.run);
        if (run !== undefined) run.pace = { imagesPerSecond, secondsLeft };
        this.#mark("measurements");
        break;
      }
      case "previews":
        if (message.run === this.#first?.card.key) this.#pictures.setEpochs(message.epochs);
        this.#mark("pictures");
        break;
      case "preview":
        if (message.run === this.#first?.card.key) void this.#pictures.take(message.epoch, message.png);
        break;
      case "show-pictures":
        // Once what stands above has been drawn and has its height.
        requestAnimationFrame(() => this.#pictures.comeIntoView());
        break;
      case "gone": {
        const run = this.#find(message.run);
        if (run === undefined) this.#absent.explain(message.run, message.failure);
        else run.absence = message.failure;
        this.#mark("card");
        break;
      }
    }
  }

  get #first(): Run | undefined {
    return this.#runs[0];
  }

  #find(key: string): Run | undefined {
    return this.#runs.find(({ card }) => card.key === key);
  }

  #show({ protocol, runs: cards, absent }: Extract<ToDashboard, { kind: "show" }>): void {
    if (protocol > viewProtocolVersion) {
      this.#waiting.textContent =
        "Latent Lab was updated while this panel was open. Close the panel and open it again.";
      this.#waiting.hidden = false;
      this.#parts.hidden = true;
      return;
    }
    this.#keepRuns([...cards, ...absent].map(({ key }) => key));
    this.#absent.show(absent);
    this.#runs = cards.map((card) => ({
      card,
      measurements: new Measurements(),
      pace: null,
      absence: null,
    }));
    const [first] = cards;
    if (first !== undefined) this.#pictures.reset(first.dataset);
    this.#waiting.hidden = cards.length > 0 || absent.length > 0;
    this.#parts.hidden = cards.length === 0;
    this.#timeout = setTimeout(() => this.#drawSoon(), patience);
    for (const part of parts) this.#changed.add(part);
  }

  /**
   * What a reload is to bring back; a list without any run would bring back nothing. One that cannot be read for a moment
   * keeps its place among the others.
   */
  #keepRuns(runs: readonly string[]): void {
    if (runs.length === 0) return;
    const kept = this.#state.runs.filter((run) => runs.includes(run));
    const all = [...kept, ...runs.filter((run) => !kept.includes(run))];
    const same = all[0] === this.#state.runs[0];
    this.#state = { ...this.#state, runs: all, epoch: same ? this.#state.epoch : null };
    this.#host.keep(this.#state);
  }

  #takeCard(card: RunCard): void {
    const run = this.#find(card.key);
    if (run === undefined) return;
    if (run === this.#first && run.card.state !== card.state)
      this.#announcer.say(`${card.name}: ${stateWords[card.state]}`);
    run.card = card;
    run.absence = null;
    this.#mark("card", "pictures");
  }

  #takeMetrics(message: Extract<ToDashboard, { kind: "metrics" }>): void {
    const run = this.#find(message.run);
    if (run === undefined) return;
    run.measurements.fill(message);
    this.#mark("measurements");
    // Once these are drawn.
    requestAnimationFrame(() => this.#askForSteps(run));
  }

  #takeSteps({ run: key, from, train }: Extract<ToDashboard, { kind: "steps" }>): void {
    const run = this.#find(key);
    if (run === undefined || run.measurements.missing !== from) return;
    run.measurements.addSteps(from, train);
    if (run.measurements.missing === null) this.#mark("measurements");
    else this.#askForSteps(run);
  }

  /** One piece after the other, when there is nothing more urgent. */
  #askForSteps(run: Run): void {
    if (run.measurements.missing === null) return;
    requestIdleCallback(
      () => {
        const from = run.measurements.missing;
        if (from !== null && this.#runs.includes(run))
          this.#host.send({ kind: "want-steps", run: run.card.key, from });
      },
      { timeout: longestIdleWait },
    );
  }

  /** Notes what has to be drawn again, with the next frame. */
  #mark(...parts: Part[]): void {
    for (const part of parts) this.#changed.add(part);
    this.#drawSoon();
  }

  #drawSoon(): void {
    clearTimeout(this.#timeout);
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#draw();
    });
  }

  #draw(): void {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    const run = this.#first;
    if (run === undefined) return;
    const { card, measurements, pace, absence } = run;
    this.#header.show({ card, measurements, pace, absence, others: this.#runs.length - 1 });
    if (changed.has("runs")) this.#curves.show(this.#runs, this.#state);
    else if (changed.has("measurements")) this.#curves.refresh();
    if (changed.has("card")) this.#card.show(card, absence !== null);
    if (changed.has("card") || changed.has("pictures")) this.#showPictures(run);
    if (changed.has("measurements")) this.#announce(run);
    this.#showEpoch(run);
  }

  #showPictures({ card }: Run): void {
    const { width, height } = card.dataset;
    const isTraining = isAlive(card.state);
    this.#pictures.show({ size: { width, height }, planned: card.epochs, isTraining }, this.#state.epoch);
  }

  /** Pictures, latents and the line in the chart belong to one epoch. */
  #showEpoch({ card, measurements }: Run): void {
    const { epoch } = this.#pictures;
    this.#curves.markEpoch(epoch, this.#state.epoch !== null);
    this.#latents.element.hidden = !card.variational;
    const measured = epoch === null ? measurements.latestEpoch : measurements.epochAt(epoch);
    this.#latents.show(measured ?? null);
  }

  #announce({ card, measurements }: Run): void {
    const latest = measurements.latestEpoch;
    if (latest === undefined || !isAlive(card.state)) return;
    this.#announcer.say(
      `Epoch ${latest.epoch} of ${card.epochs}: test loss ${formatValue(latest.test.loss)}`,
    );
  }

  #look(change: Partial<ViewState>): void {
    this.#state = { ...this.#state, ...change };
    this.#host.keep(this.#state);
    if (change.epoch === undefined) this.#curves.show(this.#runs, this.#state);
    if (this.#first !== undefined) this.#showEpoch(this.#first);
  }

  #act(action: DashboardAction): void {
    const run = this.#first;
    if (run !== undefined) this.#host.send({ kind: "do", action, run: run.card.key });
  }

  #wantPreview(epoch: number): void {
    const run = this.#first;
    if (run !== undefined) this.#host.send({ kind: "want-preview", run: run.card.key, epoch });
  }

  async #savePicture(canvas: HTMLCanvasElement, what: string): Promise<void> {
    const name = `${fileNamePart(this.#first?.card.name ?? "run")}-${what}.png`;
    this.#host.send({ kind: "save", name, bytes: await canvasPng(canvas) });
  }

  #saveCsv(): void {
    const name = `${fileNamePart(this.#first?.card.name ?? "run")}-curve.csv`;
    const bytes = new TextEncoder().encode(curveCsv(this.#runs));
    this.#host.send({ kind: "save", name, bytes });
  }
}
