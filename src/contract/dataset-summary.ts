/** A dataset without its pixels: what is said of it wherever a run is described. */
import * as z from "zod/mini";

export const datasetSummarySchema = z.lazy(() =>
  z.object({
    name: z.string(),
    /** Where the pixels came from, in words. */
    source: z.string(),
    sha256: z.string(),
    /** Images in each split. */
    train: z.number(),
    test: z.number(),
    /** Pixels of an image. */
    width: z.number(),
    height: z.number(),
  }),
);
