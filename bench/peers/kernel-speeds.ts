/** What kernel-speed.ts measures in one turn, on one thread. */
import * as z from "zod/mini";

const productSchema = z.object({
  /** Length of the sums: K of [6, K] · [K, 16]. */
  inner: z.int(),
  timings: z.array(
    z.object({
      /** GFLOP/s of the kernel. */
      kernel: z.number(),
      /** GFLOP/s of multiply-adds on registers, timed just before. */
      peak: z.number(),
    }),
  ),
});

export const kernelSpeedsSchema = z.object({ products: z.array(productSchema) });
export type KernelSpeeds = z.infer<typeof kernelSpeedsSchema>;
export type ProductSpeeds = z.infer<typeof productSchema>;
