/**
 * Paths as the workspace spells them. A process knows the folder it works in by its physical path; the editor may have
 * opened it through a link, or with a drive letter of the other case.
 */
import { realpathSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";

/** `path`, where it lies in one of the `folders` of the workspace, as below that folder; else as it is. */
export function asOpened(path: string, folders: readonly string[]): string {
  const real = realOf(path);
  const spellings = folders.flatMap((folder) => {
    const inside = relative(realOf(folder), real);
    const isOutside = inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside);
    return isOutside ? [] : [{ inside, spelling: inside === "" ? folder : join(folder, inside) }];
  });
  // Of folders that lie in each other, the innermost.
  spellings.sort((a, b) => a.inside.length - b.inside.length);
  return spellings[0]?.spelling ?? path;
}

function realOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    // It is gone.
    return path;
  }
}
