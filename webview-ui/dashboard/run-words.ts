/** What the dashboard says about the state of a run. */
import type { RunState } from "../../src/contract/view.ts";

export const stateWords: Readonly<Record<RunState, string>> = {
  training: "Training",
  stopping: "Stopping",
  finished: "Finished",
  stopped: "Stopped",
  failed: "Failed",
  killed: "Interrupted",
};

export function isAlive(state: RunState): boolean {
  return state === "training" || state === "stopping";
}
