/** IDX files, good and bad: what is read, and how each kind of damage is named. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { findIdxFiles, readIdxFiles } from "../../../src/ml/data/idx-folder.ts";
import { failsWith } from "../../fixtures/failures.ts";
import { idxBytes, imagesIdx, labelsIdx, smallDataset, writeFiles } from "../../fixtures/idx-bytes.ts";
import { noRealMnist, realMnist } from "../../fixtures/real-mnist.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const noOpenFileList = !existsSync("/proc/self/fd") && "this system does not list a process's open files";

async function smallFolder(
  context: TestContext,
  changes: Record<string, Uint8Array | null> = {},
): Promise<string> {
  const folder = temporaryFolder(context);
  const files = new Map<string, Uint8Array>(smallDataset());
  for (const [name, bytes] of Object.entries(changes)) {
    if (bytes === null) files.delete(name);
    else files.set(name, bytes);
  }
  await writeFiles(folder, files);
  return folder;
}

const read = async (folder: string) => readIdxFiles(folder, await findIdxFiles(folder));

test("plain files become pixels and labels, row by row", async (context) => {
  const content = await read(await smallFolder(context));
  assert.equal(content.width, 4);
  assert.equal(content.height, 5);
  assert.equal(content.train.count, 3);
  assert.equal(content.test.count, 2);
  assert.deepEqual(Buffer.from(content.train.pixels), imagesIdx(3, 5, 4).subarray(16));
  assert.deepEqual(Buffer.from(content.test.pixels), imagesIdx(2, 5, 4).subarray(16));
  assert.deepEqual([...(content.train.labels ?? [])], [2, 0, 1]);
  assert.deepEqual([...(content.test.labels ?? [])], [4, 0]);
  assert.deepEqual(content.labelNames, ["0", "1", "2", "3", "4"]);
});

test("both splits lie in one block of memory, training first", async (context) => {
  const { train, test, pixels } = await read(await smallFolder(context));
  assert.equal(train.pixels.buffer, test.pixels.buffer);
  assert.deepEqual(pixels.all, new Uint8Array([...train.pixels, ...test.pixels]));
});

test("gzipped files, other spellings and mixtures of them read the same", async (context) => {
  const plain = await read(await smallFolder(context));
  const folder = temporaryFolder(context);
  const files = smallDataset();
  const bytes = (name: string) => files.get(name) ?? Buffer.alloc(0);
  await writeFiles(folder, [
    ["train-images.idx3-ubyte", bytes("train-images-idx3-ubyte")],
    ["train-labels-idx1-ubyte.gz", gzipSync(bytes("train-labels-idx1-ubyte"))],
    ["t10k-images.idx3-ubyte.gz", gzipSync(bytes("t10k-images-idx3-ubyte"))],
    ["t10k-labels-idx1-ubyte", gzipSync(bytes("t10k-labels-idx1-ubyte"))],
  ]);
  assert.deepEqual(await read(folder), plain);
});

test("real MNIST has its known first labels and pixels", { skip: noRealMnist }, async () => {
  const content = await read(realMnist);
  assert.equal(content.train.count, 60_000);
  assert.equal(content.test.count, 10_000);
  assert.equal(content.train.labels?.[0], 5);
  assert.equal(content.test.labels?.[0], 7);
  const original = gunzipSync(await readFile(join(realMnist, "t10k-images-idx3-ubyte.gz")));
  assert.equal(Buffer.compare(content.test.pixels, original.subarray(16)), 0);
});

test("labels may be missing, for one split or both", async (context) => {
  const noTestLabels = await read(await smallFolder(context, { "t10k-labels-idx1-ubyte": null }));
  assert.equal(noTestLabels.test.labels, null);
  assert.deepEqual(noTestLabels.labelNames, ["0", "1", "2"]);
  const noLabels = await read(
    await smallFolder(context, { "t10k-labels-idx1-ubyte": null, "train-labels-idx1-ubyte": null }),
  );
  assert.deepEqual(noLabels.labelNames, []);
});

test("labels without images are refused", async (context) => {
  const folder = await smallFolder(context, { "t10k-images-idx3-ubyte": null });
  await failsWith(() => read(folder), "dataset-invalid", folder, "labels without images", "t10k-images");
});

test("a folder without any of the files, or that is not there, is named", async (context) => {
  const folder = temporaryFolder(context);
  await failsWith(() => read(folder), "dataset-missing", folder, "train-images-idx3-ubyte");
  await failsWith(() => read(join(folder, "nowhere")), "dataset-missing", join(folder, "nowhere"));
});

const images = "train-images-idx3-ubyte";
const labels = "train-labels-idx1-ubyte";
const good = imagesIdx(3, 5, 4);

/** Each: what is wrong, the file that is, and what the error must mention. */
const damages: readonly (readonly [string, string, Uint8Array, ...string[]])[] = [
  [
    "the magic number of labels",
    images,
    idxBytes([0x801, 3, 5, 4], good),
    "byte 0",
    "that of labels",
    "0x00000803",
  ],
  ["the magic number of floats", images, idxBytes([0xd03, 3, 5, 4], good), "byte 0", "0x00000d03"],
  ["labels with the images' magic number", labels, imagesIdx(1, 1, 1), "byte 0", "0x00000801"],
  ["nothing in it", images, Buffer.alloc(0), "byte 0", "16-byte header"],
  ["half a header", images, good.subarray(0, 9), "byte 9", "16-byte header"],
  ["no images", images, idxBytes([0x803, 0, 5, 4], Buffer.alloc(0)), "byte 4", "no images"],
  ["no columns", images, idxBytes([0x803, 3, 5, 0], Buffer.alloc(0)), "byte 12", "0 columns"],
  ["rows above 256", images, idxBytes([0x803, 1, 257, 4], Buffer.alloc(1028)), "byte 8", "257 rows"],
  ["a truncated end", images, good.subarray(0, good.length - 1), "byte 75", "promises 76 bytes"],
  ["a trailing byte", images, Buffer.concat([good, Buffer.from([0])]), "byte 76", "more bytes follow"],
  [
    "terabytes promised",
    images,
    idxBytes([0x803, 0xffffffff, 256, 256], good),
    "byte 4",
    "281474976645120 bytes",
  ],
  ["gigabytes promised", images, idxBytes([0x803, 60_000, 256, 256], good), "byte 92", "promises 3932160016"],
  ["one label too few", labels, labelsIdx([1, 2]), "promises 2 labels", "holds 3 images"],
  ["one label too many", labels, labelsIdx([1, 2, 3, 4]), "promises 4 labels", "holds 3 images"],
];

