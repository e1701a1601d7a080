/** How far an installation of an engine is, as its process tells the extension, line by line. */
import * as z from "zod/mini";

export const installingSchema = z.lazy(() =>
  z.object({
    event: z.literal("installing"),
    /** With npm first; then what came is tried out. */
    doing: z.enum(["fetch", "try"]),
    /** On the disk so far. */
    bytes: z.number(),
  }),
);
export type Installing = z.infer<typeof installingSchema>;

/** What `engines install NAME --json` prints last: where it is, and whether it can be used here. */
export const installedSchema = z.lazy(() =>
  z.object({
    name: z.string(),
    folder: z.string(),
    available: z.boolean(),
    /** Of the device, where it is available. */
    description: z.optional(z.string()),
    /** Why it is not, and what to do. */
    reason: z.optional(z.string()),
    hint: z.optional(z.string()),
  }),
);
export type Installed = z.infer<typeof installedSchema>;
