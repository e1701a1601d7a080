/**
 * The built-in dataset: digits that our own code draws, in MNIST's sizes and manner, for machines that have neither
 * MNIST nor a network. Each picture depends on the seed, its split and its index alone, and is the same everywhere.
 */
import { setImmediate } from "node:timers/promises";
import type { DatasetChoice } from "../../contract/experiment.ts";
import { Failure } from "../../contract/failure.ts";
import type { Dataset, Split, SplitName } from "./dataset.ts";
import { DigitPen, digitSide } from "./digit-pen.ts";
import { allocatePixels, hashPixels } from "./pixels.ts";
import type { Watch } from "./progress.ts";

export type DrawnDigitsChoice = Omit<Extract<DatasetChoice, { kind: "drawn-digits" }>, "kind">;

const imageBytes = digitSide * digitSide;
/** Pictures drawn between two looks at the event loop. */
const picturesAtATime = 1_000;

/** Draws both splits. Throws a Failure: interrupted, out-of-memory. */
export async function drawDigits(choice: DrawnDigitsChoice, watch: Watch = {}): Promise<Dataset> {
  const { train, test, seed } = choice;
  const pixels = allocatePixels("drawn digits", imageBytes, train, test);
  const total = train + test;
  const drawSplit = (split: SplitName, count: number, into: Uint8Array, doneBefore: number) =>
    drawPictures(split, count, seed, into, watch, (done) =>
      watch.onProgress?.({ doing: "draw", done: doneBefore + done, total }),
    );
  return {
    name: "drawn-digits",
    source: `digits drawn by Latent Lab (seed ${seed})`,
    width: digitSide,
    height: digitSide,
    labelNames: Array.from("0123456789"),
    train: await drawSplit("train", train, pixels.train, 0),
    test: await drawSplit("test", test, pixels.test, train),
    sha256: await hashPixels(pixels),
  };
}

async function drawPictures(
  split: SplitName,
  count: number,
  seed: number,
  pixels: Uint8Array,
  watch: Watch,
  onDone: (pictures: number) => void,
): Promise<Split> {
  const pen = new DigitPen();
  const labels = new Uint16Array(count);
  for (let index = 0; index < count; index++) {
    const picture = pixels.subarray(index * imageBytes, (index + 1) * imageBytes);
    labels[index] = pen.draw(seed, split, index, picture);
    const done = index + 1;
    if (done % picturesAtATime !== 0 && done !== count) continue;
    onDone(done);
    await setImmediate();
    if (watch.signal?.aborted === true)
      throw new Failure("interrupted", "drawing the digits was interrupted", "Start it again.");
  }
  return { count, pixels, labels };
}
