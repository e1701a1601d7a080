/**
 * Installing TensorFlow where find-package.ts looks for it, and taking it away again. npm fills a folder beside that
 * place; only what could be loaded then moves there, in one step, so that what lies there is whole.
 */
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import { Failure, storageFailure } from "../../../contract/failure.ts";
import type { Installing } from "../../../contract/installing.ts";
import { processIdentity } from "../../../contract/process.ts";
import { livenessOf, ownIdentity } from "../../../system/process-identity.ts";
import { makeFolder } from "../../folders.ts";
import type { Device, Unavailable } from "../engine.ts";
import { installedEngines, installedTensorflow, packageIn } from "./find-package.ts";
import { findNpm, type NpmEnded, runNpm } from "./npm.ts";
import { probePackage } from "./probe-package.ts";

const gpuPackage = "@tensorflow/tfjs-node-gpu";
const version = "4.22.0";
const millisecondsBetweenLooks = 1000;
/** Of the folders that an installation works in: "tensorflow-part-x7Gf2a". */
const unfinished = "tensorflow-part-";
/** Of such a folder's package.json, which npm leaves as it is beside what it adds. */
const ownerSchema = z.object({ latentLab: z.object({ owner: processIdentity() }) });

export interface InstallOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** Aborting ends the work with the Failure "interrupted"; what was fetched is removed. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Installing) => void) | undefined;
}

export interface Installed {
  readonly folder: string;
  /** It may be whole and yet of no use here, without a GPU. */
  readonly device: Device | Unavailable;
}

/**
 * Throws a Failure, and then keeps nothing: engine-unavailable without npm or where the package cannot be loaded;
 * download-failed; storage-*; interrupted.
 */
export async function installTensorflow(options: InstallOptions): Promise<Installed> {
  const { environment, signal } = options;
  const npm = await findNpm(environment);
  const part = await workFolder(installedEngines(environment));
  try {
    const ended = await fetchPackage(
      part,
      () => runNpm(npm, npmArguments(part), { ...options, folder: part }),
      options,
    );
    requireUninterrupted(signal);
    if (ended.code !== 0) throw npmFailure(ended, part);
    options.onProgress?.({ event: "installing", doing: "try", bytes: await bytesBelow(part) });
    const device = await tryOut(part, options);
    requireUninterrupted(signal);
    const folder = installedTensorflow(environment);
    await moveIntoPlace(part, folder);
    return { folder, device };
  } catch (error) {
    throw storageFailure(error, part, "write");
  } finally {
    await removeFolder(part);
  }
}

/** What installations that were killed have left; of those on other machines nothing is known. */
async function removeLeftOvers(engines: string): Promise<void> {
  const names = await readdir(engines).catch((): string[] => []);
  for (const name of names.filter((each) => each.startsWith(unfinished))) {
    const folder = join(engines, name);
    // Whatever keeps it from being removed does not keep TensorFlow from being installed.
    if (await isLeftOver(folder)) await removeFolder(folder).catch(() => {});
  }
}

async function isLeftOver(folder: string): Promise<boolean> {
  try {
    const manifest = ownerSchema.parse(JSON.parse(await readFile(join(folder, "package.json"), "utf8")));
    return (await livenessOf(manifest.latentLab.owner, null)) === "dead";
  } catch {
    // It is being made, or was not made by us.
    return false;
  }
}

/** Whether there was anything to take away. What an installation that was killed has left goes as well. */
export async function removeTensorflow(environment: NodeJS.ProcessEnv): Promise<boolean> {
  const engines = installedEngines(environment);
  const names = await readdir(engines).catch((): string[] => []);
  const ours = names.filter((name) => name === "tensorflow" || name.startsWith(unfinished));
  for (const name of ours)
    await removeFolder(join(engines, name)).catch((error: unknown) => {
      throw storageFailure(error, join(engines, name), "write");
    });
  return ours.length > 0;
}

async function workFolder(engines: string): Promise<string> {
  try {
    await makeFolder(engines);
    await removeLeftOvers(engines);
    const part = await mkdtemp(join(engines, unfinished));
    const manifest = {
      private: true,
      // Newer npms run a package's install script only where the project says so.
      allowScripts: { [gpuPackage]: true },
      latentLab: { owner: await ownIdentity() },
    };
    await writeFile(join(part, "package.json"), JSON.stringify(manifest));
    return part;
  } catch (error) {
    throw storageFailure(error, engines, "write");
  }
}

