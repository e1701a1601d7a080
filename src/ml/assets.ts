/**
 * Where the files lie that the build puts beside the program: fonts, WebAssembly, worker scripts.
 * The same answer from `src/` under test and from the bundle in `dist/`.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "../contract/failure.ts";

const packageName = "latent-lab";

/**
 * The absolute path of `dist/<name>` in the package this module belongs to: "fonts/Inter_400Regular.ttf".
 * Whether the file exists is for the caller to find out. Throws a Failure (internal) outside any such package.
 */
export function assetPath(name: string): string {
  return join(packageRoot(dirname(fileURLToPath(import.meta.url))), "dist", name);
}

/** The nearest folder at or above `folder` whose package.json carries our name. */
function packageRoot(folder: string): string {
  if (nameInPackageJson(folder) === packageName) return folder;
  const parent = dirname(folder);
  if (parent === folder)
    throw new Failure(
      "internal",
      `no package.json of ${packageName} above ${fileURLToPath(import.meta.url)}`,
      "The installation is incomplete: install it again.",
    );
  return packageRoot(parent);
}

function nameInPackageJson(folder: string): unknown {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return typeof manifest === "object" && manifest !== null && "name" in manifest
      ? manifest.name
      : undefined;
  } catch {
    // No such file, or not ours to judge: look further up.
    return undefined;
  }
}
