/**
 * Where TensorFlow is looked for: in the folder that LATENT_LAB_TENSORFLOW names, and only there, or else in the place
 * below the cache folder that `latent-lab engines install tensorflow` fills. The terminal and the extension share that
 * place, so that what one of them installs is there for the other; the extension's setting is that variable.
 */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import * as z from "zod/mini";
import { cacheFolder } from "../../data/cache-folder.ts";
import type { Unavailable } from "../engine.ts";

/** Of what serves, the best first. */
const packageNames = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node", "@tensorflow/tfjs"];

const manifestSchema = z.object({ name: z.enum(packageNames), version: z.string() });

export interface TensorflowPackage {
  /** Absolute path of the folder with its package.json. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
}

/** Below it lie engines that were installed by us. */
export function installedEngines(environment: NodeJS.ProcessEnv): string {
  return join(cacheFolder(environment), "engines");
}

/** The folder that an installation makes, with a `node_modules` in it. */
export function installedTensorflow(environment: NodeJS.ProcessEnv): string {
  return join(installedEngines(environment), "tensorflow");
}

export async function findTensorflow(
  environment: NodeJS.ProcessEnv,
): Promise<TensorflowPackage | Unavailable> {
  const named = environment.LATENT_LAB_TENSORFLOW ?? "";
  const found = await packageIn(named === "" ? installedTensorflow(environment) : resolve(named));
  if (found !== null) return found;
  if (named === "")
    return {
      available: false,
      reason: "TensorFlow is not installed",
      hint: "Install it: latent-lab engines install tensorflow (in VS Code: Install TensorFlow Engine).",
    };
  return {
    available: false,
    reason: `there is no TensorFlow in ${named}, which LATENT_LAB_TENSORFLOW (in VS Code: latentLab.tensorflow) names`,
    hint: `Name a folder whose node_modules has ${packageNames[0]}, or that package's own folder.`,
  };
}

/** The package that a folder is, or that is below its `node_modules` or below itself. */
export async function packageIn(folder: string): Promise<TensorflowPackage | null> {
  const inside = packageNames.flatMap((name) => [join(folder, "node_modules", name), join(folder, name)]);
  // Itself first: tfjs-node-gpu may have a tfjs of its own inside.
  for (const candidate of [folder, ...inside]) {
    const manifest = manifestSchema.safeParse(await readJson(join(candidate, "package.json")));
    if (manifest.success) return { folder: candidate, ...manifest.data };
  }
  return null;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    // Not there, or no manifest: whatever it is, it is not the package.
    return null;
  }
}