/** `--prefix`: below `npx`, the environment names another project. Retries that wait for minutes help nobody. */
function npmArguments(folder: string): string[] {
  return [
    ...["install", `${gpuPackage}@${version}`, "--prefix", folder, "--no-global"],
    ...["--no-audit", "--no-fund", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"],
  ];
}

/** Tells how much has come while npm works, which itself tells nothing to who is no terminal. */
async function fetchPackage(
  part: string,
  run: () => Promise<NpmEnded>,
  { onProgress }: InstallOptions,
): Promise<NpmEnded> {
  let isLooking = false;
  const look = async () => {
    if (isLooking) return;
    isLooking = true;
    onProgress?.({ event: "installing", doing: "fetch", bytes: await bytesBelow(part) });
    isLooking = false;
  };
  await look();
  const timer = setInterval(() => void look(), millisecondsBetweenLooks);
  try {
    return await run();
  } finally {
    clearInterval(timer);
  }
}

/** Throws a Failure (engine-unavailable) where it cannot even be loaded. */
async function tryOut(part: string, options: InstallOptions): Promise<Device | Unavailable> {
  const found = await packageIn(part);
  if (found === null)
    throw new Failure("engine-unavailable", `npm brought no ${gpuPackage}; nothing was kept`, "Try again.");
  const { loads, device } = await probePackage(found, options);
  requireUninterrupted(options.signal);
  if (loads || device.available) return device;
  throw new Failure(
    "engine-unavailable",
    `${device.reason}; nothing was kept`,
    "See that npm's setting ignore-scripts is off and try again, or choose another engine.",
  );
}

async function moveIntoPlace(part: string, folder: string): Promise<void> {
  // A folder cannot be renamed onto one with something in it: what was there goes aside first, and then away.
  const aside = await mkdtemp(join(dirname(folder), unfinished));
  const old = join(aside, "tensorflow");
  const wasThere = await rename(folder, old).then(
    () => true,
    () => false,
  );
  try {
    await rename(part, folder);
  } catch (error) {
    if (wasThere) await rename(old, folder);
    throw error;
  } finally {
    await removeFolder(aside);
  }
}

function npmFailure({ error, code }: NpmEnded, part: string): Failure {
  const text = `${error?.summary ?? ""}\n${error?.detail ?? ""}`;
  if (error?.code === "ENOSPC" || /\bENOSPC\b/.test(text))
    return new Failure("storage-full", `${part}: the disk is full`, "Free 2 GB, then try again.");
  const network =
    /^(?:ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|CERT_\w+|UNABLE_TO_\w+|SELF_SIGNED\w*|DEPTH_ZERO\w*|E[45]\d\d)$/;
  if (typeof error?.code === "string" && network.test(error.code))
    return new Failure(
      "download-failed",
      `npm cannot get ${gpuPackage} (${error.code})`,
      "Check the network, and npm's settings of registry and proxy, then try again.",
    );
  if (typeof error?.code === "number") {
    const cause = /\b(?:Error|error): ([^\n]{1,200})/.exec(error.detail)?.[1] ?? `exit code ${error.code}`;
    return new Failure(
      "download-failed",
      `the install script of ${gpuPackage} failed (${cause})`,
      "It downloads TensorFlow itself, which takes a network that reaches it; where it is blocked, copy an installed folder here and name it in LATENT_LAB_TENSORFLOW.",
    );
  }
  const cause = error === null ? `exit code ${code}` : `${error.code}: ${error.summary.split("\n", 1)[0]}`;
  return new Failure("download-failed", `npm failed (${cause})`, "Try again, or look into npm's own log.");
}

function requireUninterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new Failure(
      "interrupted",
      "the installation was stopped; nothing was kept",
      "Start it again when you like: latent-lab engines install tensorflow",
    );
}

/** Of files, as far as they can be read while they come and go. */
async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries)
    if (entry.isFile())
      bytes += await stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      );
  return bytes;
}

/** npm's processes may be writing to it for a moment longer. */
async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
