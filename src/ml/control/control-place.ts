/**
 * Where the control socket is, and the file that says so: a folder and a file that nobody but their owner can look
 * into, and that are gone when the process is. Listening there is control-socket.ts's.
 */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type ControlFile, controlProtocolVersion } from "../../contract/control.ts";
import { hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { ownIdentity } from "../../system/process-identity.ts";
import { makeFolder } from "../folders.ts";

/** Bytes of a socket's path, at most, on the systems that take the fewest. */
const maximumSocketPath = 100;

export interface ControlPlace {
  /** A Unix socket's path, or the name of a Windows pipe. */
  readonly socket: string;
  readonly secret: string;
  /** Removes the file and the folder of the socket; at once, because a process that exits waits for nothing. */
  remove(): void;
}

export interface AnnouncedPlace extends ControlPlace {
  /** The control file. */
  readonly file: string;
}

/** Throws a Failure (storage-*). */
export async function makeControlPlace(): Promise<ControlPlace> {
  const secret = randomBytes(32).toString("hex");
  if (process.platform === "win32") {
    const socket = `\\\\.\\pipe\\latent-lab-${randomBytes(16).toString("hex")}`;
    return { socket, secret, remove: () => {} };
  }
  const folder = await makeSocketFolder();
  const remove = () => removeQuietly(folder);
  return { socket: socketIn(folder), secret, remove };
}

/** Says in a file in `folder` where `place` is, to whoever may read it. Throws a Failure (storage-*). */
export async function announce(place: ControlPlace, folder: string): Promise<AnnouncedPlace> {
  const root = resolve(folder);
  const id = randomBytes(12).toString("hex");
  const file = join(root, `${id}.json`);
  const content: ControlFile = {
    protocol: controlProtocolVersion,
    socket: place.socket,
    secret: place.secret,
    pid: process.pid,
    startTime: (await ownIdentity()).startTime,
    folder: process.cwd(),
    startedAt: new Date().toISOString(),
  };
  try {
    await makeOwnFolder(root);
    await writeForOwner(file, join(root, `.${id}.partial`), `${JSON.stringify(content)}\n`);
  } catch (error) {
    throw storageFailure(error, file, "write");
  }
  const remove = () => {
    removeQuietly(file);
    place.remove();
  };
  return { ...place, file, remove };
}

/** mkdtemp's folders are their owner's alone. */
async function makeSocketFolder(): Promise<string> {
  const usual = tmpdir();
  const isShort = Buffer.byteLength(socketIn(join(usual, "latent-lab-XXXXXX"))) <= maximumSocketPath;
  const parent = isShort ? usual : "/tmp";
  try {
    return await mkdtemp(join(parent, "latent-lab-"));
  } catch (error) {
    throw storageFailure(error, parent, "write");
  }
}

/** No training fails for what is left lying here: whoever finds it deletes it. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Somebody has taken our permission away, say.
  }
}

function socketIn(folder: string): string {
  return join(folder, "control");
}

async function makeOwnFolder(path: string): Promise<void> {
  await makeFolder(dirname(path));
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (!hasSystemCode(error, "EEXIST")) throw error;
  }
}

/** Whole or not at all: who lists the folder reads what it finds. */
async function writeForOwner(path: string, temporary: string, text: string): Promise<void> {
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}
