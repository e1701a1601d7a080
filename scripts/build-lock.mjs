// Lets one build run at a time. What a build that was killed leaves behind is taken over; at worst two builds run at
// once, which costs time and breaks nothing (see build.mjs).
import { constants } from "node:fs";
import { copyFile, link, readFile, rm, stat, writeFile } from "node:fs/promises";
import { say } from "./set-up.mjs";

/** A lock is in place with its owner's number in it, but where there are no links. */
const longestWithoutOwner = 1000;
/** No build takes so long: the number of its owner has become another process's. */
const longestBuild = 600_000;

/** Waits until the lock is ours. Returns what gives it back. */
export async function lock(file) {
  const ours = `${file}.${process.pid}`;
  let told = false;
  try {
    for (;;) {
      // Written anew each time: the lock's age counts from here.
      await writeFile(ours, String(process.pid));
      if (await place(ours, file)) return () => giveBack(file);
      const found = await read(file);
      if (found === null) continue;
      if (isStale(found)) {
        await removeIfSame(file, found);
        continue;
      }
      if (!told) say(`Waiting for another build (process ${found.owner || "unknown"}) …`);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await rm(ours, { force: true });
  }
}

/** Whether `file` did not exist and is now a copy of `ours`. */
async function place(ours, file) {
  try {
    await link(ours, file).catch((error) => {
      if (error.code === "EEXIST") throw error;
      // A file system without links.
      return copyFile(ours, file, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

/** Whose lock it is, 0 where that cannot be read, and since when; null: it is gone. */
async function read(file) {
  try {
    const { mtimeMs } = await stat(file);
    const owner = Number(await readFile(file, "utf8").catch(() => ""));
    return { owner: Number.isSafeInteger(owner) && owner > 0 ? owner : 0, since: mtimeMs };
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

function isStale({ owner, since }) {
  const age = Date.now() - since;
  if (owner === 0) return age > longestWithoutOwner;
  return age > longestBuild || !isRunning(owner);
}

/** Another that waits may have taken it over since. */
async function removeIfSame(file, { owner, since }) {
  const now = await read(file);
  if (now?.owner === owner && now.since === since) await rm(file, { force: true });
}

async function giveBack(file) {
  const now = await read(file);
  if (now?.owner === process.pid) await rm(file, { force: true });
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
