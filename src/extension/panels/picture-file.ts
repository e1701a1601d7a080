/** A picture's file as the encode panel needs it: what is shown of it, and whether it is still what it was. */
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { readSmall } from "../read-small.ts";

/** Larger pictures are encoded all the same, but not shown in full. */
export const maximumShownBytes = 16 * 2 ** 20;

const types: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".webp": "image/webp",
};

export function isLatent(path: string): boolean {
  return extname(path).toLowerCase() === ".latent";
}

export function mediaType(path: string): string {
  return types[extname(path).toLowerCase()] ?? "application/octet-stream";
}

/** Empty where it cannot be shown; why it cannot, encoding it will say. */
export async function shownBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return readSmall(path, maximumShownBytes).then(
    (content) => new Uint8Array(content),
    () => new Uint8Array(0),
  );
}

/** Changes whenever the file does. */
export async function pictureStamp(path: string): Promise<string> {
  return stat(path).then(
    ({ size, mtimeMs }) => `${size} ${mtimeMs}`,
    () => "none",
  );
}
