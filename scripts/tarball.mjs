// Takes files out of an npm package's tarball. Only what such tarballs are made of: gzip around POSIX tar, whose long
// names stand in the header's prefix or in a record before the file, which is skipped.
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

const block = 512;

/** The files of `tarball` (a Buffer) whose names are among `names`, by name; the first folder ("package/") is left out. */
export async function filesOfTarball(tarball, names) {
  const bytes = await promisify(gunzip)(tarball);
  const found = new Map();
  for (let at = 0; at + block <= bytes.length && bytes[at] !== 0; ) {
    const name = textAt(bytes, at, 100);
    const prefix = textAt(bytes, at + 345, 155);
    const size = Number.parseInt(textAt(bytes, at + 124, 12), 8);
    if (!Number.isInteger(size)) throw new Error("this is no tarball of a package");
    const path = (prefix === "" ? name : `${prefix}/${name}`).replace(/^[^/]+\//, "");
    const isFile = [0, 0x30].includes(bytes[at + 156]);
    if (isFile && names.includes(path)) found.set(path, bytes.subarray(at + block, at + block + size));
    at += block * (1 + Math.ceil(size / block));
  }
  return found;
}

function textAt(bytes, at, length) {
  return bytes
    .subarray(at, at + length)
    .toString("latin1")
    .replace(/\0.*$/s, "")
    .trim();
}