for (const [problem, name, bytes, ...mentions] of damages) {
  test(`a plain file with ${problem} is refused`, async (context) => {
    const folder = await smallFolder(context, { [name]: bytes });
    await failsWith(() => read(folder), "dataset-invalid", join(folder, name), ...mentions);
  });
}

const packed = gzipSync(good);
const flipped = Uint8Array.from(packed, (byte, index) => (index === packed.length - 6 ? byte ^ 1 : byte));

const gzipDamages: readonly (readonly [string, Uint8Array, ...string[]])[] = [
  ["cut off", packed.subarray(0, packed.length - 12), `byte ${packed.length - 12}`, "cut off"],
  ["with a wrong checksum", flipped, `bytes 0 to ${packed.length}`, "damaged gzip data", "data check"],
  [
    "with a wrong magic number inside",
    gzipSync(labelsIdx([1, 2, 3, 4, 5, 6, 7, 8])),
    "byte 0",
    "that of labels",
  ],
  ["that ends early", gzipSync(good.subarray(0, 60)), "byte 60", "after decompression", "promises 76"],
  ["with trailing content", gzipSync(Buffer.concat([good, good])), "byte 76", "more bytes follow"],
  ["with junk behind it", Buffer.concat([packed, Buffer.alloc(9)]), `byte ${packed.length}: 9 bytes follow`],
  [
    "that promises terabytes",
    gzipSync(idxBytes([0x803, 0x7fffffff, 256, 256], good)),
    "byte 4",
    "above the limit",
  ],
  [
    "that promises more than deflate can hold",
    gzipSync(idxBytes([0x803, 60_000, 256, 256], good)),
    "cannot hold the 3932160016 bytes",
  ],
];

for (const [problem, bytes, ...mentions] of gzipDamages) {
  test(`a gzipped file ${problem} is refused`, async (context) => {
    const folder = await smallFolder(context, { [images]: null, [`${images}.gz`]: bytes });
    await failsWith(() => read(folder), "dataset-invalid", join(folder, `${images}.gz`), ...mentions);
  });
}

test("a gzip bomb is not inflated past what its header promises", async (context) => {
  // 1 GiB of zeros in 1 MiB: a gzip file may have many members, one after the other.
  const zeros = gzipSync(Buffer.alloc(2 ** 24));
  const bomb = Buffer.concat([gzipSync(good), ...Array<Buffer>(64).fill(zeros)]);
  const folder = await smallFolder(context, { [images]: null, [`${images}.gz`]: bomb });
  const before = process.memoryUsage().rss;
  await failsWith(() => read(folder), "dataset-invalid", "byte 76", "more bytes follow");
  assert.ok(
    process.memoryUsage().rss - before < 2 ** 28,
    "a quarter of the bomb at most may become resident",
  );
});

test("training and test images of different sizes are refused", async (context) => {
  const folder = await smallFolder(context, { "t10k-images-idx3-ubyte": imagesIdx(2, 4, 4) });
  await failsWith(() => read(folder), "dataset-invalid", "t10k-images", "4×4", "4×5");
});

test("a folder where a file should be is refused", async (context) => {
  const folder = await smallFolder(context, { [images]: null });
  await mkdir(join(folder, images));
  await failsWith(() => read(folder), "dataset-invalid", join(folder, images), "is a folder");
});

test("a pipe where a file should be is refused, not waited for", {
  skip: process.platform === "win32" && "Windows has no pipes in folders",
}, async (context) => {
  const folder = await smallFolder(context, { [images]: null });
  execFileSync("mkfifo", [join(folder, images)]);
  await failsWith(() => read(folder), "dataset-invalid", join(folder, images), "not a regular file");
});

test("a file without permission says so", {
  skip: process.getuid?.() === 0 && "root may read all",
}, async (context) => {
  const folder = await smallFolder(context);
  await chmod(join(folder, images), 0);
  await failsWith(() => read(folder), "storage-denied", join(folder, images));
});

test("no file stays open, whether reading it went well or not", { skip: noOpenFileList }, async (context) => {
  const folder = await smallFolder(context);
  await read(folder);
  await writeFile(join(folder, images), gzipSync(good.subarray(0, 60)));
  await failsWith(() => read(folder), "dataset-invalid");
  const open = await Promise.all(
    (await readdir("/proc/self/fd")).map((each) => readlink(`/proc/self/fd/${each}`).catch(() => "")),
  );
  assert.deepEqual(
    open.filter((path) => path.startsWith(folder)),
    [],
  );
});
