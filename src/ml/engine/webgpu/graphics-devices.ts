/**
 * What the system shows of GPUs where WebGPU finds none: a driver may be there and out of reach, and then to install one
 * does not help.
 */
import { access, constants, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isLibrary } from "../../../system/shared-library.ts";

export interface GraphicsSystem {
  readonly platform: NodeJS.Platform;
  /** Where Linux shows its devices. */
  readonly devices: string;
  /** Whether this user may open a device. */
  readonly mayUse: (path: string) => Promise<boolean>;
  readonly isLibrary: (name: string) => boolean;
}

const thisSystem: GraphicsSystem = {
  platform: process.platform,
  devices: "/dev",
  mayUse: (path) =>
    access(path, constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    ),
  isLibrary,
};

/** False where Linux shows none; elsewhere nobody can tell. "dxg" is the GPU of Windows under WSL. */
export async function hasGraphicsDevice({ platform, devices } = thisSystem): Promise<boolean> {
  if (platform !== "linux") return true;
  return (await namesIn(devices)).some((name) => /^(?:dri|nvidia\d+|nvidiactl|kfd|dxg|mali\d*)$/.test(name));
}

/** One line: what to do where WebGPU finds no GPU. */
export async function remedyForNoGpu(system = thisSystem): Promise<string> {
  return `${await remedy(system)}; or use the CPU engine.`;
}

async function remedy(system: GraphicsSystem): Promise<string> {
  if (system.platform !== "linux") return "Install the driver of your GPU";
  const { devices, mayUse } = system;
  const names = await namesIn(devices);
  const nodes = (await namesIn(join(devices, "dri"))).filter((name) => /^renderD\d+$/.test(name)).sort();
  if (names.includes("dxg") && nodes.length === 0)
    return "Under WSL few drivers know Vulkan: use Latent Lab on Windows itself";
  if (names.some((name) => /^nvidia\d+$/.test(name)) && !nvidiaLibraries.some(system.isLibrary))
    return "Install the graphics part of NVIDIA's driver (libnvidia-gl); start a container with NVIDIA_DRIVER_CAPABILITIES=all";
  const usable = await Promise.all(nodes.map((name) => mayUse(join(devices, "dri", name))));
  const [node] = nodes;
  if (node !== undefined && !usable.includes(true))
    return `You may not use ${join(devices, "dri", node)}: sudo usermod -aG render,video $USER, then log in again`;
  if (!system.isLibrary("libvulkan.so.1"))
    return "Install Vulkan's loader (libvulkan1) and the driver of your GPU";
  return "Install the driver of your GPU, with Vulkan";
}

/** Either has NVIDIA's driver for Vulkan. */
const nvidiaLibraries = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"] as const;

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((): string[] => []);
}
