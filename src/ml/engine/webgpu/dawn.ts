/**
 * Dawn, the WebGPU implementation in the npm package `webgpu`: loading it. It is native code for one platform, in a
 * package of its own that an installation may lack, so it is loaded only when a GPU is looked for.
 */
import { Failure, hasSystemCode, lineOf } from "../../../contract/failure.ts";

export interface Dawn {
  /**
   * An instance with these options ("backend=null", "enable-dawn-features=…"). To be kept, with its results, for the
   * process's life: two that were let go have been seen to abort at exit.
   */
  create(options: readonly string[]): GPU;
}

/** WebGPU's constants, which a browser has as globals (WebGPU, sections 5.1, 5.4 and 8.1). */
export const bufferUsage = {
  mapRead: 0x0001,
  copySource: 0x0004,
  copyDestination: 0x0008,
  storage: 0x0080,
} as const;
export const mapModeRead = 0x0001;
export const computeStage = 0x0004;

/** Throws a Failure (engine-unavailable) where the package is missing or made for another platform. */
export async function loadDawn(): Promise<Dawn> {
  try {
    const { create } = await import("webgpu");
    return { create: (options) => create([...options]) };
  } catch (error) {
    const isHere = hasSystemCode(error, "ERR_DLOPEN_FAILED");
    throw new Failure(
      "engine-unavailable",
      `the WebGPU library cannot be loaded (${lineOf(error)})`,
      isHere
        ? `It needs ${needs[process.platform] ?? "another system"}. Without that, use the CPU engine: --engine cpu.`
        : `Install Latent Lab's package for this platform (${process.platform}-${process.arch}), which has it.`,
      { cause: error },
    );
  }
}

/** What the library was built for. */
const needs: Readonly<Record<string, string>> = {
  linux: "glibc 2.34 and a libstdc++ of GCC 12, or later: Debian 12, Ubuntu 22.04, RHEL 10",
  win32: "Microsoft's Visual C++ Redistributable of 2015 to 2022",
  darwin: "macOS 15 or later",
};
