/**
 * Whether this process can read what a GPU has computed. Electron cannot: a mapped buffer is memory from outside, and
 * Electron forbids those (node-webgpu, issue 5). No GPU is needed to find out: Dawn's null backend maps buffers as well.
 */
import { Failure, lineOf } from "../../../contract/failure.ts";
import { bufferUsage, loadDawn, mapModeRead } from "./dawn.ts";

export interface Readback {
  /** Whether Dawn can be loaded. */
  readonly dawn: boolean;
  readonly readback: boolean;
  /** Why not, in a line. */
  readonly reason: string | null;
}

export async function tryReadback(): Promise<Readback> {
  try {
    const dawn = await loadDawn();
    const reason = await mapBuffer(dawn.create(["backend=null"]));
    return { dawn: true, readback: reason === null, reason };
  } catch (error) {
    // loadDawn's Failure: anything later is the buffer's.
    const isMissing = error instanceof Failure && error.code === "engine-unavailable";
    return { dawn: !isMissing, readback: false, reason: lineOf(error) };
  }
}

/** Why a buffer cannot be mapped and read, or null. */
async function mapBuffer(gpu: GPU): Promise<string | null> {
  const adapter = await gpu.requestAdapter();
  if (adapter === null) return "the WebGPU library's null backend has no adapter";
  const device = await adapter.requestDevice();
  const buffer = device.createBuffer({ size: 16, usage: bufferUsage.mapRead | bufferUsage.copyDestination });
  // Kept to the end: an instance that is let go may abort the process at its exit.
  process.once("exit", () => [gpu, adapter, device, buffer]);
  const written = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
  device.queue.writeBuffer(buffer, 0, written);
  await buffer.mapAsync(mapModeRead);
  const read = new Uint8Array(buffer.getMappedRange());
  return read.every((byte, index) => byte === written[index]) ? null : "a mapped buffer has another content";
}
