/**
 * Ctrl-C and its kin. The first asks the work to end tidily by way of an AbortSignal; a second one, when the tidy end
 * takes too long for the user, ends the process at once.
 */
import { exitCodes } from "./exit-codes.ts";

/** A Ctrl-C may arrive twice, from the terminal and from the Node that handed over to this one (see ../cli.ts). */
const sameKeyPressMilliseconds = 200;

export interface Interruption {
  readonly signal: AbortSignal;
  /** As if Ctrl-C had been pressed once. */
  interrupt(): void;
}

/**
 * Listens from now on, for the life of the process. `onFirst` tells the user what happens now. Only for commands that
 * heed the signal: the others end by Ctrl-C as programs do.
 */
export function listenForInterruption(onFirst: () => void): Interruption {
  const controller = new AbortController();
  let since = 0;
  const interrupt = () => {
    if (!controller.signal.aborted) {
      since = performance.now();
      controller.abort();
      onFirst();
    } else if (performance.now() - since > sameKeyPressMilliseconds) {
      process.exit(exitCodes.interrupted);
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"] as const) process.on(signal, interrupt);
  return { signal: controller.signal, interrupt };
}
