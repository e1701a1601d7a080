/** Making folders and making what they hold durable: what `data` and `train` both need of the file system. */
import { mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Failure, hasSystemCode } from "../contract/failure.ts";

/**
 * Makes a folder and those it lies in. False where it was there. Throws the system's error; a Failure
 * (storage-denied) where the file system takes no folders at all.
 */
export async function makeFolder(path: string): Promise<boolean> {
  // Node's own recursive mkdir never ends where a folder that is there takes no new ones (/proc), and takes a
  // read-only file system for a missing folder.
  if (await makeInParent(path)) return true;
  if (await isFolder(path)) return false;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  if ((await makeInParent(path)) || (await isFolder(path))) return true;
  throw new Failure(
    "storage-denied",
    `${path}: no folder can be made in ${parent}`,
    "Choose another folder.",
  );
}

/** False where the parent is missing, and where the folder was there. */
async function makeInParent(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    // Windows says of "C:\" that it is not permitted.
    if (hasSystemCode(error, "ENOENT") || (await isFolder(path))) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Makes the names in a folder durable. Windows has no such call, and some network file systems refuse it. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } catch (error) {
    if (!hasSystemCode(error, "EINVAL", "ENOTSUP", "EOPNOTSUPP", "EPERM")) throw error;
  } finally {
    await handle.close();
  }
}
