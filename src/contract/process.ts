/** Which process somebody is, as files name it; who is still alive is ../system/process-identity.ts's to find out. */
import * as z from "zod/mini";

export const processIdentity = () =>
  z.object({
    pid: z.int().check(z.minimum(1)),
    host: z.string(),
    /** Start time in clock ticks after boot, and which boot; null where the system does not tell. */
    startTime: z.nullable(z.string()),
  });
export type ProcessIdentity = z.infer<ReturnType<typeof processIdentity>>;
