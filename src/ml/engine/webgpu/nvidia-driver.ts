/**
 * NVIDIA's driver on machines without a display: containers and servers. The manifest that it installs there for Vulkan
 * names a library that refuses where those of X and GLX are missing; the same driver is also in one that needs neither.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../../data/cache-folder.ts";

const library = "libEGL_nvidia.so.0";

/**
 * Runs `find` while the Vulkan loader of this process finds that driver and no other; where it finds a GPU, it stays so.
 * Null without looking where there is no such driver, or where the user has named another.
 */
export async function withDisplaylessDriver<Found>(find: () => Promise<Found | null>): Promise<Found | null> {
  const folder = cacheFolder(process.env);
  const manifest = join(folder, "nvidia-egl-icd.json");
  const { VK_DRIVER_FILES: files, VK_ICD_FILENAMES: names } = process.env;
  const isNamed = [files, names].some((named) => named && named !== manifest);
  if (process.platform !== "linux" || isNamed || !isLibrary(library)) return null;
  try {
    const content = { file_format_version: "1.0.0", ICD: { library_path: library, api_version: "1.3.0" } };
    await mkdir(folder, { recursive: true });
    await writeFile(manifest, JSON.stringify(content));
  } catch {
    // Without a cache that can be written there is no manifest.
    return null;
  }
  // The second is the name that older loaders know.
  process.env.VK_DRIVER_FILES = manifest;
  process.env.VK_ICD_FILENAMES = manifest;
  const found = await find();
  if (found === null) {
    delete process.env.VK_DRIVER_FILES;
    delete process.env.VK_ICD_FILENAMES;
  }
  return found;
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
