import assert from "node:assert/strict";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { encodeSafetensors, readSafetensors, type Tensor } from "../../../src/ml/train/safetensors.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const tensors = new Map<string, Tensor>([
  ["fc.weight", { shape: [2, 3], values: Float32Array.of(1, -2, 0.5, -0, 1e-40, 3.4e38) }],
  ["fc.bias", { shape: [2], values: Float32Array.of(7, 8) }],
  ["scalar", { shape: [], values: Float32Array.of(9) }],
  ["nothing", { shape: [0, 4], values: new Float32Array(0) }],
]);
const metadata = { format: "pt", words: 'quotes " and\nlines' };
const accept = () => {};

/** A file of this header (a JSON value, or JSON text) and as many bytes after it. */
function fileOf(header: unknown, dataBytes: number): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

const floats = (count: number, begin = 0) => ({
  dtype: "F32",
  shape: [count],
  data_offsets: [begin, begin + 4 * count],
});

describe("a safetensors file", () => {
  test("gives back every bit, every shape and the metadata", async (t) => {
    const path = join(temporaryFolder(t), "model.safetensors");
    writeFileSync(path, Buffer.concat(encodeSafetensors({ tensors, metadata })));
    const file = await readSafetensors(path, accept);
    assert.deepEqual(file, { tensors, metadata });
    assert.ok(Object.is(file.tensors.get("fc.weight")?.values[3], -0));
  });

  test("has the layout that the format lays down", () => {
    const [length, json, padding, ...data] = encodeSafetensors({ tensors, metadata });
    assert.ok(length && json && padding);
    assert.equal(Buffer.from(length).readBigUInt64LE(), BigInt(json.length + padding.length));
    assert.equal((8 + json.length + padding.length) % 8, 0);
    assert.deepEqual(JSON.parse(Buffer.from(json).toString())["fc.bias"], {
      dtype: "F32",
      shape: [2],
      data_offsets: [24, 32],
    });
    assert.deepEqual(Buffer.from(data[1] ?? []).readFloatLE(4), 8);
  });

  test("is looked at by the caller before its tensors are read", async (t) => {
    const path = join(temporaryFolder(t), "model.safetensors");
    writeFileSync(path, Buffer.concat(encodeSafetensors({ tensors, metadata })));
    const refuse = ({ shapes }: { shapes: ReadonlyMap<string, readonly number[]> }) => {
      assert.deepEqual(shapes.get("fc.weight"), [2, 3]);
      throw new RangeError("not this one");
    };
    await assert.rejects(readSafetensors(path, refuse), /not this one/);
  });
});

describe("a safetensors file is refused, naming file and place, when it", () => {
  const huge = Buffer.alloc(16);
  huge.writeBigUInt64LE(2n ** 62n);
  const cases: readonly (readonly [name: string, bytes: Buffer, message: RegExp])[] = [
    ["is empty", Buffer.alloc(0), /ends at byte 0/],
    ["claims a header of four exabytes", huge, /byte 0: claims a header of 4611686018427387904 bytes/],
    [
      "ends inside its header",
      fileOf({ a: floats(1) }, 4).subarray(0, 20),
      /ends at byte 20, inside its header/,
    ],
    ["has a header that is not JSON", fileOf("{nonsense", 0), /header: is not JSON/],
    [
      "has a header that is not UTF-8",
      Buffer.concat([fileOf('{"a', 0), Buffer.of(0xff)]),
      /is not JSON|trailing|ends/,
    ],
    ["has a header that is a list", fileOf([], 0), /is not a JSON object/],
    ["ends before its last tensor does", fileOf({ a: floats(2) }, 5), /3 bytes too early/],
    ["goes on after its last tensor", fileOf({ a: floats(2) }, 9), /has 1 bytes after its last tensor/],
    ["has overlapping tensors", fileOf({ a: floats(2), b: floats(2, 4) }, 12), /"b".*overlaps/],
    ["leaves a gap between tensors", fileOf({ a: floats(1), b: floats(1, 8) }, 12), /"b".*gap/],
    ["begins after byte 0", fileOf({ a: floats(1, 4) }, 8), /"a".*gap/],
    [
      "has a shape that does not fit its bytes",
      fileOf({ a: { ...floats(2), shape: [3] } }, 8),
      /shape \[3\] needs 12 bytes, its offsets hold 8/,
    ],
    [
      "has a shape that overflows",
      fileOf({ a: { ...floats(2), shape: [2 ** 50, 2 ** 50] } }, 8),
      /needs 5\.07\S+ bytes/,
    ],
    [
      "has offsets that run backwards",
      fileOf({ a: { dtype: "F32", shape: [1], data_offsets: [4, 0] } }, 4),
      /its offsets hold -4/,
    ],
    ["has a negative offset", fileOf({ a: { ...floats(1), data_offsets: [-4, 0] } }, 4), /two data_offsets/],
    ["holds another type of number", fileOf({ a: { ...floats(1), dtype: "F64" } }, 4), /dtype is "F64"/],
    [
      "names a tensor twice",
      fileOf(
        `{"a":${JSON.stringify(floats(1))},"b":${JSON.stringify(floats(1, 4))},"\\u0061":${JSON.stringify(floats(1))}}`,
        8,
      ),
      /the name "a" is given twice/,
    ],
    [
      "gives a tensor two shapes",
      fileOf('{"a":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,8]}}', 8),
      /the name "shape" is given twice/,
    ],
    ["has metadata that are not texts", fileOf({ __metadata__: { a: 1 } }, 0), /must map names to texts/],
    [
      "hides a tensor named __proto__",
      fileOf(`{"__proto__":${JSON.stringify(floats(1))}}`, 4),
      /model|after its last/,
    ],
  ];
  for (const [name, bytes, message] of cases)
    test(name, async (t) => {
      const path = join(temporaryFolder(t), "hostile.safetensors");
      writeFileSync(path, bytes);
      await assert.rejects(readSafetensors(path, accept), (error: Error & { code: string }) => {
        assert.equal(error.code, "run-invalid");
        assert.ok(error.message.startsWith(path), error.message);
        assert.match(error.message, message);
        return true;
      });
    });

  test("claims terabytes that are not there", async (t) => {
    const path = join(temporaryFolder(t), "sparse.safetensors");
    writeFileSync(path, fileOf({ a: { dtype: "F32", shape: [2 ** 40], data_offsets: [0, 2 ** 42] } }, 0));
    await assert.rejects(readSafetensors(path, accept), /bytes too early/);
    truncateSync(path, 2 ** 20);
    await assert.rejects(readSafetensors(path, accept), /bytes too early/);
  });
});
