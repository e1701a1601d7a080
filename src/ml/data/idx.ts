/**
 * The IDX format of MNIST's files, for the two shapes a dataset needs: images (three dimensions) and labels (one),
 * both of unsigned bytes. Reads one file at a time, plain or gzipped; which files make a dataset is idx-folder.ts's
 * subject. Format: big-endian magic number 0x00000803 or 0x00000801, one 32-bit size per dimension, then the bytes.
 */
import { maximumImageSide } from "../../contract/experiment.ts";
import { Failure } from "../../contract/failure.ts";
import { type ByteReader, mostContentBytes, openBytes } from "./byte-reader.ts";
import { maximumPixelBytes } from "./pixels.ts";

export type IdxKind = "images" | "labels";

/** An open IDX file whose header has been read and found plausible; nothing has been allocated for its content. */
export interface IdxFile {
  readonly path: string;
  readonly count: number;
  /** 1 × 1 for labels. */
  readonly rows: number;
  readonly cols: number;
  /** Reads the content, exactly `count × rows × cols` bytes, into `destination`, and proves that the file ends there. */
  readInto(destination: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

const magicOf = { images: 0x00000803, labels: 0x00000801 } as const;
const headerBytesOf = { images: 16, labels: 8 } as const;
const again = "The file is damaged or incomplete: get it again.";

/** Opens `path` and checks its header. Throws a Failure: dataset-invalid, storage-*. */
export async function openIdx(path: string, kind: IdxKind): Promise<IdxFile> {
  const reader = await openBytes(path);
  try {
    const header = await readHeader(reader, path, kind);
    return {
      path,
      ...header,
      readInto: (destination) => readContent(reader, path, headerBytesOf[kind], destination),
      close: () => reader.close(),
    };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

interface Header {
  readonly count: number;
  readonly rows: number;
  readonly cols: number;
}

async function readHeader(reader: ByteReader, path: string, kind: IdxKind): Promise<Header> {
  const headerBytes = headerBytesOf[kind];
  const header = new Uint8Array(headerBytes);
  const got = await reader.fill(header);
  if (got < headerBytes)
    throw invalid(path, got, `ends inside the ${headerBytes}-byte header${inflated(reader)}`, again);
  const view = new DataView(header.buffer);
  checkMagic(view.getUint32(0), path, kind);
  const count = view.getUint32(4);
  if (count === 0) throw invalid(path, 4, `promises no ${kind}`, "Use a file that holds at least one.");
  const rows = kind === "images" ? checkedSide(view, path, 8, "rows") : 1;
  const cols = kind === "images" ? checkedSide(view, path, 12, "columns") : 1;
  checkSize(reader, path, headerBytes, count * rows * cols);
  return { count, rows, cols };
}

function checkMagic(magic: number, path: string, kind: IdxKind): void {
  const wanted = magicOf[kind];
  if (magic === wanted) return;
  const other = kind === "images" ? "labels" : "images";
  const guess = magic === magicOf[other] ? `, which is that of ${other}` : "";
  throw invalid(
    path,
    0,
    `the magic number is ${hex(magic)}${guess}; ${kind} have ${hex(wanted)}`,
    "Use an IDX file of unsigned bytes as MNIST's, under the name that fits its content.",
  );
}

function checkedSide(view: DataView, path: string, offset: number, name: string): number {
  const side = view.getUint32(offset);
  if (side >= 1 && side <= maximumImageSide) return side;
  throw invalid(
    path,
    offset,
    `promises images of ${side} ${name}`,
    `Images may have 1 to ${maximumImageSide} pixels a side.`,
  );
}

/** Everything that can be known to be wrong before a byte is allocated. `content` is below 2⁴⁸: exact. */
function checkSize(reader: ByteReader, path: string, headerBytes: number, content: number): void {
  const promised = headerBytes + content;
  if (content > maximumPixelBytes)
    throw invalid(
      path,
      4,
      `promises ${content} bytes, above the limit of ${maximumPixelBytes}`,
      "Split the dataset, or check that the file is not damaged.",
    );
  if (promised > mostContentBytes(reader))
    throw invalid(
      path,
      reader.fileBytes,
      reader.gzipped
        ? `a gzipped file of this length cannot hold the ${promised} bytes that its header promises`
        : `the file ends here, but its header promises ${promised} bytes`,
      again,
    );
  if (!reader.gzipped && promised < reader.fileBytes) throw trailing(reader, path, promised);
}

async function readContent(
  reader: ByteReader,
  path: string,
  headerBytes: number,
  destination: Uint8Array,
): Promise<void> {
  const got = await reader.fill(destination);
  if (got < destination.length)
    throw invalid(
      path,
      headerBytes + got,
      `ends here${inflated(reader)}, but its header promises ${headerBytes + destination.length} bytes`,
      again,
    );
  // Inflating stops here whatever follows, so a gzip bomb costs nothing.
  if ((await reader.fill(new Uint8Array(1))) > 0)
    throw trailing(reader, path, headerBytes + destination.length);
}

function trailing(reader: ByteReader, path: string, offset: number): Failure {
  return invalid(
    path,
    offset,
    `more bytes follow${inflated(reader)} where its header promises the end`,
    "The header's counts do not fit the content: get the file again.",
  );
}

function inflated(reader: ByteReader): string {
  return reader.gzipped ? " (counted after decompression)" : "";
}

function invalid(path: string, offset: number, problem: string, hint: string): Failure {
  return new Failure("dataset-invalid", `${path}: byte ${offset}: ${problem}`, hint);
}

function hex(magic: number): string {
  return `0x${magic.toString(16).padStart(8, "0")}`;
}
