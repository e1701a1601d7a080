/**
 * What a training process has told so far, as far as metrics.jsonl does not hold it: what somebody must hear who comes
 * late. Bounded, however long training goes on.
 */
import type { ControlMessage } from "../../contract/control.ts";
import type { EpochEvent, StartEvent, StepEvent, TrainingEvent } from "../../contract/events.ts";
import type { MetricsLine } from "../../contract/run.ts";

/**
 * Steps become sparser in metrics.jsonl than among the events (see ../train/step-report.ts): what was told since the
 * last line there fits in here for eleven days of training.
 */
const maximumRecent = 10_000;

/** Up to where somebody has heard what was measured. */
export interface Heard {
  readonly step: number;
  readonly epoch: number;
}

export const nothingHeard: Heard = { step: 0, epoch: 0 };

/** Steps of an epoch that has been told as a whole are a matter of the past. */
export function isHeard(heard: Heard, measured: MetricsLine): boolean {
  if (measured.epoch <= heard.epoch) return true;
  return measured.event === "step" && measured.step <= heard.step;
}

export function afterHearing(heard: Heard, { event, step, epoch }: MetricsLine): Heard {
  return event === "step" ? { ...heard, step } : { ...heard, epoch };
}

export class Told {
  #preparing: ControlMessage | null = null;
  #start: StartEvent | null = null;
  #end: TrainingEvent | null = null;
  readonly #remarks: ControlMessage[] = [];
  readonly #recent: (StepEvent | EpochEvent)[] = [];

  add(message: ControlMessage): void {
    if (message.kind === "preparing") this.#preparing = message;
    else if (message.kind === "remark") this.#remarks.push(message);
    else if (message.kind === "event") this.#addEvent(message.event);
  }

  /** What comes before the start event. */
  get beginning(): readonly ControlMessage[] {
    const preparing = this.#start === null ? this.#preparing : null;
    return preparing === null ? this.#remarks : [...this.#remarks, preparing];
  }

  /** Null before training has begun. */
  get start(): StartEvent | null {
    return this.#start;
  }

  /** The event that was the last; null while there may be more. */
  get end(): TrainingEvent | null {
    return this.#end;
  }

  /** What was measured lately and is not among what somebody has heard, as metrics.jsonl would have it. */
  recentAfter(heard: Heard): MetricsLine[] {
    return this.#recent.filter((event) => !isHeard(heard, event)).map(asLine);
  }

  #addEvent(event: TrainingEvent): void {
    switch (event.event) {
      case "start":
        this.#start = event;
        break;
      case "step":
      case "epoch":
        this.#recent.push(event);
        if (this.#recent.length > maximumRecent) this.#recent.shift();
        break;
      case "done":
      case "error":
        this.#end = event;
        break;
      default:
        event satisfies never;
    }
  }
}

function asLine(event: StepEvent | EpochEvent): MetricsLine {
  if (event.event === "epoch") return event;
  const { secondsLeft: _, ...line } = event;
  return line;
}
