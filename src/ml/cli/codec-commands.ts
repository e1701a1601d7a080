/**
 * The commands encode and decode: from a picture to a `.latent` file and back, or, with --detail, to everything there
 * is to see of it as one JSON object. What each computes is in ../train/use-run.ts.
 */
import type { DecodedPicture, EncodedPicture } from "../../contract/encoded-picture.ts";
import { Failure, storageFailure } from "../../contract/failure.ts";
import { readWhole } from "../../system/regular-file.ts";
import { encodePng, type GreyImage, greyBytes } from "../image/grey-image.ts";
import { maximumLatentFileBytes } from "../image/latent-file.ts";
import { imagePng } from "../image/picture-grid.ts";
import type { Run } from "../train/run-record.ts";
import {
  decidesByPicture,
  decodeImage,
  type EncodedImage,
  encodeImage,
  type Inversion,
} from "../train/use-run.ts";
import type { Context } from "./context.ts";
import { encodeRemarks } from "./encode-remarks.ts";
import { sizeInWords } from "./evaluation-words.ts";
import { latentFileOf } from "./latent-file-name.ts";
import { openRun, tellWritten, type UseArguments } from "./use-commands.ts";
import { requireOutput, writeOutput } from "./write-output.ts";

interface CodecArguments extends UseArguments {
  readonly input: string;
  readonly output?: string;
  readonly detail?: boolean;
}

export interface EncodeArguments extends CodecArguments {
  readonly invert?: "on" | "off" | "auto";
}

export type DecodeArguments = CodecArguments;

export async function encode(context: Context, options: EncodeArguments): Promise<void> {
  requireJson(options);
  const { input, detail = false, invert = detail ? "auto" : "dataset" } = options;
  const output = options.output ?? (detail ? null : await latentFileOf(input));
  if (output !== null) await requireOutput(output, "latent", [input]);
  const opened = await openRun(options);
  const looks = !options.json;
  const encoded = await encodeImage({ ...opened, image: input, invert, looks });
  if (output !== null) await writeOutput(output, encoded.bytes);
  if (detail) {
    context.terminal.out.line(JSON.stringify(encodedPicture(encoded, inverter(invert, opened.run))));
  } else if (output !== null) {
    if (!options.json) for (const line of encodeRemarks(input, encoded)) context.terminal.err.line(line);
    tellEncoded(context, { ...options, output }, opened.run, encoded);
  }
}

function inverter(invert: Inversion, run: Run): EncodedPicture["invertedBy"] {
  if (invert === "on" || invert === "off") return "user";
  return invert === "auto" && decidesByPicture(run) ? "picture" : "experiment";
}

function tellEncoded(
  context: Context,
  options: EncodeArguments & { readonly output: string },
  run: Run,
  { bytes, seen, latents, modelSha256, psnr, ssim, original }: EncodedImage,
): void {
  const { width, height } = seen;
  tellWritten(context, options, run, {
    latents: latents.length,
    width,
    height,
    modelSha256,
    psnr: decibels(psnr),
    ssim,
    bytes: bytes.length,
    original,
  });
  if (options.json) return;
  const { out } = context.terminal;
  const raw = width * height;
  out.line(
    `  ${raw} pixels in ${latents.length} latents of one byte (${sizeInWords(raw / latents.length)}); ` +
      `the file has ${bytes.length} bytes (${sizeInWords(raw / bytes.length)})`,
  );
  out.line(`  decodes to the picture with a PSNR of ${psnr.toFixed(2)} dB, SSIM ${ssim.toFixed(3)}`);
}

function encodedPicture(encoded: EncodedImage, invertedBy: EncodedPicture["invertedBy"]): EncodedPicture {
  const { seen, reconstruction, bytes, original, inverted, mse, ssim, modelSha256 } = encoded;
  const { width, height } = seen;
  return {
    width,
    height,
    seen: pixelsAsText(seen),
    reconstruction: pixelsAsText(reconstruction),
    latents: [...encoded.latents],
    inverted,
    invertedBy,
    mse,
    psnr: decibels(encoded.psnr),
    ssim,
    bytes: { raw: width * height, png: encodePng(seen).length, latent: bytes.length },
    latentFile: bytes.toString("base64"),
    modelSha256,
    original: { width: original.width, height: original.height, format: original.format },
  };
}

export async function decode(context: Context, options: DecodeArguments): Promise<void> {
  requireJson(options);
  const { input, output, detail = false } = options;
  if (output === undefined && !detail)
    throw new Failure(
      "usage",
      "required option '-o, --output <file>' not specified",
      "Name the PNG to write.",
    );
  if (output !== undefined) await requireOutput(output, "png", [input]);
  const bytes = await readLatentFile(input);
  const opened = await openRun(options);
  const { image, latents, modelSha256 } = await decodeImage({ ...opened, name: input, bytes });
  if (output !== undefined) await writeOutput(output, imagePng(image));
  if (detail) {
    const picture: DecodedPicture = {
      width: image.width,
      height: image.height,
      reconstruction: pixelsAsText(image),
      latents: [...latents],
      modelSha256,
      bytes: { latent: bytes.length },
    };
    context.terminal.out.line(JSON.stringify(picture));
  } else if (output !== undefined) tellWritten(context, { ...options, output }, opened.run, {});
}

function requireJson({ detail, json }: CodecArguments): void {
  if (detail && !json)
    throw new Failure("usage", "--detail has a form for programs only", "Add --json, or leave --detail out.");
}

function pixelsAsText(image: GreyImage): string {
  return Buffer.from(greyBytes(image)).toString("base64");
}

/** JSON has no infinity, which stands for no difference at all. */
function decibels(psnr: number): number | null {
  return Number.isFinite(psnr) ? psnr : null;
}

async function readLatentFile(path: string): Promise<Uint8Array> {
  const refuse = (problem: string) =>
    new Failure("latent-invalid", `${path}: ${problem}`, "Name a file made by: latent-lab encode");
  try {
    return await readWhole(path, maximumLatentFileBytes, refuse);
  } catch (error) {
    throw storageFailure(error, path, "read");
  }
}
