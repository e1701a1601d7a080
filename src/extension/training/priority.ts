/**
 * How much of the machine a training takes: all that nobody else wants. It works every core, and the editor beside it
 * must still answer a key at once.
 */
import { writeFile } from "node:fs/promises";
import { constants, getPriority, setPriority } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { hasSystemCode } from "../../contract/failure.ts";

const background = constants.priority.PRIORITY_BELOW_NORMAL;

const attempts = 4;
const millisecondsBetween = 120;

/**
 * To be called as soon as there is the process: threads inherit the priority of those that start them. Never throws;
 * where it may not be done, the training competes.
 */
export async function giveWay(pid: number): Promise<void> {
  try {
    if (getPriority(pid) < background) setPriority(pid, background);
    // A detached process has a session of its own, and Linux may share out the processor by sessions: priorities then
    // count only within one, and the session has its own.
    if (process.platform === "linux") await giveWayAsSession(pid);
  } catch {
    // It has ended, it is another user's, or this system knows no such thing.
  }
}

/** sched(7), autogroups: one such change every tenth of a second is taken, of all that the machine's users ask for. */
async function giveWayAsSession(pid: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await writeFile(`/proc/${pid}/autogroup`, String(background));
    } catch (error) {
      if (attempt === attempts || !hasSystemCode(error, "EAGAIN")) throw error;
      await delay(millisecondsBetween);
    }
  }
}
