/**
 * Losses of one stretch of training or of one evaluation, per image, as the experiment's reduction says:
 * with `reduction: "sum"` nats (or squared error) per image; with "mean" the same divided by the pixels.
 * `kl` is 0 for a plain autoencoder, and not yet weighted by β: loss = reconstruction + β·kl.
 */
import * as z from "zod/mini";

const losses = () => z.object({ loss: z.number(), reconstruction: z.number(), kl: z.number() });

export const lossesSchema = z.lazy(losses);
export type Losses = z.infer<typeof lossesSchema>;

/** What an evaluation of a whole split finds. */
export const evaluationSchema = z.lazy(() =>
  z.extend(losses(), {
    /** Reconstruction binary cross-entropy above that of a perfect reconstruction, in the unit of `reconstruction`; null for squared error. */
    aboveFloor: z.nullable(z.number()),
    /** Mean squared error per pixel of the deterministic reconstruction (from μ for a VAE), pixels in 0..1. */
    pixelMse: z.number(),
    /** KL divergence of each latent dimension in nats, averaged over the images; empty for a plain autoencoder. */
    klPerDimension: z.array(z.number()),
    /**
     * How many latent dimensions are active: the variance of their μ over the images is above 0.01. Null for a plain
     * autoencoder, and for a single image, over which nothing varies.
     */
    activeUnits: z.nullable(z.number()),
    /** Which they are, in ascending order. Absent where `activeUnits` is null, and from runs of earlier versions. */
    activeDimensions: z.optional(z.array(z.number())),
  }),
);
export type Evaluation = z.infer<typeof evaluationSchema>;
