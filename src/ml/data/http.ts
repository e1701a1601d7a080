/**
 * One HTTP GET into a partly filled file: asks for the missing rest, follows the user's proxy settings, gives up
 * soon when nothing answers. Knows nothing of mirrors, hashes or what the bytes mean; download.ts does.
 */
import type { FileHandle } from "node:fs/promises";
import type { Dispatcher, Pool } from "undici";
import { Failure, storageFailure } from "../../contract/failure.ts";
import { writeAll } from "./write-all.ts";

/** In milliseconds. */
export interface Deadlines {
  /** For a connection to the server, or to the proxy. */
  readonly connect: number;
  /** From the request to the head of the answer, with all that lies between: a proxy's tunnel, TLS. */
  readonly answer: number;
  /** Between two pieces of the body. */
  readonly idle: number;
}

/** The first is short, so that a machine without a network is told so within seconds. */
const usualDeadlines: Deadlines = { connect: 4_000, answer: 15_000, idle: 15_000 };

/** Why a server did not deliver, in a few words; another server may. */
export class HttpError extends Error {
  override readonly name = "HttpError";
}

export interface Connection {
  request(url: URL, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<Answer>;
  close(): Promise<void>;
}
type Answer = Dispatcher.ResponseData;

/** Honours HTTPS_PROXY, HTTP_PROXY and NO_PROXY of `environment`, in either case. Throws a Failure: usage. */
export async function openConnection(
  environment: NodeJS.ProcessEnv,
  deadlines: Deadlines = usualDeadlines,
): Promise<Connection> {
  // Loaded only here: most commands find their dataset on disk. By its default export, the one that a bundle keeps.
  const { EnvHttpProxyAgent, Pool, request } = (await import("undici")).default;
  const setting = (name: string) => environment[name.toLowerCase()] ?? environment[name] ?? "";
  const httpProxy = setting("HTTP_PROXY");
  const httpsProxy = setting("HTTPS_PROXY");
  for (const proxy of [httpProxy, httpsProxy]) {
    if (proxy !== "" && !(/^https?:/i.test(proxy) && URL.canParse(proxy)))
      throw new Failure(
        "usage",
        "the proxy in HTTPS_PROXY or HTTP_PROXY is not an http:// or https:// URL",
        "Set it to something like http://proxy.example:8080, or unset it.",
      );
  }
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy,
    httpsProxy,
    noProxy: setting("NO_PROXY"),
    connect: { timeout: deadlines.connect },
    proxyTls: { timeout: deadlines.connect },
    clientFactory: (proxy, options) => askOnce(new Pool(proxy, options)),
    bodyTimeout: deadlines.idle,
  });
  return {
    request: (url, headers, signal) =>
      answerInTime(
        (ending) => request(url, { dispatcher, headers, signal: ending }),
        deadlines.answer,
        signal,
      ),
    close: () => dispatcher.destroy(),
  };
}

/** Of a proxy that hangs up, undici would ask the same again at once, thousands of times a second. */
function askOnce(proxy: Pool): Pool {
  const { connect } = proxy;
  return Object.assign(proxy, {
    connect: (options: Dispatcher.ConnectOptions) =>
      new Promise<Dispatcher.ConnectData>((resolve, reject) => {
        connect.call(proxy, options, (error, data) => {
          if (error === null) resolve(data);
          else reject(new HttpError(`proxy: ${httpReason(error)}`, { cause: error }));
        });
      }),
  });
}

/**
 * The deadline is our own, and so is heeding the signal: while a proxy opens its tunnel, undici knows no deadline and
 * lets an aborted request wait.
 */
async function answerInTime(
  send: (ending: AbortSignal) => Promise<Answer>,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new HttpError("no answer in time")), milliseconds);
  const ending = AbortSignal.any(signal === undefined ? [late.signal] : [late.signal, signal]);
  try {
    return await Promise.race([send(ending), rejectionBy(ending)]);
  } finally {
    clearTimeout(timer);
  }
}

function rejectionBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

export interface PartialFile {
  readonly handle: FileHandle;
  readonly path: string;
  /** Receiving more than this ends the request. */
  readonly maximumBytes: number;
}

/**
 * Completes `part` from `url`, from where it ends if the server can, else from the start. Bytes are written at their
 * own position, so that two processes that fetch the same file at once do each other no harm.
 * Throws HttpError, undici's errors, or a Failure from the disk. `part` keeps what has been received.
 */
export async function fetchInto(
  part: PartialFile,
  url: URL,
  connection: Connection,
  onBytes: (received: number, total: number | null) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const have = (await part.handle.stat()).size;
  // "identity": the hash is of what lies in the archive, and no proxy should wrap it once more.
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (have > 0) headers.range = `bytes=${have}-`;
  const answer = await connection.request(url, headers, signal);
  // Letting go of a body that was not read to its end raises an error there, which is no news.
  answer.body.on("error", () => {});
  try {
    // 416: there is nothing after what we have. Whether that is the whole file is for the hash to tell.
    if (have > 0 && answer.statusCode === 416) return;
    const start = await startOf(answer, part, have);
    const length = Number(answer.headers["content-length"]);
    const total = Number.isSafeInteger(length) ? start + length : null;
    await receive(part, answer, start, (received) => onBytes(received, total));
  } finally {
    answer.body.destroy();
  }
}

/** The position of the answer's first byte in the file. */
async function startOf(answer: Answer, part: PartialFile, have: number): Promise<number> {
  const { statusCode, headers } = answer;
  if (statusCode === 200) {
    await part.handle.truncate(0);
    return 0;
  }
  if (statusCode === 206 && String(headers["content-range"]).startsWith(`bytes ${have}-`)) return have;
  throw new HttpError(`it answered ${statusCode}`);
}

async function receive(
  part: PartialFile,
  answer: Answer,
  start: number,
  onBytes: (received: number) => void,
): Promise<void> {
  let position = start;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    if (position + chunk.length > part.maximumBytes)
      throw new HttpError(`it sent more than ${part.maximumBytes} bytes`);
    try {
      await writeAll(part.handle, chunk, position);
    } catch (error) {
      throw storageFailure(error, part.path, "write");
    }
    position += chunk.length;
    onBytes(position);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "host not found",
  EAI_AGAIN: "host not found",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection lost",
  ENETUNREACH: "no network",
  EHOSTUNREACH: "no way to the host",
  ETIMEDOUT: "no connection in time",
  UND_ERR_CONNECT_TIMEOUT: "no connection in time",
  UND_ERR_BODY_TIMEOUT: "the transfer stalled",
  UND_ERR_SOCKET: "connection lost",
};

/** What a failed request failed of, in a few words. */
export function httpReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  return reasons[code] ?? (error.message || code || error.name);
}
