/**
 * The mark in every PNG file that we write, by which a later command knows it for a result that may be replaced, and no
 * picture of the user's: a tEXt chunk (ISO/IEC 15948, 11.3.4.3) right after the header. Programs that show pictures
 * pass over it; those that change one write it anew, without the mark or at another place.
 */
import { pngChunk, pngHeaderEnd, pngSignature } from "./grey-image.ts";

const mark = pngChunk("tEXt", Buffer.from("Software\0Latent Lab", "latin1"));

/** As much of a file as `isMarked` has to see. */
export const markedBytes = pngHeaderEnd + mark.length;

/** The PNG with the mark in it. */
export function marked(png: Buffer): Buffer {
  return Buffer.concat([png.subarray(0, pngHeaderEnd), mark, png.subarray(pngHeaderEnd)]);
}

/** Whether a file that begins so is a PNG that we wrote. */
export function isMarked(start: Buffer): boolean {
  return (
    start.subarray(0, pngSignature.length).equals(pngSignature) &&
    start.subarray(pngHeaderEnd, markedBytes).equals(mark)
  );
}
