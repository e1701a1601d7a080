/** Runs that should be shown and cannot be read: which, why, and what to do, a notice for each. */
import type { AbsentRun } from "../../src/contract/view.ts";
import { element } from "../shared/elements.ts";

type Reason = AbsentRun["failure"];

export class AbsentRuns {
  readonly element = element("div", { class: "absent", attributes: { role: "status" } });
  #reasons = new Map<string, Reason>();

  show(runs: readonly AbsentRun[]): void {
    this.#reasons = new Map(runs.map(({ key, failure }) => [key, failure]));
    this.#draw();
  }

  /** There is another reason now why one of them is. */
  explain(run: string, reason: Reason): void {
    const before = this.#reasons.get(run);
    if (before === undefined || before.message === reason.message) return;
    this.#reasons.set(run, reason);
    this.#draw();
  }

  #draw(): void {
    this.element.hidden = this.#reasons.size === 0;
    this.element.replaceChildren(
      ...[...this.#reasons.values()].map(({ message, hint }) =>
        element(
          "div",
          { class: "notice error" },
          element("strong", { text: message }),
          element("span", { text: hint }),
        ),
      ),
    );
  }
}
