/** The GPU that is measured, as its driver names it. */
import * as z from "zod/mini";
import { ownScript } from "../contestants.ts";
import { Peer, type PeerCommand } from "../peer.ts";

const gpuSchema = z.object({ name: z.string(), driver: z.string(), software: z.boolean() });
export type Gpu = z.infer<typeof gpuSchema>;

const secondsToFind = 60;

/** Throws a PeerUnavailable, whose chatter says what the library that looks for Vulkan drivers met with. */
export async function findGpu(signal: AbortSignal): Promise<Gpu> {
  const patience = { seconds: secondsToFind, signal };
  const command: PeerCommand = {
    ...ownScript("adapter", []),
    environment: { VK_LOADER_DEBUG: "error,warn" },
  };
  const peer = await Peer.start(command, patience);
  try {
    return gpuSchema.parse(await peer.ask({}, patience));
  } finally {
    await peer.close();
  }
}
