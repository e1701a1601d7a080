/**
 * Which process somebody is, so that a process number used again after a crash or a restart is not taken for the
 * same one. Linux tells when a process started; elsewhere its number and when the machine started have to do.
 */
import { readFile } from "node:fs/promises";
import { hostname, uptime } from "node:os";
import { hasSystemCode } from "../contract/failure.ts";
import type { ProcessIdentity } from "../contract/process.ts";

/** Clocks are set right now and then. */
const clockMilliseconds = 60_000;

/** This process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const life = await lifeOf(process.pid);
  return { pid: process.pid, host: hostname(), startTime: life.startTime };
}

/** "elsewhere": another machine's process, of which nothing can be known from here. */
export type Liveness = "alive" | "dead" | "elsewhere";

/**
 * `since`: when it was alive for certain, ISO 8601, or null. Where the start of a process is not told, that it was
 * before the machine's start says that the number is another's. A machine that was paused may seem to have started later
 * than it did: whoever would do harm to a process that lives after all gives null.
 */
export async function livenessOf(identity: ProcessIdentity, since: string | null): Promise<Liveness> {
  if (identity.host !== hostname()) return "elsewhere";
  const life = await lifeOf(identity.pid);
  if (!life.running) return "dead";
  if (identity.startTime !== null && life.startTime !== null)
    return identity.startTime === life.startTime ? "alive" : "dead";
  return since !== null && isBeforeBoot(since) ? "dead" : "alive";
}

/** Whether a process of this machine may be alive: where its start is not told, by its number alone. */
export async function isAlive({ pid, startTime }: Omit<ProcessIdentity, "host">): Promise<boolean> {
  return (await livenessOf({ pid, host: hostname(), startTime }, null)) === "alive";
}

/** In a container, when the machine started that it runs on. */
function isBeforeBoot(since: string): boolean {
  return Date.parse(since) < Date.now() - uptime() * 1000 - clockMilliseconds;
}

interface Life {
  readonly running: boolean;
  readonly startTime: string | null;
}

async function lifeOf(pid: number): Promise<Life> {
  if (process.platform === "linux") {
    const life = await lifeFromProc(pid);
    if (life !== null) return life;
  }
  return { running: answersSignals(pid), startTime: null };
}

/** From `/proc`; null where it is not mounted. */
async function lifeFromProc(pid: number): Promise<Life | null> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
    ]);
    // The command, in parentheses, may hold anything; the fields after it are: state (3rd) … start time (22nd).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state] = fields;
    const ticks = fields[22 - 3];
    if (ticks === undefined) return null;
    // A zombie has ended; only its parent has not looked yet.
    return { running: state !== "Z" && state !== "X", startTime: `${ticks}@${boot.trim()}` };
  } catch {
    return null;
  }
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasSystemCode(error, "EPERM");
  }
}
