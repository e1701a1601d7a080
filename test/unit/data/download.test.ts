/** Downloads from a server on the loopback: whole and verified files, or none, whatever the server does. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { type DownloadOptions, downloadFiles, type RemoteFile } from "../../../src/ml/data/download.ts";
import { RandomSequence, streams } from "../../../src/ml/random.ts";
import { failsWith } from "../../fixtures/failures.ts";
import {
  cutAfter,
  deadMirror,
  files,
  type Respond,
  serve,
  startProxy,
  startUselessProxy,
} from "../../fixtures/file-server.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

function noise(bytes: number, seed: number): Buffer {
  const random = new RandomSequence(seed, streams.drawing);
  return Buffer.from(Uint8Array.from({ length: bytes }, () => random.word() & 15));
}

function remote(name: string, content: Uint8Array): RemoteFile {
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { name, bytes: content.length, sha256, compressedBytes: content.length };
}

const content = noise(400_000, 1);
const archive = gzipSync(content);
const file = remote("big", content);
const small = Buffer.from("a few bytes");
const smallFile = remote("small", small);
const served = new Map([
  ["big.gz", archive],
  ["small.gz", gzipSync(small)],
]);

async function download(
  folder: string,
  mirrors: readonly URL[],
  options: Partial<DownloadOptions> & { readonly files?: readonly RemoteFile[] } = {},
): Promise<void> {
  await downloadFiles(options.files ?? [file], { folder, mirrors, environment: {}, ...options });
}

async function assertPlaced(folder: string): Promise<void> {
  assert.ok(content.equals(await readFile(join(folder, "big"))), "the file has the right content");
  assert.deepEqual(await readdir(folder), ["big"], "nothing else is left in the folder");
}

/** Different answers to the first, second, … request; the last one for all that follow. */
function inTurn(...answers: readonly Respond[]): Respond {
  return (request, response, number) => {
    const answer = answers[Math.min(number, answers.length) - 1];
    answer?.(request, response, number);
  };
}

