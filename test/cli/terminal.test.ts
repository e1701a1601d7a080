/** What is drawn and coloured depends on who looks; what cannot be written must not end the work. */
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { barSymbols, ProgressBar } from "../../src/ml/cli/progress-bar.ts";
import { Output } from "../../src/ml/cli/terminal.ts";

class Screen extends Writable {
  readonly isTTY: boolean;
  readonly columns = 80;
  text = "";

  constructor(kind: "terminal" | "file") {
    super({ decodeStrings: false });
    this.isTTY = kind === "terminal";
  }

  override _write(text: string, _encoding: BufferEncoding, done: () => void): void {
    this.text += text;
    done();
  }
}

/** Fails as Node's own outputs do: each write anew. */
class Broken extends Writable {
  readonly #code: string;
  writes = 0;

  constructor(code: string) {
    super({ autoDestroy: false });
    this.#code = code;
  }

  override _write(_text: unknown, _encoding: BufferEncoding, done: (error: Error) => void): void {
    this.writes++;
    done(Object.assign(new Error(`${this.#code}: write`), { code: this.#code, errno: -1, syscall: "write" }));
  }
}

const escapeCharacter = "\u001B";

function coloured(screen: Screen, environment: NodeJS.ProcessEnv): string {
  const output = new Output(screen, "results", environment);
  return [output.bold("a"), output.dim("b"), output.red("c"), output.green("d")].join("");
}

function showProgress(screen: Screen, environment: NodeJS.ProcessEnv): string {
  const bar = new ProgressBar(new Output(screen, "remarks", environment), barSymbols({}, "linux"));
  bar.update({ label: "epoch 1/2", fraction: 0.5, loss: 100, imagesPerSecond: 1000, secondsLeft: 3 });
  bar.clear();
  return screen.text;
}

test("a terminal gets colours and weights, each taken back", () => {
  const text = coloured(new Screen("terminal"), {});
  assert.equal(
    text,
    `${escapeCharacter}[1ma${escapeCharacter}[22m${escapeCharacter}[2mb${escapeCharacter}[22m${escapeCharacter}[31mc${escapeCharacter}[39m${escapeCharacter}[32md${escapeCharacter}[39m`,
  );
});

test("NO_COLOR, a dumb terminal and a file get plain text; an empty NO_COLOR asks for nothing", () => {
  assert.equal(coloured(new Screen("terminal"), { NO_COLOR: "1" }), "abcd");
  assert.equal(coloured(new Screen("terminal"), { TERM: "dumb" }), "abcd");
  assert.equal(coloured(new Screen("file"), {}), "abcd");
  assert.notEqual(coloured(new Screen("terminal"), { NO_COLOR: "" }), "abcd");
});

test("on a terminal the bar is drawn in place and taken away, with NO_COLOR too", () => {
  const clear = `\r${escapeCharacter}[2K`;
  for (const environment of [{}, { NO_COLOR: "1" }]) {
    const text = showProgress(new Screen("terminal"), environment);
    assert.ok(text.startsWith(`${clear}epoch 1/2  ###`), text);
    assert.ok(text.endsWith(`3.0 s left${clear}`), text);
    assert.doesNotMatch(text, /\n/);
  }
});

test("without a terminal, or on a dumb one, there is no bar", () => {
  assert.equal(showProgress(new Screen("file"), {}), "");
  assert.equal(showProgress(new Screen("file"), { NO_COLOR: "1" }), "");
  assert.equal(showProgress(new Screen("terminal"), { TERM: "dumb" }), "");
});

for (const code of ["EPIPE", "EIO"]) {
  test(`results that nobody reads any more (${code}) are told once, and no more are written`, async () => {
    const stream = new Broken(code);
    const output = new Output(stream, "results", {});
    let told = 0;
    const gone = new Promise<void>((resolve) => {
      output.whenReaderGone(() => {
        told++;
        resolve();
      });
    });
    output.line("epoch 1");
    await gone;
    output.line("epoch 2");
    await output.flushed();
    assert.deepEqual([told, stream.writes], [1, 1]);
  });
}

for (const code of ["EIO", "ENOSPC"]) {
  test(`remarks that cannot be written (${code}) are dropped`, async () => {
    const stream = new Broken(code);
    const output = new Output(stream, "remarks", {});
    const failed = new Promise((resolve) => stream.once("error", resolve));
    output.line("reading images");
    await failed;
    output.line("reading images");
    await output.flushed();
    assert.equal(stream.writes, 1);
  });
}

test("results that cannot be written are a failure that names the output", () => {
  const stream = new Broken("ENOSPC");
  assert.equal(new Output(stream, "results", {}).isLive, false);
  const full = Object.assign(new Error("ENOSPC: write"), { code: "ENOSPC", errno: -28, syscall: "write" });
  assert.throws(() => stream.emit("error", full), {
    code: "storage-full",
    message: /standard output: the disk is full/,
  });
});
