/** What the benchmark ran on, and how busy it was with other things. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { delimiter, join, sep } from "node:path";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${process.arch}`,
    node: process.versions.node,
  };
}

export interface Busyness {
  /** 1, 5 and 15 minutes; what the benchmark itself does counts. */
  readonly loadAverage: readonly number[];
  /** Seconds that a hypervisor gave to others instead of us, all cores, since the machine started; null: unknown. */
  readonly stolenSeconds: number | null;
}

export async function busyness(): Promise<Busyness> {
  return { loadAverage: loadavg(), stolenSeconds: await stolenSeconds() };
}

/** proc(5): the first line of /proc/stat; its eighth number is steal, in hundredths of a second. */
async function stolenSeconds(): Promise<number | null> {
  const text = await readFile("/proc/stat", "utf8").catch(() => "");
  const stolen = Number(text.split("\n")[0]?.trim().split(/\s+/)[8]);
  return Number.isFinite(stolen) ? stolen / 100 : null;
}

/** The Node a user has: the first on PATH that npm did not put there; else the one that runs this. */
export function systemNode(environment: NodeJS.ProcessEnv): string {
  const name = process.platform === "win32" ? "node.exe" : "node";
  const folders = (environment.PATH ?? "").split(delimiter);
  const users = folders.filter((folder) => folder !== "" && !folder.split(sep).includes("node_modules"));
  return users.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? process.execPath;
}