test("missing files are fetched, decompressed and verified, with progress to the end", async (context) => {
  const folder = join(temporaryFolder(context), "not", "there", "yet");
  const { mirror, requests } = await serve(context, files(served));
  const progress: [number, number][] = [];
  const both = [file, smallFile];
  await download(folder, [mirror], { files: both, onBytes: (...now) => progress.push(now) });
  assert.ok(content.equals(await readFile(join(folder, "big"))));
  assert.ok(small.equals(await readFile(join(folder, "small"))));
  assert.deepEqual((await readdir(folder)).sort(), ["big", "small"]);
  const total = [...served.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  assert.deepEqual(progress.at(-1), [total, total]);
  assert.equal(requests.length, 2);
  await download(folder, [mirror], { files: both });
  assert.equal(requests.length, 2, "what is there is not fetched again");
});

test("a connection cut off in the middle is resumed where it stopped", async (context) => {
  const folder = temporaryFolder(context);
  const { mirror, requests } = await serve(context, inTurn(cutAfter(100_000, archive), files(served)));
  await download(folder, [mirror]);
  assert.equal(requests[1]?.headers.range, "bytes=100000-");
  await assertPlaced(folder);
});

test("a download that failed is resumed by the next command", async (context) => {
  const folder = temporaryFolder(context);
  const busy: Respond = (_request, response) => response.writeHead(503).end();
  const { mirror, requests } = await serve(context, inTurn(cutAfter(70_000, archive), busy, files(served)));
  await failsWith(() => download(folder, [mirror]), "download-failed", "big.gz", mirror.host, "503");
  assert.equal((await readdir(folder)).length, 1, "what was received is kept");
  await download(folder, [mirror]);
  assert.equal(requests[2]?.headers.range, "bytes=70000-");
  await assertPlaced(folder);
});

test("a server that cannot resume sends the whole file again", async (context) => {
  const folder = temporaryFolder(context);
  const whole: Respond = (_request, response) => response.writeHead(200).end(archive);
  const { mirror } = await serve(context, inTurn(cutAfter(70_000, archive), whole));
  await download(folder, [mirror]);
  await assertPlaced(folder);
});

test("a kept part of some other version is thrown away and the file fetched anew", async (context) => {
  const folder = temporaryFolder(context);
  const broken = inTurn(cutAfter(70_000, noise(archive.length, 2)), (_request, response) =>
    response.writeHead(503).end(),
  );
  const { mirror, requests } = await serve(context, (request, response, number) =>
    (number <= 2 ? broken : files(served))(request, response, number),
  );
  await failsWith(() => download(folder, [mirror]), "download-failed");
  await download(folder, [mirror]);
  assert.deepEqual(
    requests.map((request) => request.headers.range),
    [undefined, "bytes=70000-", "bytes=70000-", undefined],
  );
  await assertPlaced(folder);
});

test("a part that had come whole is used as it is", async (context) => {
  const folder = temporaryFolder(context);
  const busy: Respond = (_request, response) => response.writeHead(503).end();
  const { mirror, requests } = await serve(context, inTurn(cutAfter(70_000, archive), busy, files(served)));
  await failsWith(() => download(folder, [mirror]), "download-failed", "503");
  const [part] = await readdir(folder);
  await writeFile(join(folder, String(part)), archive);
  let transferred = 0;
  await download(folder, [mirror], { onBytes: (received) => (transferred = received) });
  assert.equal(requests[2]?.headers.range, `bytes=${archive.length}-`);
  assert.equal(transferred, 0);
  await assertPlaced(folder);
});

test("a file with the wrong hash is an error, and nothing of it stays", async (context) => {
  const folder = temporaryFolder(context);
  const wrong = gzipSync(noise(content.length, 3));
  const { mirror } = await serve(context, files(new Map([["big.gz", wrong]])));
  await failsWith(() => download(folder, [mirror]), "download-failed", mirror.host, "wrong SHA-256");
  assert.deepEqual(await readdir(folder), []);
});

test("damaged archives, bombs and endless answers are refused, and nothing stays", async (context) => {
  const endless: Respond = (_request, response) => {
    const piece = noise(50_000, 4);
    const send = (): void => {
      while (response.write(piece) && !response.destroyed);
    };
    response.on("drain", send);
    response.writeHead(200);
    send();
  };
  const bomb = gzipSync(Buffer.alloc(2 ** 26));
  const damaged = Buffer.from(archive).fill(0, 1000, 1100);
  for (const respond of [
    files(new Map([["big.gz", bomb]])),
    files(new Map([["big.gz", damaged]])),
    files(new Map([["big.gz", Buffer.from("<html>Please log in to this network</html>")]])),
  ]) {
    const folder = temporaryFolder(context);
    const { mirror } = await serve(context, respond);
    await failsWith(() => download(folder, [mirror]), "download-failed", "wrong SHA-256");
    assert.deepEqual(await readdir(folder), []);
  }
  const { mirror } = await serve(context, endless);
  const folder = temporaryFolder(context);
  await failsWith(() => download(folder, [mirror]), "download-failed", "more than 465536 bytes");
});

test("the next mirror is asked when one is down, lacks the file or sends a wrong one", async (context) => {
  const lacking = await serve(context, files(new Map()));
  const wrong = await serve(context, files(new Map([["big.gz", gzipSync(noise(9, 5))]])));
  const good = await serve(context, files(served));
  const folder = temporaryFolder(context);
  await download(folder, [await deadMirror(), lacking.mirror, wrong.mirror, good.mirror]);
  await assertPlaced(folder);
});

test("the mirror that worked is asked first for the next file", async (context) => {
  const lacking = await serve(context, files(new Map()));
  const good = await serve(context, files(served));
  const folder = temporaryFolder(context);
  await download(folder, [lacking.mirror, good.mirror], { files: [file, smallFile] });
  assert.equal(lacking.requests.length, 1);
  assert.equal(good.requests.length, 2);
});

test("when no mirror can be reached the error names each and says what to do", async (context) => {
  const folder = temporaryFolder(context);
  const [first, second] = [await deadMirror(), await deadMirror()];
  const failure = await failsWith(
    () => download(folder, [first, second]),
    "download-failed",
    `${first.host}: connection refused`,
    `${second.host}: connection refused`,
  );
  assert.match(failure.hint, /--data/);
  assert.deepEqual(await readdir(folder), []);
});

test("a proxy from the environment is used, unless NO_PROXY names the host", async (context) => {
  const { mirror } = await serve(context, files(served));
  const proxy = await startProxy(context);
  const folder = temporaryFolder(context);
  await download(folder, [mirror], { environment: { HTTP_PROXY: proxy.url } });
  assert.deepEqual(proxy.tunnels, [mirror.host]);
  await assertPlaced(folder);
  const direct = { http_proxy: proxy.url, no_proxy: "127.0.0.1" };
  await download(temporaryFolder(context), [mirror], { environment: direct });
  assert.equal(proxy.tunnels.length, 1);
});

test("a proxy that is down or is not a URL is said to be so, without its password", async (context) => {
  const { mirror, requests } = await serve(context, files(served));
  const folder = temporaryFolder(context);
  const dead = await deadMirror();
  const down = () => download(folder, [mirror], { environment: { HTTP_PROXY: dead.href } });
  await failsWith(down, "download-failed", "connection refused");
  const badly = () => download(folder, [mirror], { environment: { HTTPS_PROXY: "user:secret@proxy" } });
  const failure = await failsWith(badly, "usage", "HTTPS_PROXY");
  assert.doesNotMatch(failure.message, /secret/);
  assert.equal(requests.length, 0);
});

const never = 2 ** 31 - 1;

test("a proxy or a server that accepts the connection and never answers is given up", {
  timeout: 60_000,
}, async (context) => {
  const folder = temporaryFolder(context);
  const { mirror } = await serve(context, () => {});
  const deadlines = { connect: never, answer: 50, idle: never };
  const proxy = await startUselessProxy(context, () => {});
  for (const environment of [{ HTTP_PROXY: proxy }, {}]) {
    const silent = () => download(folder, [mirror, mirror], { environment, deadlines });
    await failsWith(silent, "download-failed", `${mirror.host}: no answer in time`);
  }
  assert.deepEqual(await readdir(folder), []);
});

test("a download is aborted at once while a proxy keeps silent", { timeout: 60_000 }, async (context) => {
  const { mirror } = await serve(context, files(served));
  const abort = new AbortController();
  const proxy = await startUselessProxy(context, () => abort.abort());
  const deadlines = { connect: never, answer: never, idle: never };
  const aborted = () =>
    download(temporaryFolder(context), [mirror], {
      environment: { HTTP_PROXY: proxy },
      deadlines,
      signal: abort.signal,
    });
  await failsWith(aborted, "interrupted", "big.gz");
});

test("a proxy that hangs up is asked once for each mirror", async (context) => {
  let asked = 0;
  const proxy = await startUselessProxy(context, (client) => {
    asked++;
    client.destroy();
  });
  const mirrors = [await deadMirror(), await deadMirror()];
  const hungUp = () => download(temporaryFolder(context), mirrors, { environment: { HTTP_PROXY: proxy } });
  await failsWith(hungUp, "download-failed", `${mirrors[0]?.host}: proxy: connection lost`);
  assert.equal(asked, 2);
});

test("an aborted download ends as interrupted, keeps its part and goes on later", async (context) => {
  const folder = temporaryFolder(context);
  const stalling: Respond = (_request, response) => {
    response.writeHead(200, { "content-length": archive.length });
    response.write(archive.subarray(0, 60_000));
  };
  const { mirror, requests } = await serve(context, inTurn(stalling, files(served)));
  const abort = new AbortController();
  const aborted = () =>
    download(folder, [mirror], {
      signal: abort.signal,
      onBytes: (received) => received >= 60_000 && abort.abort(),
    });
  await failsWith(aborted, "interrupted", "big.gz");
  await download(folder, [mirror]);
  assert.equal(requests[1]?.headers.range, "bytes=60000-");
  await assertPlaced(folder);
});

test("two processes that download at once both end with the right file", async (context) => {
  const folder = temporaryFolder(context);
  const { mirror } = await serve(context, inTurn(cutAfter(90_000, archive), files(served)));
  await Promise.all([download(folder, [mirror]), download(folder, [mirror])]);
  await assertPlaced(folder);
});

test("a mirror in the clear is refused before anything is sent", async (context) => {
  const folder = temporaryFolder(context);
  await failsWith(
    () => download(folder, [new URL("http://example.com/mnist/")]),
    "usage",
    "not an https:// address",
  );
});

test("a folder that cannot be made is the disk's fault, not the mirror's", async (context) => {
  const blocked = join(temporaryFolder(context), "file");
  await writeFile(blocked, "");
  const { mirror, requests } = await serve(context, files(served));
  await failsWith(() => download(join(blocked, "cache"), [mirror]), "storage-failed", blocked);
  assert.equal(requests.length, 0);
});
