/** Where MNIST is looked for, in which order, and what is said when it is not there. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Preparing } from "../../../src/contract/preparing.ts";
import { cacheFolder } from "../../../src/ml/data/cache-folder.ts";
import {
  damageInCache,
  downloadMnist,
  findMnist,
  loadMnist,
  mnistCacheFolder,
  mnistMirrors,
} from "../../../src/ml/data/mnist.ts";
import { mnistFiles, mnistPixelsSha256 } from "../../../src/ml/data/mnist-files.ts";
import { failsWith } from "../../fixtures/failures.ts";
import { deadMirror, files, serve } from "../../fixtures/file-server.ts";
import { smallDataset, writeFiles } from "../../fixtures/idx-bytes.ts";
import { noRealMnist, realMnist } from "../../fixtures/real-mnist.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

/** An environment whose cache folder is the test's own. */
async function ownCache(context: TestContext): Promise<NodeJS.ProcessEnv> {
  const folder = temporaryFolder(context);
  return { HOME: folder, XDG_CACHE_HOME: folder, LOCALAPPDATA: folder };
}

async function archives(): Promise<Map<string, Uint8Array>> {
  const names = (await readdir(realMnist)).filter((name) => name.endsWith(".gz"));
  const contents = names.map(async (name) => [name, await readFile(join(realMnist, name))] as const);
  return new Map(await Promise.all(contents));
}

test("the cache folder follows each platform's convention", () => {
  const home = { HOME: "/home/ada" };
  assert.equal(cacheFolder(home, "linux"), join("/home/ada", ".cache", "latent-lab"));
  assert.equal(cacheFolder({ ...home, XDG_CACHE_HOME: "/big" }, "linux"), join("/big", "latent-lab"));
  assert.equal(
    cacheFolder({ ...home, XDG_CACHE_HOME: "rel" }, "linux"),
    join("/home/ada", ".cache", "latent-lab"),
  );
  assert.equal(cacheFolder(home, "darwin"), join("/home/ada", "Library", "Caches", "latent-lab"));
  assert.equal(cacheFolder({ LOCALAPPDATA: "/local" }, "win32"), join("/local", "latent-lab", "Cache"));
});

test("the mirrors are at least two hosts, over HTTPS", () => {
  assert.ok(mnistMirrors.every(({ protocol, pathname }) => protocol === "https:" && pathname.endsWith("/")));
  assert.ok(new Set(mnistMirrors.map(({ host }) => host)).size >= 2);
});

test("a folder named by --data is used first, itself or its mnist subfolder", async (context) => {
  const parent = temporaryFolder(context);
  const folder = join(parent, "mnist");
  await mkdir(folder);
  await writeFiles(folder, smallDataset());
  const environment = { ...(await ownCache(context)), LATENT_LAB_DATA: "/nowhere" };
  assert.deepEqual(await findMnist({ data: folder, environment }), { source: "option", folder });
  assert.deepEqual(await findMnist({ data: parent, environment }), { source: "option", folder });
});

test("then the folder in LATENT_LAB_DATA, and its images need not be the original ones", async (context) => {
  const folder = temporaryFolder(context);
  await writeFiles(folder, smallDataset());
  const environment = { ...(await ownCache(context)), LATENT_LAB_DATA: folder };
  assert.deepEqual(await findMnist({ environment }), { source: "environment", folder });
  const data = await loadMnist({ environment, allowDownload: false });
  assert.equal(data.train.count, 3);
  assert.match(data.source, /differ from the original/);
  assert.notEqual(data.sha256, mnistPixelsSha256);
});

test("a named folder without the files is an error, even when the cache or a mirror has them", async (context) => {
  const folder = temporaryFolder(context);
  const [first] = smallDataset();
  await writeFiles(folder, first === undefined ? [] : [first]);
  const environment = await ownCache(context);
  const { mirror, requests } = await serve(context, files(new Map()));
  const options = { allowDownload: true, mirrors: [mirror] };
  const byOption = () => loadMnist({ ...options, environment, data: folder });
  const failure = await failsWith(byOption, "dataset-missing", folder, "--data", "mnist");
  assert.match(failure.hint, /t10k-labels-idx1-ubyte/);
  const byEnvironment = () =>
    loadMnist({ ...options, environment: { ...environment, LATENT_LAB_DATA: folder } });
  await failsWith(byEnvironment, "dataset-missing", folder, "LATENT_LAB_DATA");
  const missing = () => loadMnist({ ...options, environment, data: join(folder, "gone") });
  await failsWith(missing, "dataset-missing", join(folder, "gone"), "--data", "no such folder");
  await writeFile(join(folder, "train.gz"), "");
  const file = () => findMnist({ data: join(folder, "train.gz"), environment: {} });
  await failsWith(file, "dataset-missing", join(folder, "train.gz"), "--data", "is a file, not a folder");
  assert.equal(requests.length, 0);
});

test("with no copy and no network, the error tells the caller which it was", async (context) => {
  const environment = await ownCache(context);
  assert.equal(await findMnist({ environment }), null);
  await failsWith(() => loadMnist({ environment, allowDownload: false }), "dataset-missing", "MNIST");
  const mirrors = [await deadMirror(), await deadMirror()];
  await failsWith(
    () => loadMnist({ environment, allowDownload: true, mirrors }),
    "download-failed",
    "refused",
  );
});

