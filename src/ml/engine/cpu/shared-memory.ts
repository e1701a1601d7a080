/**
 * The one memory that the CPU engine's threads share.
 */
import { Failure } from "../../../contract/failure.ts";

const pageBytes = 65_536;

/** All zero. Throws a Failure (out-of-memory). */
export function allocateMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / pageBytes);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (error) {
    throw new Failure(
      "out-of-memory",
      `the CPU engine could not get ${(bytes / 2 ** 20).toFixed(0)} MiB of memory`,
      "Close other programs, or use a smaller batch, narrower layers or fewer images.",
      { cause: error },
    );
  }
}
