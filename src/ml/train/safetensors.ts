/**
 * The safetensors format (https://github.com/huggingface/safetensors#format), writer beside reader: eight bytes that
 * give the header's length, a JSON header of names, shapes and offsets, then the tensors' bytes, little-endian.
 * Only float32 is written or read. The reader trusts nothing: it looks at the file's length and at the header
 * before it allocates anything for tensors.
 */
import type { FileHandle } from "node:fs/promises";
import * as z from "zod/mini";
import { Failure, storageFailure } from "../../contract/failure.ts";
import { openRegular } from "../../system/regular-file.ts";

export interface Tensor {
  /** Row by row; [] is a scalar. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What a file says of itself, before any tensor is read. */
export interface TensorHeader {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface TensorFile {
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const metadataKey = "__metadata__";
/**
 * Bytes of the header, at most. Ours are of a few kilobytes; a plain autoencoder's also holds the spread of its
 * latents, which for 65,536 of them takes two million.
 */
const maximumHeaderBytes = 4 * 2 ** 20;
const maximumTensors = 10_000;
const maximumDimensions = 8;
const lengthBytes = 8;
const floatBytes = 4;

/** The file's bytes in parts, to be written one after another; no tensor is copied. */
export function encodeSafetensors({ tensors, metadata }: TensorFile): Uint8Array[] {
  const header: Record<string, unknown> = { [metadataKey]: metadata };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, values }] of tensors) {
    const bytes = littleEndianBytes(values);
    header[name] = { dtype: "F32", shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
    parts.push(bytes);
  }
  const json = Buffer.from(JSON.stringify(header));
  // Padded with spaces so that tensors begin at a multiple of eight bytes, as the format recommends.
  const padding = -json.length & 7;
  const length = Buffer.alloc(lengthBytes);
  length.writeBigUInt64LE(BigInt(json.length + padding));
  return [length, json, Buffer.alloc(padding, " "), ...parts];
}

/**
 * Reads a file written by us or by others. `accept` may throw on what the header says, before memory is spent on
 * tensors. Throws a Failure: run-invalid naming file and place when it is not a sound safetensors file of float32,
 * storage-* when it cannot be read.
 */
export async function readSafetensors(
  path: string,
  accept: (header: TensorHeader) => void,
): Promise<TensorFile> {
  let handle: FileHandle | undefined;
  try {
    handle = await openRegular(path, (problem) => invalid(path, problem));
    return await readFrom(handle, path, accept);
  } catch (error) {
    throw storageFailure(error, path, "read");
  } finally {
    await handle?.close();
  }
}

async function readFrom(
  handle: FileHandle,
  path: string,
  accept: (header: TensorHeader) => void,
): Promise<TensorFile> {
  const stat = await handle.stat();
  if (stat.size < lengthBytes) throw invalid(path, `ends at byte ${stat.size}, inside its first eight`);
  const lengthField = await readExactly(handle, path, 0, lengthBytes);
  const headerLength = lengthField.readBigUInt64LE();
  if (headerLength > maximumHeaderBytes)
    throw invalid(path, `byte 0: claims a header of ${headerLength} bytes (at most ${maximumHeaderBytes})`);
  const dataStart = lengthBytes + Number(headerLength);
  if (dataStart > stat.size)
    throw invalid(path, `ends at byte ${stat.size}, inside its header (which ends at ${dataStart})`);
  const header = await readExactly(handle, path, lengthBytes, Number(headerLength));
  const { entries, metadata } = parseHeader(header, path);
  const dataBytes = checkLayout(entries, path);
  const missing = dataStart + dataBytes - stat.size;
  if (missing > 0) throw invalid(path, `ends at byte ${stat.size}, ${missing} bytes too early`);
  if (missing < 0)
    throw invalid(path, `has ${-missing} bytes after its last tensor, from byte ${stat.size + missing}`);
  accept({ shapes: new Map(entries.map(({ name, shape }) => [name, shape])), metadata });
  const tensors = new Map<string, Tensor>();
  for (const { name, shape, begin, end } of entries) {
    const bytes = await readExactly(handle, path, dataStart + begin, end - begin);
    tensors.set(name, { shape, values: floatsOf(bytes) });
  }
  return { tensors, metadata };
}

interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const size = z.int().check(z.minimum(0));
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(size).check(z.maxLength(maximumDimensions)),
  data_offsets: z.tuple([size, size]),
});
const headerSchema = z.record(z.string(), z.unknown());
const metadataSchema = z.record(z.string(), z.string());

