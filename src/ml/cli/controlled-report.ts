/** What is seen of a training run where it was started, told to those who listen from outside as well. */
import type { TrainingEvent } from "../../contract/events.ts";
import type { Failure } from "../../contract/failure.ts";
import type { Preparing } from "../../contract/preparing.ts";
import type { ControlSocket } from "../control/control-socket.ts";
import { drawingWords, type TrainingReport } from "./training-report.ts";

export class ControlledReport implements TrainingReport {
  readonly #here: TrainingReport;
  readonly #control: ControlSocket;

  constructor(here: TrainingReport, control: ControlSocket) {
    this.#here = here;
    this.#control = control;
  }

  onEvent(event: TrainingEvent): void {
    this.#here.onEvent(event);
    this.#control.event(event);
  }

  onDatasetProgress(progress: Preparing): void {
    this.#here.onDatasetProgress(progress);
    this.#control.preparing(progress);
  }

  drawsInstead(reason: Failure): void {
    this.#here.drawsInstead(reason);
    this.#control.remark(drawingWords(reason).join(" "));
  }

  /** Editors see that it is preparing; there is nothing for them to do. */
  remark(words: string): void {
    this.#here.remark(words);
  }

  stopping(): void {
    this.#here.stopping();
  }

  close(): void {
    this.#here.close();
  }
}
