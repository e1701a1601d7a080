/** A folder of pictures as a dataset: what is taken, how it is labelled and split, and what is refused. */
import assert from "node:assert/strict";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Dataset, Split } from "../../../src/ml/data/dataset.ts";
import { type ImageFolderChoice, loadImageFolder } from "../../../src/ml/data/image-folder.ts";
import { failsWith } from "../../fixtures/failures.ts";
import { flat, promisingPng } from "../../fixtures/picture-bytes.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

function choice(path: string, changes: Partial<ImageFolderChoice> = {}): ImageFolderChoice {
  return { path, width: 2, height: 2, invert: false, testFraction: 0.25, seed: 1, ...changes };
}

const grey = (level: number) => flat(2, 2, { r: level, g: level, b: level }).png().toBuffer();

/** Writes a picture of each level under its name; the level tells the picture in the dataset. */
async function pictureFolder(
  context: TestContext,
  levels: Readonly<Record<string, number>>,
): Promise<string> {
  const folder = temporaryFolder(context);
  for (const [name, level] of Object.entries(levels)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), await grey(level));
  }
  return folder;
}

const numbered = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}.png`, index]));

/** The grey level of each picture, in order. */
const levelsOf = ({ pixels }: Split): number[] => [...pixels].filter((_, index) => index % 4 === 0);

const allLevels = ({ train, test }: Dataset): number[] =>
  [...levelsOf(train), ...levelsOf(test)].sort((a, b) => a - b);

test("every picture lands in exactly one split, the wanted share in the test split", async (context) => {
  const folder = await pictureFolder(context, numbered(20));
  const data = await loadImageFolder(choice(folder));
  assert.equal(data.train.count, 15);
  assert.equal(data.test.count, 5);
  assert.deepEqual(
    allLevels(data),
    Array.from({ length: 20 }, (_, index) => index),
  );
  assert.equal(data.train.labels, null);
  assert.deepEqual(data.labelNames, []);
  assert.equal(data.source, `20 pictures in ${folder}`);
});

test("the split depends on the seed and the names, not on the order in which files were made", async (context) => {
  const names = numbered(20);
  const backwards = Object.fromEntries(Object.entries(names).reverse());
  const first = await loadImageFolder(choice(await pictureFolder(context, names)));
  const second = await loadImageFolder(choice(await pictureFolder(context, backwards)));
  assert.equal(second.sha256, first.sha256);
  assert.deepEqual(second.test.pixels, first.test.pixels);
  const other = await loadImageFolder(choice(await pictureFolder(context, names), { seed: 2 }));
  assert.notDeepEqual(levelsOf(other.test), levelsOf(first.test));
});

test("both splits have at least one picture, however small the share", async (context) => {
  const folder = await pictureFolder(context, numbered(2));
  for (const testFraction of [0.001, 0.999]) {
    const data = await loadImageFolder(choice(folder, { testFraction }));
    assert.deepEqual([data.train.count, data.test.count], [1, 1]);
  }
});

test("subfolders are labels, the first one counting, in alphabetical order", async (context) => {
  const levels = { "dog/a.png": 10, "cat/b.png": 20, "cat/young/small/c.png": 21, "dog/d.png": 11 };
  const data = await loadImageFolder(choice(await pictureFolder(context, levels)));
  assert.deepEqual(data.labelNames, ["cat", "dog"]);
  for (const split of [data.train, data.test])
    assert.deepEqual(
      [...(split.labels ?? [])],
      levelsOf(split).map((level) => (level >= 20 ? 0 : 1)),
    );
});

test("pictures beside labelled subfolders are labelled as having none", async (context) => {
  const folder = await pictureFolder(context, { "loose.png": 1, "cat/a.png": 2 });
  assert.deepEqual((await loadImageFolder(choice(folder))).labelNames, ["(none)", "cat"]);
});

test("every spelling of an extension is taken; hidden files are passed over", async (context) => {
  const folder = await pictureFolder(context, { "a.PNG": 1, ".hidden.png": 99, ".git/x.png": 98 });
  await writeFile(join(folder, "b.Jpeg"), await flat(2, 2, "#020202").jpeg({ quality: 100 }).toBuffer());
  await writeFile(join(folder, "c.jpg"), await flat(2, 2, "#030303").jpeg({ quality: 100 }).toBuffer());
  await writeFile(join(folder, "d.webp"), await flat(2, 2, "#040404").webp({ lossless: true }).toBuffer());
  await mkdir(join(folder, "folder.png"));
  const data = await loadImageFolder(choice(folder));
  assert.deepEqual(allLevels(data), [1, 2, 3, 4]);
  assert.equal(data.source, `4 pictures in ${folder}`);
});

test("files of other kinds are passed over, counted and told", async (context) => {
  const folder = await pictureFolder(context, { "a.png": 1, "cat/b.png": 2 });
  await writeFile(join(folder, ".hidden.gif"), "");
  await writeFile(join(folder, "x.gif"), "");
  const one = await loadImageFolder(choice(folder));
  assert.deepEqual(allLevels(one), [1, 2]);
  assert.equal(one.source, `2 pictures in ${folder} (1 file is no PNG, JPEG or WebP: x.gif)`);
  for (const name of ["z.txt", "cat/c.bmp", "b.heic"]) await writeFile(join(folder, name), "");
  const four = await loadImageFolder(choice(folder));
  assert.ok(four.source.endsWith("(4 files are no PNG, JPEG or WebP: b.heic, cat/c.bmp, x.gif and others)"));
  await rm(join(folder, "a.png"));
  await failsWith(
    () => loadImageFolder(choice(folder)),
    "dataset-invalid",
    "only one picture (4 files are no",
  );
});

test("the .latent files that encoding leaves beside pictures are passed over and not counted", async (context) => {
  const folder = await pictureFolder(context, { "a.png": 1, "cat/b.png": 2 });
  for (const name of ["a.latent", "cat/b.LATENT"]) await writeFile(join(folder, name), "");
  assert.equal((await loadImageFolder(choice(folder))).source, `2 pictures in ${folder}`);
});

test("pictures that all come out in one and the same grey are refused, with what may be the cause", async (context) => {
  const folder = temporaryFolder(context);
  // Black strokes, white strokes: half a picture each, on a transparent ground.
  const strokes = async (ink: string) => {
    const ground = flat(2, 2, { r: 0, g: 0, b: 0, alpha: 0 });
    return ground
      .composite([{ input: await flat(1, 2, ink).png().toBuffer(), left: 0, top: 0 }])
      .png()
      .toBuffer();
  };
  const fill = async (bytes: Buffer) => {
    for (const name of ["a.png", "b.png", "c.png"]) await writeFile(join(folder, name), bytes);
  };
  const refused = async (changes: Partial<ImageFolderChoice>, words: string) =>
    (await failsWith(() => loadImageFolder(choice(folder, changes)), "dataset-invalid", folder, words)).hint;
  await fill(await strokes("black"));
  assert.match(
    await refused({}, "all pictures come out black"),
    /dark ink on it, set dataset\.invert to true/,
  );
  await loadImageFolder(choice(folder, { invert: true }));
  await fill(await strokes("white"));
  assert.match(
    await refused({ invert: true }, "come out black"),
    /light ink on it, set dataset\.invert to false/,
  );
  await fill(await grey(255));
  assert.match(await refused({}, "all pictures come out white"), /pictures that differ/);
  await fill(await grey(7));
  assert.match(await refused({}, "all pictures come out one grey"), /pictures that differ/);
  await writeFile(join(folder, "d.png"), await grey(8));
  await loadImageFolder(choice(folder));
});

test("links to pictures are followed, links to folders are not, so circles do not matter", async (context) => {
  const folder = await pictureFolder(context, { "cat/a.png": 1, "cat/b.png": 2 });
  await symlink(folder, join(folder, "cat", "circle"), "junction");
  await symlink(join(folder, "cat", "a.png"), join(folder, "cat", "link.png"));
  assert.deepEqual(allLevels(await loadImageFolder(choice(folder))), [1, 1, 2]);
});

test("progress counts every picture", async (context) => {
  const folder = await pictureFolder(context, numbered(5));
  const seen: number[] = [];
  await loadImageFolder(choice(folder), {
    onProgress: ({ doing, done, total }) => {
      assert.deepEqual([doing, total], ["read", 5]);
      seen.push(done);
    },
  });
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
});

test("an empty folder, one with a single picture, and one that is not there are refused", async (context) => {
  const empty = temporaryFolder(context);
  await failsWith(() => loadImageFolder(choice(empty)), "dataset-invalid", empty, "no pictures");
  const single = await pictureFolder(context, numbered(1));
  await failsWith(() => loadImageFolder(choice(single)), "dataset-invalid", single, "only one picture");
  const gone = join(empty, "gone");
  await failsWith(() => loadImageFolder(choice(gone)), "dataset-missing", gone, "no such folder");
  const file = join(single, "0.png");
  await failsWith(() => loadImageFolder(choice(file)), "dataset-missing", file, "is a file, not a folder");
  const below = join(file, "below");
  await failsWith(() => loadImageFolder(choice(below)), "dataset-missing", below, "no such folder");
});

test("a picture that is corrupt, huge or gone is named", async (context) => {
  const folder = await pictureFolder(context, numbered(6));
  const bad = join(folder, "3.png");
  const whole = await grey(3);
  for (const bytes of [whole.subarray(0, 50), Buffer.from("<svg/>"), promisingPng(20_000, 20_000)]) {
    await writeFile(bad, bytes);
    await failsWith(() => loadImageFolder(choice(folder)), "image-invalid", bad);
  }
  await rename(bad, join(folder, "elsewhere"));
  await symlink(join(folder, "nowhere"), bad);
  await failsWith(() => loadImageFolder(choice(folder)), "storage-failed", bad);
});

test("of several pictures that cannot be read all are counted, and the first are named", async (context) => {
  const folder = await pictureFolder(context, numbered(9));
  for (const name of ["2.png", "4.png", "6.png", "8.png"]) await writeFile(join(folder, name), "<svg/>");
  const words = "4 of 9 pictures cannot be read: 2.png, 4.png, 6.png and others; the first: ";
  await failsWith(() => loadImageFolder(choice(folder)), "image-invalid", folder, words);
});

test("reading can be interrupted", async (context) => {
  const folder = await pictureFolder(context, numbered(40));
  const abort = new AbortController();
  const reading = () =>
    loadImageFolder(choice(folder), { signal: abort.signal, onProgress: () => abort.abort() });
  await failsWith(reading, "interrupted", folder);
});
