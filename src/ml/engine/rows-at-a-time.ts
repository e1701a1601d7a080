/** How many images a session evaluates, encodes or decodes at a time. */
import type { Network } from "../model/network.ts";

/** Small training batches need not make evaluation slow. */
const fewest = 128;

export function rowsAtATime({ batch }: Network): number {
  return Math.max(batch, fewest);
}
