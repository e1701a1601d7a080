/** The packaged extension as `npm test` has made it, and a reader for its zip: what a person's editor unpacks. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inflateRawSync } from "node:zlib";
import * as z from "zod/mini";

const root = fileURLToPath(new URL("../../", import.meta.url));
const manifestSchema = z.object({ name: z.string(), publisher: z.string(), version: z.string() });
export const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));

/** Absolute path of a .vsix; that it exists is for `npm test` or `npm run package` to see to. */
export function vsixOf(target: string): string {
  const middle = target === "universal" ? "" : `${target}-`;
  return join(root, `${manifest.name}-${middle}${manifest.version}.vsix`);
}

/** The package that a person would install here: this platform's, where there is one for it. */
export const ownTarget = existsSync(vsixOf(`${process.platform}-${process.arch}`))
  ? `${process.platform}-${process.arch}`
  : "universal";

export interface ZippedFile {
  /** Unix permissions. */
  readonly mode: number;
  /** In bytes, unpacked. */
  readonly size: number;
  read(): Buffer;
}

/** The files of a zip, by path. Zips of more than 4 GB or with encryption are not ours. */
export function unzip(file: string): Map<string, ZippedFile> {
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (end < 0) throw new Error(`${file} is no zip`);
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  const files = new Map<string, ZippedFile>();
  for (let entry = 0; entry < count; entry++) {
    const nameLength = bytes.readUInt16LE(at + 28);
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    if (!name.endsWith("/")) files.set(name, fileAt(bytes, at));
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return files;
}

/** What the entry of the central directory at `at` is the entry of. */
function fileAt(bytes: Buffer, at: number): ZippedFile {
  const mode = (bytes.readUInt32LE(at + 38) >>> 16) & 0o777;
  return { mode, size: bytes.readUInt32LE(at + 24), read: () => contentAt(bytes, at) };
}

function contentAt(bytes: Buffer, at: number): Buffer {
  const stored = bytes.readUInt16LE(at + 10) === 0;
  const size = bytes.readUInt32LE(at + 20);
  const local = bytes.readUInt32LE(at + 42);
  const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
  const content = bytes.subarray(start, start + size);
  return stored ? content : inflateRawSync(content);
}

/** Writes the files below `folder`, as an editor that installs the package does. */
export function unpack(files: ReadonlyMap<string, ZippedFile>, folder: string): void {
  for (const [name, { mode, read }] of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, read());
    chmodSync(path, mode);
  }
}
