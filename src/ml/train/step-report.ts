/**
 * What is told about steps: events as they happen, lines of metrics.jsonl for later.
 */
import type { TrainingEvent } from "../../contract/events.ts";
import type { MetricsLine } from "../../contract/run.ts";
import type { StepLosses } from "../engine/engine.ts";
import type { LineLog } from "./durable-file.ts";
import type { Progress } from "./progress.ts";
import { StepWindow } from "./step-window.ts";

/** At most 20 in a second. */
const secondsBetweenEvents = 0.05;
/** Lines become sparser as a run goes on: some thousands for a minute, few more for a week. */
const secondsPerLine = 1 / 2000;

export class StepReport {
  readonly #log: LineLog;
  readonly #beta: number;
  readonly #onEvent: (event: TrainingEvent) => void;
  readonly #events = new StepWindow();
  readonly #lines = new StepWindow();

  constructor(log: LineLog, beta: number, onEvent: (event: TrainingEvent) => void) {
    this.#log = log;
    this.#beta = beta;
    this.#onEvent = onEvent;
  }

  /** `losses` took `seconds` and led to `progress`. Throws a Failure (storage-*). */
  async steps(progress: Progress, losses: StepLosses, seconds: number, secondsLeft: number): Promise<void> {
    this.#events.add(losses, seconds);
    this.#lines.add(losses, seconds);
    const lineGap = Math.max(secondsBetweenEvents, progress.seconds * secondsPerLine);
    await this.#tell(progress, secondsLeft, lineGap, secondsBetweenEvents);
  }

  /** What was gathered, whenever the last report was: training ends, and a curve goes on to its last step. */
  async rest(progress: Progress, secondsLeft: number): Promise<void> {
    await this.#tell(progress, secondsLeft, 0, 0);
  }

  /** What was gathered is covered by the epoch's own report: steps of two epochs are never mixed. */
  epochEnds(): void {
    this.#events.clear();
    this.#lines.clear();
  }

  async #tell(progress: Progress, secondsLeft: number, lineGap: number, eventGap: number): Promise<void> {
    const place = { event: "step", step: progress.step, epoch: progress.epochsDone + 1 } as const;
    const line = this.#lines.take(lineGap, this.#beta);
    if (line !== null) await this.#log.append(JSON.stringify({ ...place, ...line } satisfies MetricsLine));
    const event = this.#events.take(eventGap, this.#beta);
    if (event !== null) this.#onEvent({ ...place, ...event, secondsLeft });
  }
}
