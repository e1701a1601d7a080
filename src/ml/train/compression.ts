/**
 * What a model makes of the size of an image, in numbers and in bytes: "784/32" counts dimensions, and says nothing
 * of how many bytes each takes.
 */
import type { DoneEvent } from "../../contract/events.ts";
import type { Network } from "../model/network.ts";

/** Against an 8-bit image of one byte per pixel; latents alone, without any file's header. */
export function compressionOf({
  pixels,
  latent,
}: Pick<Network, "pixels" | "latent">): DoneEvent["compression"] {
  return { dimensions: pixels / latent, bytesFloat32: pixels / (4 * latent), bytesInt8: pixels / latent };
}
