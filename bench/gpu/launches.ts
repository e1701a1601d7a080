/**
 * From the command `latent-lab train --engine webgpu` to its first `step` event, whose loss was read back from the
 * GPU: the very first; then without the shaders that drivers keep on the disk; and then with them.
 */
import { readdir, rm } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { cacheFolder } from "../../src/ml/data/cache-folder.ts";
import type { BenchData } from "../bench-data.ts";
import { duration } from "../duration.ts";
import { firstStep } from "../start.ts";

/** Seconds of each launch. */
export interface Launches {
  /** Also looks through the cached images, once and for all. */
  readonly first: readonly number[];
  /** That is remembered; of the drivers' shaders none is. */
  readonly withoutShaders: readonly number[];
  readonly withShaders: readonly number[];
  /** Why there are fewer than were asked for, in one line; null: there are all. */
  readonly cutShort: string | null;
}

export interface LaunchOptions {
  readonly withoutShaders: number;
  readonly withShaders: number;
  /** Progress. */
  say(line: string): void;
  /** Ends it early; its reason is said in one line. */
  readonly signal: AbortSignal;
}

/** A launch that failed is the last. */
export async function measureLaunches(data: BenchData, options: LaunchOptions): Promise<Launches> {
  const { say, signal } = options;
  const first: number[] = [];
  const withoutShaders: number[] = [];
  const withShaders: number[] = [];
  const launch = async (to: number[], name: string): Promise<void> => {
    const seconds = await firstStep(process.execPath, data, name, ["--engine", "webgpu"], signal);
    to.push(seconds);
    say(`  launch ${name}: ${duration(seconds)}`);
  };
  try {
    await launch(first, "first");
    for (let count = 1; count <= options.withoutShaders; count++) {
      await forgetShaders(data);
      await launch(withoutShaders, `without-shaders-${count}`);
    }
    for (let count = 1; count <= options.withShaders; count++) await launch(withShaders, `again-${count}`);
    return { first, withoutShaders, withShaders, cutShort: null };
  } catch (error) {
    const cutShort = error instanceof Error ? error.message : String(error);
    say(`  ${cutShort}`);
    return { first, withoutShaders, withShaders, cutShort };
  }
}

/** Empties the temporary home folder that the launches see, but for our own cache: drivers keep their shaders there. */
async function forgetShaders({ root, environment }: BenchData): Promise<void> {
  const { HOME = "" } = environment;
  const kept = cacheFolder(environment);
  if (!isBelow(root, HOME) || !isBelow(HOME, kept)) throw new Error(`${HOME} is no temporary home`);
  let folder = HOME;
  for (const part of relative(HOME, kept).split(sep)) {
    for (const name of await readdir(folder))
      if (name !== part) await rm(join(folder, name), { recursive: true, force: true });
    folder = join(folder, part);
  }
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return (
    isAbsolute(folder) && isAbsolute(path) && way !== "" && way.split(sep)[0] !== ".." && !isAbsolute(way)
  );
}
