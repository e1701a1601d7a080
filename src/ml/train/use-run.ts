/**
 * What can be done with a trained run: evaluate it, reconstruct, sample, encode a picture, decode a `.latent` file.
 * Each opens the model, uses it and closes it. Where results are written is the caller's business.
 */
import type { DoneEvent } from "../../contract/events.ts";
import { Failure } from "../../contract/failure.ts";
import type { Evaluation } from "../../contract/losses.ts";
import type { Dataset, SplitName } from "../data/dataset.ts";
import { decodeGrey, decodeSheet, type PictureInfo, readPicture } from "../image/decode.ts";
import { type GreyImage, greyFloats } from "../image/grey-image.ts";
import { isInkOnPaper } from "../image/ink.ts";
import { decodeLatentFile, encodeLatentFile, requireModel } from "../image/latent-file.ts";
import { lightPalette } from "../image/palette.ts";
import { enlargement, type ImageStack, plainGridPng, reconstructionsPng } from "../image/picture-grid.ts";
import { meanSquaredError, peakSignalToNoise, structuralSimilarity } from "../image/quality.ts";
import { compressionOf } from "./compression.ts";
import { reconstruct, sample, shownImages } from "./pictures.ts";
import type { Run } from "./run-record.ts";
import { type UseOptions, withTrainedModel } from "./trained-model.ts";

/** In one picture. */
const maximumPicturePixels = 2 ** 26;

export interface RunEvaluation {
  readonly run: string;
  readonly split: SplitName;
  readonly dataset: Pick<Dataset, "name" | "source" | "sha256">;
  /** Whether these are the images that the run was trained with. */
  readonly sameData: boolean;
  /** The file the weights are from: the checkpoint's for a run that is going on or was killed. */
  readonly weights: string;
  readonly modelSha256: string;
  readonly evaluation: Evaluation;
  readonly compression: DoneEvent["compression"];
}

/** Throws a Failure: experiment-invalid when the images have another size, else as withTrainedModel. */
export async function evaluateRun(
  options: UseOptions & { readonly dataset: Dataset; readonly split: SplitName },
): Promise<RunEvaluation> {
  const { run, dataset, split } = options;
  requireSameSize(run, dataset);
  return withTrainedModel(options, dataset, async ({ session, network, weights, file }) => ({
    run: run.path,
    split,
    dataset: { name: dataset.name, source: dataset.source, sha256: dataset.sha256 },
    sameData: dataset.sha256 === run.record.dataset.sha256,
    weights: file,
    modelSha256: weights.sha256,
    evaluation: await session.evaluate(split),
    compression: compressionOf(network),
  }));
}

/** A PNG of `count` test images over their reconstructions, drawn as a run's own reconstructions.png. */
export async function reconstructionsOfRun(
  options: UseOptions & { readonly dataset: Dataset; readonly count: number },
): Promise<Buffer> {
  const { run, dataset, count } = options;
  requireSameSize(run, dataset);
  requireDrawable(2 * count, run);
  const shown = shownImages(dataset, count);
  return withTrainedModel(options, null, async ({ session }) => {
    const { originals, reconstructions } = await reconstruct(session, dataset, shown);
    return reconstructionsPng(originals, reconstructions, lightPalette);
  });
}

/** A PNG of `count` generated images. The same seed gives the same images; left out, it is the run's. */
export async function samplesOfRun(
  options: UseOptions & { readonly count: number; readonly seed?: number },
): Promise<Buffer> {
  const { run, count, seed = run.record.seed } = options;
  const { width, height } = run.record.dataset;
  requireDrawable(count, run);
  return withTrainedModel(options, null, async ({ session, network, weights }) => {
    const images = await sample(session, network, weights.spread, { seed, count, width, height });
    return gridPng(images, Math.ceil(Math.sqrt(count)));
  });
}

/** Whether dark and light are swapped: as the user says, by looking at the picture, or as for the run's own images. */
export type Inversion = "on" | "off" | "auto" | "dataset";

export interface EncodedImage {
  /** The content of a `.latent` file. */
  readonly bytes: Buffer;
  /** As the file holds them, after quantisation. */
  readonly latents: Float32Array;
  /** The picture as the model saw it. */
  readonly seen: GreyImage;
  /** What the file decodes to. */
  readonly reconstruction: GreyImage;
  readonly modelSha256: string;
  readonly original: PictureInfo;
  readonly inverted: boolean;
  /** Whether it looks like dark ink on light paper; false where nobody looked (see `looksAt`). */
  readonly inkOnPaper: boolean;
  /** Of the reconstruction, compared with the picture as the model saw it. PSNR in dB, infinite for equal images. */
  readonly mse: number;
  readonly psnr: number;
  readonly ssim: number;
}

