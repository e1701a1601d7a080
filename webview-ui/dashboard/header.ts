/** The head of the dashboard: which run it is, what it is doing, how far it is, Stop, Resume and Train longer; and what went wrong. */
import type { AbsentRun, DashboardAction, RunCard } from "../../src/contract/view.ts";
import { button } from "../controls.ts";
import { element, setText } from "../shared/elements.ts";
import { formatCount, formatSeconds, formatValue } from "../shared/words.ts";
import type { Measurements } from "./measurements.ts";
import { isAlive, stateWords } from "./run-words.ts";

export interface Progress {
  readonly card: RunCard;
  readonly measurements: Measurements;
  readonly pace: { readonly imagesPerSecond: number; readonly secondsLeft: number } | null;
  /** Why it cannot be read any more; null: it can. */
  readonly absence: AbsentRun["failure"] | null;
  /** Runs whose curves are shown beside this one's. */
  readonly others: number;
}

class Figure {
  readonly element: HTMLElement;
  readonly #value = element("dd");

  constructor(name: string) {
    this.element = element("div", { class: "figure" }, element("dt", { text: name }), this.#value);
  }

  show(value: string | null): void {
    this.element.hidden = value === null;
    setText(this.#value, value ?? "");
  }
}

export class Header {
  readonly element: HTMLElement;
  readonly #name = element("h1");
  readonly #state = element("span", { class: "state" });
  readonly #stop: ReturnType<typeof button>;
  readonly #resume: ReturnType<typeof button>;
  readonly #longer: ReturnType<typeof button>;
  readonly #epoch = new Figure("Epoch");
  readonly #loss = new Figure("Test loss");
  readonly #speed = new Figure("Images/s");
  readonly #left = new Figure("Time left");
  readonly #bar = element("div", { class: "progress-filled" });
  readonly #track = element(
    "div",
    {
      class: "progress",
      attributes: { role: "progressbar", "aria-label": "Training", "aria-valuemin": "0" },
    },
    this.#bar,
  );
  readonly #others = element("p", { class: "hint" });
  readonly #notice = element("div", { class: "notice", attributes: { role: "status" } });
  readonly #noticeTitle = element("strong");
  readonly #noticeHint = element("span");

  constructor(act: (action: DashboardAction) => void) {
    this.#stop = button("Stop", "secondary", () => act("stop"));
    this.#resume = button("Resume", "primary", () => act("resume"));
    this.#longer = button("Train longer…", "secondary", () => act("train-longer"));
    const title = element("div", { class: "title" }, this.#name, this.#state);
    const buttons = [this.#stop, this.#resume, this.#longer].map((action) => action.element);
    const actions = element("div", { class: "tools" }, ...buttons);
    const figures = [this.#epoch, this.#loss, this.#speed, this.#left].map((figure) => figure.element);
    this.#notice.append(this.#noticeTitle, this.#noticeHint);
    this.element = element(
      "header",
      { class: "run-head" },
      element("div", { class: "title-line" }, title, actions),
      this.#others,
      element("dl", { class: "figures" }, ...figures),
      this.#track,
      this.#notice,
    );
  }

  show(progress: Progress): void {
    const { card, absence, others } = progress;
    const isGone = absence !== null;
    setText(this.#name, card.name);
    this.#others.hidden = others === 0;
    setText(
      this.#others,
      `Its curves are compared with those of ${others === 1 ? "another run" : `${others} other runs`}; everything else here is this run's.`,
    );
    this.#name.title = card.id;
    setText(this.#state, isGone ? "Cannot be read" : stateWords[card.state]);
    this.#state.className = `state state-${isGone ? "gone" : card.state}`;
    this.#stop.element.hidden = isGone || !card.canStop;
    this.#resume.element.hidden = isGone || !card.canResume;
    this.#longer.element.hidden = isGone || !card.canTrainLonger;
    this.#showFigures(progress);
    this.#showNotice(progress);
  }

  #showFigures({ card, measurements, pace, absence }: Progress): void {
    const alive = isAlive(card.state) && absence === null;
    const done = measurements.latestEpoch?.epoch ?? 0;
    const step = measurements.lastStep;
    const current = card.stepsPerEpoch > 0 ? Math.ceil(step / card.stepsPerEpoch) : done;
    this.#epoch.show(`${formatCount(alive ? Math.max(done, current) : done)} of ${formatCount(card.epochs)}`);
    const test = measurements.latestEpoch?.test;
    this.#loss.show(test === undefined ? "–" : formatValue(test.loss));
    const speed = (alive ? pace?.imagesPerSecond : undefined) ?? measurements.imagesPerSecond;
    this.#speed.show(speed === null ? null : formatCount(speed));
    this.#left.show(alive && pace !== null ? formatSeconds(pace.secondsLeft) : null);
    const steps = card.epochs * card.stepsPerEpoch;
    this.#track.hidden = !alive;
    this.#track.setAttribute("aria-valuemax", String(steps));
    this.#track.setAttribute("aria-valuenow", String(Math.min(step, steps)));
    this.#bar.style.width = `${steps > 0 ? Math.min(100, (100 * step) / steps) : 0}%`;
  }

  #showNotice({ card, absence }: Progress): void {
    const notice = absence === null ? noticeOf(card) : noticeOfAbsence(absence);
    this.#notice.hidden = notice === null;
    this.#notice.classList.toggle("error", card.state === "failed");
    setText(this.#noticeTitle, notice?.title ?? "");
    setText(this.#noticeHint, notice?.hint ?? "");
  }
}

interface Notice {
  readonly title: string;
  readonly hint: string;
}

function noticeOfAbsence({ message, hint }: AbsentRun["failure"]): Notice {
  return { title: message, hint: `${hint} What was read before stays on screen until this panel is closed.` };
}

function noticeOf({ state, failure, canResume }: RunCard): Notice | null {
  const resume = canResume ? " Resume goes on from the last checkpoint." : "";
  if (state === "failed")
    return {
      title: failure?.message ?? "Training failed.",
      hint: `${failure?.hint ?? "The log says more."}${resume}`,
    };
  if (state === "killed")
    return {
      title: "The training process ended without saying goodbye.",
      hint: `It was killed, or the machine went down.${resume}`,
    };
  return null;
}
