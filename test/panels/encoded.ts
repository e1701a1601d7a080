/**
 * Pictures as a really trained run encodes them, as the messages by which the extension shows them. The command line
 * encodes and decodes; the numbers about both come from the product's own measures.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EncodedPicture } from "../../src/contract/encoded-picture.ts";
import { decodeGrey } from "../../src/ml/image/decode.ts";
import { encodePng, enlarge, greyFloats } from "../../src/ml/image/grey-image.ts";
import { decodeLatentFile } from "../../src/ml/image/latent-file.ts";
import { meanSquaredError, psnrOfError, structuralSimilarity } from "../../src/ml/image/quality.ts";
import type { RealRun } from "./real-run.ts";

const program = fileURLToPath(new URL("../../dist/latent-lab.js", import.meta.url));
const side = 28;

/** A test image of the run as a PNG of its own, `factor` times as large: what a user would right-click. */
export async function digitPng(run: RealRun, column: number, factor: number): Promise<Buffer> {
  const [preview] = run.previews.values();
  if (preview === undefined) throw new Error("the run has no previews");
  const sheet = { width: 289, height: 86 };
  const { pixels } = await decodeGrey({ name: "preview", bytes: preview }, { ...sheet, invert: false });
  const digit = new Uint8Array(side * side);
  for (let row = 0; row < side; row++) {
    const from = row * sheet.width + column * (side + 1);
    digit.set(pixels.subarray(from, from + side), row * side);
  }
  return encodePng(enlarge({ width: side, height: side, pixels: digit }, factor));
}

/** Encodes the PNG with the run and measures what comes back. `name` is a file name in `folder`. */
export async function encodePicture(
  run: RealRun,
  folder: string,
  name: string,
  png: Buffer,
): Promise<EncodedPicture> {
  const [image, latent, decoded] = [name, `${name}.latent`, `${name}.decoded.png`].map((file) =>
    join(folder, file),
  ) as [string, string, string];
  writeFileSync(image, png);
  command("encode", run.folder, image, "-o", latent);
  command("decode", run.folder, latent, "-o", decoded);
  const size = { width: side, height: side };
  const seen = await decodeGrey(image, { ...size, invert: false });
  const reconstruction = await decodeGrey(decoded, { ...size, invert: false });
  const file = readFileSync(latent);
  const { latents, modelHash } = decodeLatentFile(file, latent);
  const [a, b] = [seen, reconstruction].map(({ pixels }) => greyFloats({ ...size, pixels })) as [
    Float32Array,
    Float32Array,
  ];
  const mse = meanSquaredError(a, b);
  return {
    ...size,
    seen: base64(seen.pixels),
    reconstruction: base64(reconstruction.pixels),
    latents: [...latents],
    inverted: false,
    invertedBy: "picture",
    mse,
    psnr: psnrOfError(mse),
    ssim: structuralSimilarity(a, b, side, side),
    bytes: {
      raw: side * side,
      png: encodePng({ ...size, pixels: seen.pixels }).length,
      latent: file.length,
    },
    latentFile: base64(file),
    modelSha256: modelHash,
    original: seen.original,
  };
}

function command(...args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [program, ...args, "--threads", "1"], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${args[0]} failed: ${stderr}`);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
