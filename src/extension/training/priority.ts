/**
 * How much of the machine a training takes: all that nobody else wants. It works every core, and the editor beside it
 * must still answer a key at once.
 */
import { writeFile } from "node:fs/promises";
import { constants, getPriority, setPriority } from "node:os";

const background = constants.priority.PRIORITY_BELOW_NORMAL;

/**
 * To be called as soon as there is the process: threads inherit the priority of those that start them. Never throws;
 * where it may not be done, the training competes.
 */
export async function giveWay(pid: number): Promise<void> {
  try {
    if (getPriority(pid) < background) setPriority(pid, background);
    // A detached process has a session of its own, and Linux may share out the processor by sessions: priorities then
    // count only within one, and the session has its own.
    if (process.platform === "linux") await writeFile(`/proc/${pid}/autogroup`, String(background));
  } catch {
    // It has ended, it is another user's, or this system knows no such thing.
  }
}
