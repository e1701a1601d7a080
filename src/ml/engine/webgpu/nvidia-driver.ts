/**
 * NVIDIA's driver on machines without a display: containers and servers. The manifest that it installs there for Vulkan
 * names a library that refuses where those of X and GLX are missing; the same driver is also in one that needs neither.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../../data/cache-folder.ts";

const library = "libEGL_nvidia.so.0";

/**
 * Lets the Vulkan loader of this process find the driver there. False where there is none, or where the user has named
 * a driver: then nothing has changed.
 */
export async function useDisplaylessDriver(): Promise<boolean> {
  const { VK_DRIVER_FILES: files, VK_ICD_FILENAMES: names } = process.env;
  if (process.platform !== "linux" || files || names || !isLibrary(library)) return false;
  const folder = cacheFolder(process.env);
  const manifest = join(folder, "nvidia-egl-icd.json");
  const content = { file_format_version: "1.0.0", ICD: { library_path: library, api_version: "1.3.0" } };
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(manifest, JSON.stringify(content));
  } catch {
    return false;
  }
  process.env.VK_DRIVER_FILES = manifest;
  process.env.VK_ICD_FILENAMES = manifest;
  return true;
}

/** Asks the system's own search for libraries. One that was loaded is no module of Node's, which is another error. */
function isLibrary(name: string): boolean {
  try {
    process.dlopen({ exports: {} }, name);
    return true;
  } catch (error) {
    return /self-register/.test(String(error));
  }
}
