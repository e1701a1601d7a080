/** Where a picture's `.latent` file goes when nobody says. */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { comparableStem, latentFileName } from "../../contract/latent-file-name.ts";
import { pictureName } from "../image/decode.ts";
import { holdsResult } from "./write-output.ts";

/** Beside the picture, by its name and those of its folder's other pictures, but for those that we wrote. */
export async function latentFileOf(picture: string): Promise<string> {
  const name = basename(picture);
  const folder = dirname(picture);
  // What is wrong with the folder is told when the picture is read.
  const names = await readdir(folder).catch((): string[] => []);
  const alike = names.filter(
    (other) => pictureName.test(other) && comparableStem(other) === comparableStem(name),
  );
  const areOthers = await Promise.all(alike.map((other) => isAnother(picture, join(folder, other))));
  return join(
    folder,
    latentFileName(
      name,
      alike.filter((_, index) => areOthers[index]),
    ),
  );
}

/** Another picture, and none that was decoded from a `.latent` file, say. */
async function isAnother(picture: string, other: string): Promise<boolean> {
  const [one, two] = await Promise.all(
    [picture, other].map((path) => stat(path, { bigint: true }).catch(() => null)),
  );
  // Not by its name: some file systems find "digit.PNG" where "digit.png" is.
  if (one != null && two != null && one.dev === two.dev && one.ino === two.ino) return false;
  return !(await holdsResult(other, "png").catch(() => false));
}
