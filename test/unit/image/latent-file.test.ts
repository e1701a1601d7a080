import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Failure } from "../../../src/contract/failure.ts";
import { crc32 } from "../../../src/ml/image/crc32.ts";
import {
  decodeLatentFile,
  encodeLatentFile,
  type LatentImage,
  maximumLatentFileBytes,
  requireModel,
} from "../../../src/ml/image/latent-file.ts";

const modelHash = createHash("sha256").update("a model").digest("hex");
const image: LatentImage = {
  width: 28,
  height: 20,
  modelHash,
  latents: Float32Array.from([0, -1.5, 0.25, 2.54, -2.54, 0.01, 1e-9]),
};

function refused(bytes: Uint8Array, message: RegExp): void {
  assert.throws(
    () => decodeLatentFile(bytes, "a.latent"),
    (error) =>
      error instanceof Failure &&
      error.code === "latent-invalid" &&
      error.message.startsWith("a.latent: ") &&
      message.test(error.message) &&
      error.hint !== "",
  );
}

/** A copy with some bytes replaced and the checksum made right again, as a hostile writer would. */
function forged(change: (view: DataView) => void): Uint8Array {
  const bytes = Uint8Array.from(encodeLatentFile(image));
  const view = new DataView(bytes.buffer);
  change(view);
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, bytes.length - 4)), true);
  return bytes;
}

test("the checksum is the CRC-32 of its standard's check value", () => {
  assert.equal(crc32(Buffer.from("123456789")), 0xcbf43926);
  assert.equal(crc32(new Uint8Array(0)), 0);
});

test("the bytes of a .latent file never change", () => {
  const bytes = encodeLatentFile(image);
  assert.equal(bytes.length, 54 + image.latents.length);
  assert.equal(
    createHash("sha256").update(bytes).digest("hex"),
    "85cc8fff0152bf8cf04cccccca793c5cd374e5ce23d91d1cd2f78dd415074fc2",
  );
});

test("size and model come back, and each latent within half a step of the scale", () => {
  const decoded = decodeLatentFile(encodeLatentFile(image), "a.latent");
  assert.deepEqual([decoded.width, decoded.height, decoded.modelHash], [28, 20, modelHash]);
  const halfStep = 2.54 / 127 / 2;
  decoded.latents.forEach((latent, index) => {
    assert.ok(Math.abs(latent - (image.latents[index] ?? Number.NaN)) <= halfStep * (1 + 2 ** -16));
  });
});

test("what was decoded encodes to the same bytes again, for latents of every magnitude", () => {
  for (let trial = 0; trial < 2000; trial++) {
    const magnitude = 2 ** ((trial % 250) - 124);
    const latents = Float32Array.from({ length: 5 }, (_, i) => Math.sin(trial * 5.7 + i * 2.3) * magnitude);
    const bytes = encodeLatentFile({ ...image, latents });
    assert.deepEqual(encodeLatentFile(decodeLatentFile(bytes, "a.latent")), bytes);
  }
});

test("negated latents decode to the negative of the decoded latents", () => {
  const decode = (latents: Float32Array) =>
    decodeLatentFile(encodeLatentFile({ ...image, latents }), "a.latent").latents;
  const negated = decode(image.latents.map((latent) => -latent));
  assert.deepEqual(
    negated.map((latent) => -latent || 0),
    decode(image.latents).map((latent) => latent || 0),
  );
});

test("latents of zeros, of the smallest and of the largest floats survive", () => {
  const decode = (...values: number[]) => [
    ...decodeLatentFile(encodeLatentFile({ ...image, latents: Float32Array.from(values) }), "a.latent")
      .latents,
  ];
  assert.deepEqual(decode(0, 0), [0, 0]);
  assert.deepEqual(decode(2 ** -149), [0]);
  const largest = Math.fround(3.4028234663852886e38);
  const [back = 0] = decode(largest);
  assert.ok(Math.abs(back / largest - 1) < 2 ** -16);
});

test("latents that are not finite are refused, naming the first", () => {
  assert.throws(
    () => encodeLatentFile({ ...image, latents: Float32Array.from([1, Number.NaN]) }),
    (error) => error instanceof Failure && /latent 1 .* NaN/.test(error.message),
  );
});

test("a flip of any bit is refused", () => {
  const bytes = encodeLatentFile(image);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Uint8Array.from(bytes);
    flipped[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    refused(flipped, /./);
  }
});

test("a file cut short at any byte is refused", () => {
  const bytes = encodeLatentFile(image);
  for (let length = 0; length < bytes.length; length++)
    refused(bytes.subarray(0, length), length < 4 ? /not a \.latent file/ : /cut short at byte/);
});

test("bytes after the end are refused", () => {
  refused(Buffer.concat([encodeLatentFile(image), Buffer.from([0])]), /goes on for 1 bytes/);
});

test("a picture is not mistaken for a .latent file", () => {
  refused(Buffer.from("\x89PNG\r\n\x1a\n".padEnd(100), "latin1"), /is not a \.latent file/);
});

test("a damaged version or coding is told as damage, not as a newer file", () => {
  for (const place of [4, 5])
    for (const value of [0, 3, 0x81]) {
      const bytes = Buffer.from(encodeLatentFile(image));
      bytes[place] = value;
      refused(bytes, /is damaged: it states version \d+, coding \d+ at byte 4/);
    }
});

test("a file of a newer version or coding asks for a newer program", () => {
  refused(
    forged((view) => view.setUint8(4, 2)),
    /is of version 2/,
  );
  refused(
    forged((view) => view.setUint8(5, 2)),
    /coding 2; this program reads/,
  );
});

test("hostile sizes are refused before anything is allocated", () => {
  refused(
    forged((view) => view.setUint32(10, 0xffff_ffff, true)),
    /4294967295 latents at byte 10/,
  );
  refused(
    forged((view) => view.setUint32(10, 0, true)),
    /0 latents/,
  );
  refused(
    forged((view) => view.setUint16(6, 0, true)),
    /0×20/,
  );
  refused(
    forged((view) => view.setUint16(8, 257, true)),
    /28×257/,
  );
  refused(
    forged((view) => view.setUint32(10, 65_536, true)),
    /cut short at byte 61 of 65590/,
  );
});

test("a scale that is negative, infinite or not a number is refused", () => {
  for (const scale of [-1, Infinity, Number.NaN])
    refused(
      forged((view) => view.setFloat32(46, scale, true)),
      /scale .* at byte 46/,
    );
});

test("the level −128, which negation would not survive, is refused", () => {
  refused(
    forged((view) => view.setInt8(52, -128)),
    /-128 at byte 52/,
  );
});

test("the largest file is as long as stated", () => {
  assert.equal(
    encodeLatentFile({ ...image, latents: new Float32Array(65_536) }).length,
    maximumLatentFileBytes,
  );
});

test("a file of another model is refused, naming both", () => {
  const decoded = decodeLatentFile(encodeLatentFile(image), "a.latent");
  requireModel(decoded, "a.latent", modelHash);
  const other = "0123456789ab".padEnd(64, "0");
  assert.throws(
    () => requireModel(decoded, "a.latent", other),
    (error) =>
      error instanceof Failure &&
      error.message.includes(modelHash.slice(0, 12)) &&
      error.message.includes("0123456789ab"),
  );
});
