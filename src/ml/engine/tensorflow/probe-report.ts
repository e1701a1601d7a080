/** What the probe's process (probe-process.ts) says of a package, as one line of JSON. */
import * as z from "zod/mini";

export const probeReportSchema = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("unloadable"), message: z.string() }),
  z.object({ outcome: z.literal("wrong"), message: z.string() }),
  z.object({
    outcome: z.literal("right"),
    /** TensorFlow.js's name of it: "tensorflow", "cpu", "wasm". */
    backend: z.string(),
    gpu: z.boolean(),
  }),
]);
export type ProbeReport = z.infer<typeof probeReportSchema>;
