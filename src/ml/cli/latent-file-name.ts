/** Where a picture's `.latent` file goes when nobody says. */
import { readdir } from "node:fs/promises";
import { dirname, format, parse } from "node:path";
import { pictureName } from "../image/decode.ts";

/**
 * Beside the picture: "digit.png" → "digit.latent". Where its folder has other pictures that differ by their endings
 * alone, a "digit.jpg" for one, each keeps its ending, so that none takes another's file: "digit.png.latent".
 */
export async function latentFileOf(picture: string): Promise<string> {
  const { dir, base, name } = parse(picture);
  // What is wrong with the folder is told when the picture is read.
  const neighbours = await readdir(dirname(picture)).catch(() => []);
  const isAlone = !neighbours.some(
    (other) => other !== base && pictureName.test(other) && sameName(parse(other).name, name),
  );
  return format({ dir, name: isAlone ? name : base, ext: ".latent" });
}

/** Some file systems take "Digit.latent" for "digit.latent". */
function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
