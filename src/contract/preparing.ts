/** How far a dataset is while it is being got ready, as processes and panels tell each other. */
import * as z from "zod/mini";

export const preparing = () =>
  z.object({
    doing: z.enum(["download", "draw", "read"]),
    /** So far, and in all: bytes of a download (the total is an estimate until the last file), else images. */
    done: z.number(),
    total: z.number(),
  });

export const preparingSchema = z.lazy(preparing);
export type Preparing = z.infer<typeof preparingSchema>;
