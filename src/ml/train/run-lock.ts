/**
 * One writer per run folder. The lock is a file that names its owner; an owner that was killed is recognised at
 * once, and the lock it left is taken over by exactly one of those who come for it.
 *
 * Why it is safe: the file appears whole or not at all (a hard link, which fails where the name exists), its owner
 * alone removes it, and a dead owner's file is removed only by whoever holds a second lock on doing so, after
 * looking again. The second lock is of the same kind, so being killed there too is no different.
 */
import { randomUUID } from "node:crypto";
import { link, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type * as z from "zod/mini";
import { Failure, hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { runWriterSchema } from "../../contract/run.ts";
import { livenessOf, ownIdentity } from "../../system/process-identity.ts";
import { readWhole } from "../../system/regular-file.ts";

type Holder = z.infer<typeof runWriterSchema>;

/** No lock is longer. */
const maximumBytes = 4096;

export interface Lock {
  /** Idempotent. */
  release(): Promise<void>;
}

/**
 * Takes the lock `path`. Throws a Failure: run-busy naming the process that holds it (`what` names the thing
 * locked), storage-* where no file can be made.
 */
export async function acquireLock(path: string, what: string): Promise<Lock> {
  const taken = await takeLock(path, what);
  if (!("busy" in taken)) return taken;
  throw new Failure("run-busy", taken.busy, taken.hint);
}

/** Who holds the lock `path` now; null for nobody, or for somebody who was killed. */
export async function liveHolder(
  path: string,
): Promise<{ readonly pid: number; readonly host: string } | null> {
  const holder = await readHolder(path);
  if (holder === null || holder === "unreadable") return null;
  return (await livenessOf(holder, null)) === "dead" ? null : { pid: holder.pid, host: holder.host };
}

/** Whether the file `path` is such a lock, whoever holds it. */
export async function isLock(path: string): Promise<boolean> {
  const holder = await readHolder(path);
  return holder !== null && holder !== "unreadable";
}

interface Busy {
  readonly busy: string;
  readonly hint: string;
}

async function takeLock(path: string, what: string): Promise<Lock | Busy> {
  const own: Holder = { ...(await ownIdentity()), nonce: randomUUID(), since: new Date().toISOString() };
  for (;;) {
    if (await createWhole(path, JSON.stringify(own))) return lockOf(path, own);
    const holder = await readHolder(path);
    if (holder === null) continue;
    if (holder !== "unreadable") {
      const busy = await whyBusy(holder, path, what);
      if (busy !== null) return busy;
    }
    await removeStale(path, holder);
  }
}

async function whyBusy(holder: Holder, path: string, what: string): Promise<Busy | null> {
  switch (await livenessOf(holder, null)) {
    case "dead":
      return null;
    case "alive":
      return {
        busy: `${what}: process ${holder.pid} is writing it (since ${holder.since})`,
        hint: `Wait until it ends, or stop it; if process ${holder.pid} is another program, delete ${path}.`,
      };
    case "elsewhere":
      return {
        busy: `${what}: process ${holder.pid} on the machine ${holder.host} is writing it (since ${holder.since})`,
        hint: `Wait until it ends; if it has ended, delete ${path}.`,
      };
  }
}

/** Removes the lock that `holder` left, unless somebody else is at it or has done so: then it only waits a moment. */
async function removeStale(path: string, holder: Holder | "unreadable"): Promise<void> {
  const guard = await takeLock(`${path}.takeover`, path);
  if ("busy" in guard) {
    await delay(5);
    return;
  }
  try {
    const now = await readHolder(path);
    const same =
      now === "unreadable"
        ? holder === now
        : now !== null && holder !== "unreadable" && now.nonce === holder.nonce;
    if (same) await rm(path, { force: true });
  } catch (error) {
    throw storageFailure(error, path, "write");
  } finally {
    await guard.release();
  }
}

function lockOf(path: string, own: Holder): Lock {
  return {
    async release() {
      const holder = await readHolder(path);
      // Somebody may have deleted the file by hand, and another process may hold it now.
      if (holder !== null && holder !== "unreadable" && holder.nonce === own.nonce)
        await rm(path, { force: true });
    },
  };
}

/** Makes the file `path` with `text` in it, in one moment. False where it exists already. */
async function createWhole(path: string, text: string): Promise<boolean> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.partial`);
  try {
    await writeFile(temporary, text);
    await linkOrWrite(temporary, path, text);
    return true;
  } catch (error) {
    if (hasSystemCode(error, "EEXIST")) return false;
    throw storageFailure(error, path, "write");
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

/** Some file systems (exFAT) have no hard links: there the file is made exclusively and filled at once. */
async function linkOrWrite(temporary: string, path: string, text: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    if (!hasSystemCode(error, "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS")) throw error;
    await writeFile(path, text, { flag: "wx" });
  }
}

/** A power cut or, without hard links, an unlucky kill may leave a lock that nobody can read: such a one is stale. */
async function readHolder(path: string): Promise<Holder | "unreadable" | null> {
  const refuse = (problem: string) => new Failure("run-invalid", `${path}: ${problem}`, "Delete it.");
  for (let attempt = 1; ; attempt++) {
    try {
      const text = (await readWhole(path, maximumBytes, refuse)).toString("utf8");
      const parsed = runWriterSchema.safeParse(parseJson(text));
      if (parsed.success) return parsed.data;
      // It may be being filled right now.
      if (attempt === 20) return "unreadable";
      await delay(10);
    } catch (error) {
      if (hasSystemCode(error, "ENOENT")) return null;
      throw storageFailure(error, path, "read");
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