test("real MNIST is downloaded into the cache once, verified, and read from there ever after", {
  skip: noRealMnist,
}, async (context) => {
  const environment = await ownCache(context);
  const { mirror, requests } = await serve(context, files(await archives()));
  const progress: Preparing[] = [];
  const onProgress = (each: Preparing) => progress.push(each);
  const options = { environment, allowDownload: true, mirrors: [mirror] };
  const fetched = await loadMnist({ ...options, onProgress });
  assert.match(fetched.source, /downloaded/);
  assert.equal(fetched.sha256, mnistPixelsSha256);
  assert.deepEqual([fetched.train.count, fetched.test.count, fetched.width], [60_000, 10_000, 28]);
  const last = progress.at(-1);
  assert.equal(last?.doing, "download");
  assert.equal(last?.done, last?.total);
  const cached = await loadMnist({ ...options, allowDownload: false });
  assert.match(cached.source, /from the cache/);
  assert.deepEqual(cached.test, fetched.test);
  assert.equal(requests.length, 4);
  await findsDamage(environment, options);
});

/** The cache is trusted only as long as nobody has touched it. */
async function findsDamage(
  environment: NodeJS.ProcessEnv,
  options: Parameters<typeof loadMnist>[0],
): Promise<void> {
  const path = join(mnistCacheFolder(environment), "t10k-images-idx3-ubyte");
  const bytes = await readFile(path);
  bytes[5_000] = (bytes[5_000] ?? 0) ^ 1;
  await writeFile(path, bytes);
  await failsWith(() => loadMnist(options), "dataset-invalid", "cached copy of MNIST is damaged");
  await truncate(path, 1_000);
  assert.equal(await findMnist({ environment }), null);
  await downloadMnist(options);
  assert.equal((await loadMnist(options)).sha256, mnistPixelsSha256);
}

test("the gzipped originals copied into the cache are read from there, and their content is checked", {
  skip: noRealMnist,
}, async (context) => {
  const environment = await ownCache(context);
  const folder = mnistCacheFolder(environment);
  await writeCache(folder, await archives());
  assert.deepEqual(await findMnist({ environment }), { source: "cache", folder });
  const { mirror, requests } = await serve(context, files(new Map()));
  await downloadMnist({ environment, mirrors: [mirror] });
  assert.equal(requests.length, 0, "what is there is not fetched");
  for (const _ of ["hashed", "as stamped"]) {
    const data = await loadMnist({ environment, allowDownload: false });
    assert.equal(data.sha256, mnistPixelsSha256);
    assert.match(data.source, /from the cache/);
  }
  const name = "t10k-labels-idx1-ubyte";
  const labels = gunzipSync(await readFile(join(folder, `${name}.gz`)));
  labels[8] = 9 - (labels[8] ?? 0);
  await writeFile(join(folder, `${name}.gz`), gzipSync(labels));
  const wrong = () => loadMnist({ environment, allowDownload: false });
  await failsWith(wrong, "dataset-invalid", folder, "its labels have the wrong SHA-256");
});

test("a cached file of the wrong length is fetched again, and named where that cannot be done", async (context) => {
  const environment = await ownCache(context);
  const folder = mnistCacheFolder(environment);
  await writeCache(folder, smallDataset());
  const labels = mnistFiles.filter(({ kind }) => kind === "labels");
  for (const { name } of labels) await rm(join(folder, name));
  await writeCache(folder, [["t10k-labels-idx1-ubyte.gz", gzipSync(Buffer.alloc(12))]]);
  assert.equal(await findMnist({ environment }), null);
  const damage = await damageInCache(environment);
  const expected = [
    /train-images-idx3-ubyte: does not hold MNIST's 47040016 bytes$/,
    /t10k-images-idx3-ubyte: does not hold MNIST's 7840016 bytes/,
    /t10k-labels-idx1-ubyte.gz: does not hold MNIST's 10008 bytes$/,
  ];
  assert.equal(damage.length, expected.length, "a file that is missing is not damaged");
  for (const [index, words] of expected.entries()) assert.match(damage[index] ?? "", words);

  const { mirror, requests } = await serve(context, files(new Map()));
  for (const options of [{ allowDownload: false }, { allowDownload: true, mirrors: [mirror] }]) {
    const load = () => loadMnist({ environment, ...options });
    const failure = await failsWith(
      load,
      "dataset-invalid",
      "damaged",
      "train-images-idx3-ubyte: does not hold",
    );
    assert.match(failure.hint, /datasets get mnist/);
  }
  assert.equal(requests.length, 1);
});

async function writeCache(folder: string, contents: Iterable<readonly [string, Uint8Array]>): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFiles(folder, contents);
}

test("the gzipped originals in a folder are the original MNIST", { skip: noRealMnist }, async (context) => {
  const folder = temporaryFolder(context);
  for (const name of (await archives()).keys()) await copyFile(join(realMnist, name), join(folder, name));
  const data = await loadMnist({ data: folder, environment: {}, allowDownload: false });
  assert.equal(data.sha256, mnistPixelsSha256);
  assert.equal(data.source, `MNIST from ${folder}`);
});
