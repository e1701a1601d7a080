/**
 * NVIDIA's driver on machines without a display: containers and servers. The manifest that it installs there for Vulkan
 * names a library that refuses where those of X and GLX are missing; the same driver is also in one that needs neither.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "../../data/cache-folder.ts";

const library = "libEGL_nvidia.so.0";
const manifestName = "nvidia-egl-icd.json";
const manifest = JSON.stringify({
  file_format_version: "1.0.0",
  ICD: { library_path: library, api_version: "1.3.0" },
});

/**
 * Runs `find` while the Vulkan loader of this process finds that driver and no other; where it finds a GPU, it stays so.
 * Null without looking where there is no such driver, or where the user has named another.
 */
export async function withDisplaylessDriver<Found>(find: () => Promise<Found | null>): Promise<Found | null> {
  const ours = [cacheFolder(process.env), tmpdir()].map((folder) => join(folder, manifestName));
  const { VK_DRIVER_FILES: files, VK_ICD_FILENAMES: names } = process.env;
  const isNamed = [files, names].some((named) => named && !ours.includes(named));
  if (process.platform !== "linux" || isNamed || !isLibrary(library)) return null;
  const path = (await keptIn(cacheFolder(process.env))) ?? (await keptIn(tmpdir()));
  if (path === null) return null;
  // The second is the name that older loaders know.
  process.env.VK_DRIVER_FILES = path;
  process.env.VK_ICD_FILENAMES = path;
  const found = await find();
  if (found === null) {
    delete process.env.VK_DRIVER_FILES;
    delete process.env.VK_ICD_FILENAMES;
  }
  return found;
}

/** The manifest's path in a folder, whole at any moment, for other processes may read it; null where it cannot be kept. */
async function keptIn(folder: string): Promise<string | null> {
  const path = join(folder, manifestName);
  if ((await readFile(path, "utf8").catch(() => null)) === manifest) return path;
  const temporary = `${path}.${process.pid}`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(temporary, manifest);
    await rename(temporary, path);
    return path;
  } catch {
    return null;
  }
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