/** The tensors in the order of their bytes. */
function parseHeader(
  bytes: Buffer,
  path: string,
): { readonly entries: readonly Entry[]; readonly metadata: Record<string, string> } {
  const parsed = headerSchema.safeParse(parseJson(bytes, path));
  if (!parsed.success) throw invalid(path, "header: is not a JSON object");
  const { [metadataKey]: rawMetadata = {}, ...rest } = parsed.data;
  const metadata = metadataSchema.safeParse(rawMetadata);
  if (!metadata.success) throw invalid(path, `header: ${metadataKey} must map names to texts`);
  const names = Object.keys(rest);
  if (names.length > maximumTensors)
    throw invalid(path, `header: ${names.length} tensors (at most ${maximumTensors})`);
  const entries = names.map((name) => parseEntry(name, rest[name], path));
  return { entries: entries.sort((a, b) => a.begin - b.begin || a.end - b.end), metadata: metadata.data };
}

function parseJson(bytes: Buffer, path: string): unknown {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(path, "header: is not JSON", error);
  }
  const duplicate = duplicateName(text);
  if (duplicate !== null) throw invalid(path, `header: the name ${duplicate} is given twice`);
  return value;
}

/**
 * The first name that an object at the header's top level or inside an entry has twice, in quotes; null for none.
 * JSON.parse would silently take the last. `json` is known to be sound, so strings and braces are all there is to see.
 */
function duplicateName(json: string): string | null {
  const open: Set<string>[] = [];
  for (const match of json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}]/g)) {
    const [token, literal, colon] = match;
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (literal !== undefined && colon !== undefined) {
      const names = open.at(-1);
      const name = JSON.stringify(JSON.parse(literal));
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return null;
}

function parseEntry(name: string, value: unknown, path: string): Entry {
  const place = `header: tensor ${JSON.stringify(name)}`;
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) throw invalid(path, `${place}: must have a dtype, a shape and two data_offsets`);
  const { dtype, shape, data_offsets: offsets } = parsed.data;
  const [begin, end] = offsets;
  if (dtype !== "F32")
    throw invalid(path, `${place}: its dtype is ${JSON.stringify(dtype)}, only "F32" is read`);
  const bytes = shape.reduce((product, side) => product * side, floatBytes);
  if (end - begin !== bytes)
    throw invalid(
      path,
      `${place}: its shape [${shape}] needs ${bytes} bytes, its offsets hold ${end - begin}`,
    );
  return { name, shape, begin, end };
}

/** Tensors must lie end to end from byte 0, as the format demands: no overlap, no gap. Returns where they end. */
function checkLayout(entries: readonly Entry[], path: string): number {
  let expected = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== expected) {
      const what = begin < expected ? "overlaps the tensor before it" : "leaves a gap before it";
      throw invalid(
        path,
        `header: tensor ${JSON.stringify(name)}: begins at ${begin}, not ${expected}: it ${what}`,
      );
    }
    expected = end;
  }
  return expected;
}

/** Node reads at most 2 GiB in one call. */
const pieceBytes = 2 ** 30;

async function readExactly(
  handle: FileHandle,
  path: string,
  position: number,
  length: number,
): Promise<Buffer> {
  // Of its own, not from Node's pool: tensors are viewed as floats, which must be aligned.
  const bytes = Buffer.from(new ArrayBuffer(length));
  let filled = 0;
  while (filled < length) {
    const piece = Math.min(pieceBytes, length - filled);
    const { bytesRead } = await handle.read(bytes, filled, piece, position + filled);
    if (bytesRead === 0)
      throw invalid(path, `ends at byte ${position + filled}: it was cut while being read`);
    filled += bytesRead;
  }
  return bytes;
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The bytes of `values` as files hold them; on nearly every machine a view, not a copy. */
export function littleEndianBytes(values: Float32Array): Uint8Array {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return littleEndian ? bytes : Buffer.from(bytes).swap32();
}

function floatsOf(bytes: Buffer): Float32Array {
  if (!littleEndian) bytes.swap32();
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / floatBytes);
}

function invalid(path: string, problem: string, cause?: unknown): Failure {
  return new Failure(
    "run-invalid",
    `${path}: ${problem}`,
    "The file is damaged or not a model: restore it from a copy, or train again.",
    { cause },
  );
}