/**
 * Encodes the picture at `image`, fitted into the size of the run's images. "auto" swaps the dark and light of dark ink
 * on light paper (see ../image/ink.ts); for a run that was trained on a folder of pictures it does as with those, for
 * nobody knows whether they were drawings. Throws a Failure: image-invalid, else as withTrainedModel.
 */
export async function encodeImage(
  options: UseOptions & {
    readonly image: string;
    readonly invert: Inversion;
    /** Whether it is to be known how the picture looks though that decides nothing; left out: no. */
    readonly looks?: boolean;
  },
): Promise<EncodedImage> {
  const { run, image } = options;
  const { width, height } = run.record.dataset;
  const source = await readPicture(image);
  const inkOnPaper = looksAt(run, options) && isInkOnPaper(await decodeSheet(source));
  const inverted = isInverted(run, options.invert, inkOnPaper);
  const picture = await decodeGrey(source, { width, height, invert: inverted });
  const seen = { width, height, pixels: picture.pixels };
  const pixels = greyFloats(seen);
  return withTrainedModel(options, null, async ({ session, weights }) => {
    const exact = await session.encode(pixels);
    const bytes = encodeLatentFile({ width, height, modelHash: weights.sha256, latents: exact });
    // What the file holds, not what the model said: quantisation costs a little.
    const { latents } = decodeLatentFile(bytes, image);
    const decoded = await session.decode(latents);
    return {
      bytes: Buffer.from(bytes),
      latents,
      seen,
      reconstruction: { width, height, pixels: decoded },
      modelSha256: weights.sha256,
      original: picture.original,
      inverted,
      inkOnPaper,
      mse: meanSquaredError(pixels, decoded),
      psnr: peakSignalToNoise(pixels, decoded),
      ssim: structuralSimilarity(pixels, decoded, width, height),
    };
  });
}

/** Whether "auto" looks at the picture. */
export function decidesByPicture({ record }: Run): boolean {
  return record.experiment.dataset.kind !== "folder";
}

/** Whether the picture's looks decide, or would decide if they were asked and somebody wants to know. */
function looksAt(run: Run, { invert, looks = false }: { invert: Inversion; looks?: boolean }): boolean {
  return decidesByPicture(run) && (invert === "auto" || (looks && invert === "dataset"));
}

function isInverted(run: Run, inversion: Inversion, inkOnPaper: boolean): boolean {
  if (inversion === "auto" && decidesByPicture(run)) return inkOnPaper;
  const { dataset } = run.record.experiment;
  const byDataset = dataset.kind === "folder" && dataset.invert;
  return inversion === "on" || (inversion !== "off" && byDataset);
}

export interface DecodedImage {
  readonly image: GreyImage;
  readonly latents: Float32Array;
  readonly modelSha256: string;
}

/**
 * The image in a `.latent` file of this name and content. Throws a Failure: latent-invalid, latent-foreign
 * where it is another model's; else as withTrainedModel.
 */
export async function decodeImage(
  options: UseOptions & { readonly name: string; readonly bytes: Uint8Array },
): Promise<DecodedImage> {
  const { run, name, bytes } = options;
  const image = decodeLatentFile(bytes, name);
  return withTrainedModel(options, null, async ({ session, network, weights }) => {
    requireModel(image, name, weights.sha256);
    const { width, height } = run.record.dataset;
    const fits = image.latents.length === network.latent && image.width === width && image.height === height;
    if (!fits)
      throw new Failure(
        "latent-invalid",
        `${name}: holds ${image.latents.length} latents of a ${image.width}×${image.height} image; the model has ${network.latent} of ${width}×${height}`,
        "Encode the image again.",
      );
    const { latents } = image;
    const decoded = { width, height, pixels: await session.decode(latents) };
    return { image: decoded, latents, modelSha256: weights.sha256 };
  });
}

function gridPng(stack: ImageStack, cols: number): Buffer {
  const factor = enlargement(stack.width, stack.height);
  const large = stack.pixels.length * factor * factor > maximumPicturePixels;
  return plainGridPng(stack, cols, large ? 1 : factor);
}

function requireSameSize({ path, record }: Run, dataset: Dataset): void {
  const { width, height } = record.dataset;
  if (dataset.width === width && dataset.height === height) return;
  throw new Failure(
    "dataset-invalid",
    `${dataset.source}: images of ${dataset.width}×${dataset.height}; ${path} was trained on ${width}×${height}`,
    "Use images of that size.",
  );
}

function requireDrawable(count: number, { record }: Run): void {
  const most = Math.floor(maximumPicturePixels / (record.dataset.width * record.dataset.height));
  if (Number.isInteger(count) && count >= 1 && count <= most) return;
  throw new Failure("usage", `${count} images cannot be drawn`, `Ask for 1 to ${most} images.`);
}
