/** A benchmark that is told to end: by Ctrl-C, by whoever lent the machine, by a terminal that closed. */
import { constants } from "node:os";

const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type EndingSignal = (typeof endingSignals)[number];

/** timeout(1) tells the process and then its group, which it is in: one request, heard twice. */
const millisecondsOfOne = 1000;

/** As shells have it: 143 for SIGTERM. */
export function exitCodeOf(signal: EndingSignal): number {
  return 128 + constants.signals[signal];
}

/** The first request goes to `end`; a second one ends the process at once. */
export function listenForInterruption(end: (signal: EndingSignal) => void): void {
  let told: number | null = null;
  for (const signal of endingSignals)
    process.on(signal, () => {
      if (told === null) {
        told = performance.now();
        end(signal);
      } else if (performance.now() - told > millisecondsOfOne) process.exit(exitCodeOf(signal));
    });
}
