/**
 * Reads a file from front to back into buffers that the caller provides, inflating it on the way when it is
 * gzipped. Knows nothing of what the bytes mean; it holds one chunk at a time, never a whole file.
 */
import type { FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { Failure, firstLine, hasSystemCode, storageFailure } from "../../contract/failure.ts";
import { openRegular } from "../../system/regular-file.ts";

export interface ByteReader {
  /** Whether the file is gzipped, which its first two bytes tell, not its name. */
  readonly gzipped: boolean;
  /** The file's own length in bytes. */
  readonly fileBytes: number;
  /** Fills `destination` and returns how many bytes it got: fewer only where the content ends. */
  fill(destination: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

/** Deflate cannot expand further than this (zlib's technical notes: 1032 to 1). */
const deflateMaximumRatio = 1032;

/** The most bytes of content that a reader can possibly give, from the file's length alone. */
export function mostContentBytes(reader: ByteReader): number {
  return reader.gzipped ? reader.fileBytes * deflateMaximumRatio : reader.fileBytes;
}

/** Opens `path`, plain or gzipped. Throws a Failure: storage-*, dataset-invalid when it is not a regular file. */
export async function openBytes(path: string): Promise<ByteReader> {
  return withOpened(path, async (handle) => {
    const { size } = await handle.stat();
    return (await isGzipped(handle)) ? gzipReader(handle, path, size) : plainReader(handle, path, size);
  });
}

/**
 * How many bytes of content `path` says that it has, without reading them: its own length, or what the last four
 * bytes of a gzipped file say (RFC 1952: the length modulo 2³², of the last member). Throws as openBytes does.
 */
export async function statedContentBytes(path: string): Promise<number> {
  return withOpened(path, async (handle) => {
    const { size } = await handle.stat();
    const gzipped = await isGzipped(handle);
    const trailer = new DataView(new ArrayBuffer(4));
    if (gzipped) await handle.read(trailer, 0, 4, Math.max(0, size - 4));
    await handle.close();
    return gzipped ? trailer.getUint32(0, true) : size;
  });
}

/** `use` closes the file, unless it throws. */
async function withOpened<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    const refuse = (problem: string) =>
      new Failure("dataset-invalid", `${path}: ${problem}`, "Name a folder that holds ordinary files.");
    handle = await openRegular(path, refuse);
    return await use(handle);
  } catch (error) {
    await handle?.close();
    throw storageFailure(error, path, "read");
  }
}

async function isGzipped(handle: FileHandle): Promise<boolean> {
  const magic = new Uint8Array(2);
  const { bytesRead } = await handle.read(magic, 0, 2, 0);
  return bytesRead === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
}

/** Node reads at most 2 GiB in one call; smaller pieces cost nothing. */
const plainPieceBytes = 64 * 2 ** 20;
/** Compressed bytes handed to zlib at a time; damage is located to within one piece. */
const gzipPieceBytes = 2 ** 16;

function plainReader(handle: FileHandle, path: string, fileBytes: number): ByteReader {
  let position = 0;
  return {
    gzipped: false,
    fileBytes,
    async fill(destination) {
      let filled = 0;
      try {
        while (filled < destination.length) {
          const length = Math.min(plainPieceBytes, destination.length - filled);
          const { bytesRead } = await handle.read(destination, filled, length, position);
          if (bytesRead === 0) break;
          filled += bytesRead;
          position += bytesRead;
        }
      } catch (error) {
        throw storageFailure(error, path, "read");
      }
      return filled;
    },
    close: () => handle.close(),
  };
}

function gzipReader(handle: FileHandle, path: string, fileBytes: number): ByteReader {
  const compressed = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: gzipPieceBytes });
  const gunzip = createGunzip({ chunkSize: 2 ** 18 });
  // pipeline carries errors over to gunzip, whose iterator below throws them.
  pipeline(compressed, gunzip, () => {});
  const chunks: AsyncIterator<Uint8Array> = gunzip[Symbol.asyncIterator]();
  let rest = new Uint8Array(0);

  async function nextChunk(): Promise<Uint8Array | null> {
    try {
      const { value, done } = await chunks.next();
      if (done !== true) return value;
    } catch (error) {
      throw gzipFailure(error, path, gunzip.bytesWritten, fileBytes);
    }
    // Node stops quietly at bytes that are not another gzip member.
    if (gunzip.bytesWritten < fileBytes)
      throw new Failure(
        "dataset-invalid",
        `${path}: byte ${gunzip.bytesWritten}: ${fileBytes - gunzip.bytesWritten} bytes follow the end of the gzip data`,
        "The file is damaged or not what it seems: get it again.",
      );
    return null;
  }

  return {
    gzipped: true,
    fileBytes,
    async fill(destination) {
      let filled = 0;
      while (filled < destination.length) {
        if (rest.length === 0) {
          const chunk = await nextChunk();
          if (chunk === null) break;
          rest = chunk as Uint8Array<ArrayBuffer>;
        }
        const taken = rest.subarray(0, destination.length - filled);
        destination.set(taken, filled);
        filled += taken.length;
        rest = rest.subarray(taken.length);
      }
      return filled;
    },
    async close() {
      gunzip.destroy();
      compressed.destroy();
      await handle.close();
    },
  };
}

function gzipFailure(error: unknown, path: string, offset: number, fileBytes: number): Failure {
  const hint = "The file is damaged: get it again.";
  if (hasSystemCode(error, "Z_BUF_ERROR"))
    return new Failure("dataset-invalid", `${path}: byte ${fileBytes}: the gzip data is cut off here`, hint, {
      cause: error,
    });
  if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_"))
    return new Failure(
      "dataset-invalid",
      `${path}: bytes ${offset} to ${Math.min(fileBytes, offset + gzipPieceBytes)}: damaged gzip data (${firstLine(error.message)})`,
      hint,
      { cause: error },
    );
  return storageFailure(error, path, "read");
}
