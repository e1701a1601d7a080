/**
 * Remembers that cached files were hashed and found right, so that the next run need not hash them again.
 * The stamp is their lengths and times of last change: any write to a file voids it, as in git's index.
 * It only saves time; a stamp that is missing, stale or unreadable means hashing once more.
 */
import { randomBytes } from "node:crypto";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface CacheStamp {
  /** Whether the files are unchanged since they were last found right. */
  readonly valid: boolean;
  /** Records that the files are right as they were when this stamp was taken. Does nothing where it cannot write. */
  confirm(): Promise<void>;
}

/** Take it before reading the files, so that a change while reading voids it. Throws nothing. */
export async function takeStamp(folder: string, names: readonly string[]): Promise<CacheStamp> {
  const path = join(folder, "verified.txt");
  const [recorded, current] = await Promise.all([
    readFile(path, "utf8").catch(() => null),
    describeFiles(folder, names).catch(() => null),
  ]);
  return {
    valid: current !== null && current === recorded,
    async confirm() {
      if (current !== null) await replaceFile(path, current).catch(() => {});
    },
  };
}

async function describeFiles(folder: string, names: readonly string[]): Promise<string> {
  const lines = names.map(async (name) => {
    const { size, mtimeNs, ctimeNs } = await stat(join(folder, name), { bigint: true });
    return `${name} ${size} ${mtimeNs} ${ctimeNs}\n`;
  });
  return (await Promise.all(lines)).join("");
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, text, { flag: "wx" });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
