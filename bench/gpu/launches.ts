/**
 * From the command `latent-lab train --engine webgpu` to its first `step` event, whose loss was read back from the
 * GPU: once without the shaders that drivers keep on the disk, and then with them.
 */
import { readdir, rm } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { mnistCacheFolder } from "../../src/ml/data/mnist.ts";
import type { BenchData } from "../bench-data.ts";
import { firstStep } from "../start.ts";
import { duration } from "./lines.ts";

export interface Launches {
  readonly withoutCache: readonly number[];
  readonly withCache: readonly number[];
}

export interface LaunchCounts {
  readonly withoutCache: number;
  readonly withCache: number;
}

export async function measureLaunches(
  data: BenchData,
  counts: LaunchCounts,
  say: (line: string) => void,
): Promise<Launches> {
  // The first start looks through the cached images once and for all.
  await launch(data, "first");
  const withoutCache: number[] = [];
  for (let count = 1; count <= counts.withoutCache; count++) {
    await forgetShaders(data);
    withoutCache.push(await launch(data, `cold-${count}`));
    say(`  without a shader cache ${count}/${counts.withoutCache}: ${duration(withoutCache.at(-1) ?? 0)}`);
  }
  const withCache: number[] = [];
  for (let count = 1; count <= counts.withCache; count++) {
    withCache.push(await launch(data, `warm-${count}`));
    say(`  launch ${count}/${counts.withCache}: ${duration(withCache.at(-1) ?? 0)}`);
  }
  return { withoutCache, withCache };
}

function launch(data: BenchData, name: string): Promise<number> {
  return firstStep(process.execPath, data, name, ["--engine", "webgpu"]);
}

/** Empties the temporary home folder that the launches see, but for the images: drivers keep their shaders there. */
async function forgetShaders({ root, environment }: BenchData): Promise<void> {
  const { HOME = "" } = environment;
  const kept = mnistCacheFolder(environment);
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
