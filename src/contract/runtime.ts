/**
 * What a Node says of itself when the extension asks whether it can run trainings (`latent-lab runtime --json`), one
 * line each time it knows more: whatever ends it before the last line, a GPU library that crashes or hangs among it, the
 * line before stands.
 */
import * as z from "zod/mini";

export const runtimeVerdictSchema = z.lazy(() =>
  z.object({
    /** Its version: "24.21.0". */
    node: z.string().check(z.regex(/^\d+\.\d+\.\d+/)),
    /** Electron's version, where it is an editor's own runtime. */
    electron: z.nullable(z.string()),
    /** Whether the WebGPU library is there and can be loaded. */
    dawn: z.boolean(),
    /** Whether a GPU's results can be read back: a buffer was mapped and read. */
    readback: z.boolean(),
    /** Why not, in a line. */
    reason: z.nullable(z.string()),
  }),
);

export type RuntimeVerdict = z.infer<typeof runtimeVerdictSchema>;
