/** What a race asks of a contestant in one turn, and what it hears back. */
import * as z from "zod/mini";

export const epochRequestSchema = z.object({
  /** Steps to take from the start of a newly shuffled epoch; null: all of it. */
  steps: z.nullable(z.int().check(z.minimum(1))),
});
export type EpochRequest = z.infer<typeof epochRequestSchema>;

export const epochResultSchema = z.object({
  /** Wall-clock, training alone. */
  seconds: z.number().check(z.gt(0)),
  /** Images trained on in that time. */
  images: z.int().check(z.minimum(1)),
  /** Mean over those images of the loss while training: shows that all contestants do the same work. */
  loss: z.number(),
});
export type EpochResult = z.infer<typeof epochResultSchema>;
