/**
 * Ctrl-C and its kin. The first asks the work to end tidily by way of an AbortSignal; a second one, when the tidy end
 * takes too long for the user, ends the process at once.
 */
import { closeSync, openSync } from "node:fs";
import { exitCodes } from "./exit-codes.ts";

/** How far apart the two signals of one key press may be: for a shell, a terminal and npm that all pass it on. */
const sameKeyPressMilliseconds = 200;
/** Below a Node that handed over to this one (see ../cli.ts) each Ctrl-C arrives twice, on a busy machine late. */
const handedOverMilliseconds = 1000;

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
  const isHandedOver = process.channel !== undefined && process.channel !== null;
  const window = isHandedOver ? handedOverMilliseconds : sameKeyPressMilliseconds;
  let since = 0;
  const interrupt = () => {
    if (!controller.signal.aborted) {
      since = performance.now();
      controller.abort();
      onFirst();
    } else if (performance.now() - since > window) {
      process.exit(exitCodes.interrupted);
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGBREAK"] as const) process.on(signal, interrupt);
  // Of a process that was detached on purpose, no terminal can hang up.
  process.on("SIGHUP", hasTerminal() ? interrupt : () => {});
  return { signal: controller.signal, interrupt };
}

/** Whether it was started from a terminal, wherever its outputs go. Windows ends what it hangs up in any case. */
function hasTerminal(): boolean {
  if (process.platform === "win32") return true;
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
