/** A benchmark that is told to end: by Ctrl-C, by whoever lent the machine, by a terminal that closed. */
import { constants } from "node:os";

const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type EndingSignal = (typeof endingSignals)[number];

/** As shells have it: 143 for SIGTERM. */
export function exitCodeOf(signal: EndingSignal): number {
  return 128 + constants.signals[signal];
}

/** The first signal goes to `end`; a second one ends the process at once, cleaned up. */
export function listenForInterruption(end: (signal: EndingSignal) => void, cleanUp: () => void): void {
  let told = false;
  for (const signal of endingSignals)
    process.on(signal, () => {
      if (told) {
        cleanUp();
        process.exit(exitCodeOf(signal));
      }
      told = true;
      end(signal);
    });
}
