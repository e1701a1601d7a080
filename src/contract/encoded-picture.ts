/**
 * A picture as a model sees and remembers it: what `latent-lab encode --detail --json` prints and what the editor's
 * encode panel shows; and what a `.latent` file holds, as `decode --detail --json` prints it. Pixels are bytes, row by
 * row, as base64.
 */
import * as z from "zod/mini";
import { maximumImageSide } from "./experiment.ts";

const side = () => z.int().check(z.minimum(1), z.maximum(maximumImageSide));
const count = () => z.int().check(z.minimum(0));

export const encodedPictureSchema = z.lazy(() =>
  z.object({
    width: side(),
    height: side(),
    /** The picture in grey, in the size of the run's images. */
    seen: z.base64(),
    /** What the `.latent` file decodes to. */
    reconstruction: z.base64(),
    /** As the file holds them: after quantisation. */
    latents: z.array(z.number()),
    /**
     * Whether dark and light were swapped, and what that was decided by: a look at the picture, the experiment's own
     * setting (for runs that were trained on a folder of pictures), or the user.
     */
    inverted: z.boolean(),
    invertedBy: z.enum(["picture", "experiment", "user"]),
    /** Mean squared error per pixel, pixels in 0..1. */
    mse: z.number(),
    /** In dB; null stands for no difference at all. */
    psnr: z.nullable(z.number()),
    ssim: z.number(),
    bytes: z.object({
      /** One byte a pixel. */
      raw: count(),
      /** The grey picture as PNG. */
      png: count(),
      /** The whole `.latent` file. */
      latent: count(),
    }),
    /** The `.latent` file. */
    latentFile: z.base64(),
    modelSha256: z.string(),
    /** The file as it lies on the disk. */
    original: z.object({ width: count(), height: count(), format: z.string() }),
  }),
);
export type EncodedPicture = z.infer<typeof encodedPictureSchema>;

export const decodedPictureSchema = z.lazy(() =>
  z.object({
    width: side(),
    height: side(),
    reconstruction: z.base64(),
    /** As the file holds them. */
    latents: z.array(z.number()),
    /** The model that made the file, and decoded it. */
    modelSha256: z.string(),
    bytes: z.object({
      /** The whole `.latent` file. */
      latent: count(),
    }),
  }),
);
export type DecodedPicture = z.infer<typeof decodedPictureSchema>;

/** Where a `.latent` file names the model it belongs to: the SHA-256 of the weights, in bytes. */
export const latentFileModel = { offset: 14, length: 32 } as const;
