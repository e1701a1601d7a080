/** A folder of files that pile up: what was written last is kept. */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** Leaves the newest `kept` files of `folder`. Never throws: what cannot be removed stays. */
export async function keepNewest(folder: string, kept: number): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const writtenAt = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
      return { path, writtenAt };
    }),
  );
  const old = files.sort((a, b) => b.writtenAt - a.writtenAt).slice(kept);
  await Promise.all(old.map(({ path }) => rm(path, { force: true }).catch(() => {})));
}
