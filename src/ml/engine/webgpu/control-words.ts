/**
 * The control words: what kernels are told from call to call, by their index in the `control` arena. The host writes
 * them before a call; what kernels themselves count is in `counters` (see module.ts).
 */

/** Steps of the range before this call: the first image of a step is (FIRST + step) · BATCH. */
export const FIRST = 0;
/** Images of the range. */
export const COUNT = 1;
/** Images in a step; the last one of a range may hold fewer. */
export const BATCH = 2;
/** 1: `order` says which image comes when; 0: as they lie. */
export const ORDERED = 3;
/** First word of the range's pixels in `dataset`. */
export const PIXELS = 4;
/** Training steps taken before this call, over all epochs. */
export const GLOBAL_STEP = 5;
export const CONTROL_WORDS = 6;

/** Words a result slot holds before its latent statistics: sums of reconstruction loss, KL divergence, squared error. */
export const RECONSTRUCTION = 0;
export const KL = 1;
export const SQUARES = 2;
export const LATENT_SUMS = 3;
