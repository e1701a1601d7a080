/** What the dashboard says about the state of a run. */
import type { Preparing } from "../../src/contract/preparing.ts";
import type { RunState } from "../../src/contract/view.ts";
import { formatBytes, formatCount } from "../shared/words.ts";

export const stateWords: Readonly<Record<RunState, string>> = {
  preparing: "Preparing",
  training: "Training",
  stopping: "Stopping",
  finished: "Finished",
  stopped: "Stopped",
  failed: "Failed",
  killed: "Interrupted",
};

export function isAlive(state: RunState): boolean {
  return state === "preparing" || state === "training" || state === "stopping";
}

/** "Downloading the dataset: 3.1 MB of 11.6 MB". */
export function preparationWords({ doing, done, total }: Preparing): string {
  switch (doing) {
    case "download":
      return `Downloading the dataset: ${formatBytes(done)} of ${formatBytes(total)}`;
    case "draw":
      return `Drawing digits: ${formatCount(done)} of ${formatCount(total)}`;
    case "read":
      return `Reading the dataset: ${formatCount(done)} of ${formatCount(total)} images`;
  }
}
