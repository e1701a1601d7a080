/**
 * NVIDIA's driver on machines without a display: containers and servers. The manifest that it installs there for Vulkan
 * names a library that refuses where those of X and GLX are missing; the same driver is also in one that needs neither.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isLibrary } from "../../../system/shared-library.ts";

const library = "libEGL_nvidia.so.0";
const manifest = { file_format_version: "1.0.0", ICD: { library_path: library, api_version: "1.3.0" } };

/**
 * Runs `find` while the Vulkan loader of this process finds that driver and no other: what has been found then keeps it.
 * Null without looking where there is no such driver, where the user has named another, or where nothing can be written.
 */
export async function withDisplaylessDriver<Found>(find: () => Promise<Found | null>): Promise<Found | null> {
  const { VK_DRIVER_FILES: files, VK_ICD_FILENAMES: names } = process.env;
  if (process.platform !== "linux" || files || names || !isLibrary(library)) return null;
  // A folder of its own, which nobody else can write to: a manifest says what is loaded into this process.
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-vulkan-")).catch(() => null);
  if (folder === null) return null;
  const path = join(folder, "nvidia-egl-icd.json");
  try {
    const isWritten = await writeFile(path, JSON.stringify(manifest)).then(
      () => true,
      () => false,
    );
    if (!isWritten) return null;
    // The second is the name that older loaders know.
    process.env.VK_DRIVER_FILES = path;
    process.env.VK_ICD_FILENAMES = path;
    return await find();
  } finally {
    delete process.env.VK_DRIVER_FILES;
    delete process.env.VK_ICD_FILENAMES;
    await rm(folder, { recursive: true, force: true });
  }
}
