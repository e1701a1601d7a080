import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { requireOutput, writeOutput } from "../../src/ml/cli/write-output.ts";
import { encodePng } from "../../src/ml/image/grey-image.ts";
import { imagePng, plainGridPng } from "../../src/ml/image/picture-grid.ts";
import { rasterise } from "../../src/ml/image/rasterise.ts";
import { greyPng } from "../fixtures/picture-bytes.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

const bytes = Buffer.from("new");

describe("a result written where the user said", () => {
  test("makes a file, or replaces one", async (t) => {
    const path = join(temporaryFolder(t), "file");
    await writeOutput(path, bytes);
    writeFileSync(path, "much longer than what comes");
    await writeOutput(path, bytes);
    assert.equal(readFileSync(path, "utf8"), "new");
  });

  test("goes where a link leads, and the link stays", async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, "file"), "old");
    symlinkSync("file", join(folder, "link"));
    await writeOutput(join(folder, "link"), bytes);
    assert.equal(readFileSync(join(folder, "file"), "utf8"), "new");
    assert.ok(lstatSync(join(folder, "link")).isSymbolicLink());
  });

  test("takes the place of no folder", async (t) => {
    const folder = temporaryFolder(t);
    await assert.rejects(writeOutput(folder, bytes), { code: "usage", message: /is a folder/ });
  });

  const pipes = process.platform === "win32" ? "Windows has no pipes in folders" : false;
  test("takes the place of no pipe or device", { skip: pipes }, async (t) => {
    const folder = temporaryFolder(t);
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    await assert.rejects(writeOutput(pipe, bytes), { code: "usage", message: /a device or a pipe/ });
    assert.ok(lstatSync(pipe).isFIFO());
    assert.deepEqual(readdirSync(folder), ["pipe"]);
  });
});

describe("a place for a result", () => {
  const grey = { width: 2, height: 1, pixels: Uint8Array.from([10, 200]) };
  const png = imagePng(grey);

  test("is new, empty, or an earlier result of its kind", async (t) => {
    const folder = temporaryFolder(t);
    await requireOutput(join(folder, "new.png"), "png", [join(folder, "digit.png")]);
    await requireOutput(join(folder, "new.PNG"), "png");
    await requireOutput(join(folder, "nowhere", "new.latent"), "latent");
    writeFileSync(join(folder, "empty.png"), "");
    await requireOutput(join(folder, "empty.png"), "png");
    writeFileSync(join(folder, "earlier.png"), png);
    await requireOutput(join(folder, "earlier.png"), "png");
  });

  test("is named as what is written", async (t) => {
    const folder = temporaryFolder(t);
    for (const name of ["experiment.json", "picture.jpg", "picture", "digit.latent", ".png"])
      await assert.rejects(requireOutput(join(folder, name), "png"), {
        code: "usage",
        message: /does not end in \.png/,
      });
    await assert.rejects(requireOutput(join(folder, "digit.png"), "latent"), /does not end in \.latent/);
  });

  test("is no file of another kind, whatever its name says", async (t) => {
    const path = join(temporaryFolder(t), "notes.png");
    writeFileSync(path, "notes");
    await assert.rejects(requireOutput(path, "png"), { code: "usage", message: /is no PNG/ });
  });

  test("is no PNG that others made, whatever is in it", async (t) => {
    const path = join(temporaryFolder(t), "mine.png");
    const signature = png.subarray(0, 8);
    for (const content of [
      encodePng(grey),
      await greyPng(grey.pixels, 2, 1),
      signature,
      Buffer.concat([signature, Buffer.from("Software\0Latent Lab")]),
      Buffer.concat([Buffer.alloc(8), png.subarray(8)]),
    ]) {
      writeFileSync(path, content);
      await assert.rejects(requireOutput(path, "png"), {
        code: "usage",
        message: /mine\.png: is there already, and is no PNG that a command of Latent Lab wrote/,
        hint: "Name another file with -o, or remove this one first.",
      });
    }
  });

  test("is every PNG that we wrote: pixels alone, a grid, a drawing", async (t) => {
    const path = join(temporaryFolder(t), "ours.png");
    const drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>';
    for (const content of [png, plainGridPng(grey, 1), await rasterise(drawing, 1)]) {
      writeFileSync(path, content);
      await requireOutput(path, "png");
    }
  });

  test("is none of the files that are read, by whatever path", async (t) => {
    const folder = temporaryFolder(t);
    const input = join(folder, "digit.png");
    writeFileSync(input, png);
    symlinkSync("digit.png", join(folder, "link.png"));
    symlinkSync(folder, join(folder, "here"), "junction");
    for (const output of [input, join(folder, "link.png"), join(folder, "here", "digit.png")])
      await assert.rejects(requireOutput(output, "png", [input]), {
        code: "usage",
        message: /is what is read from/,
      });
  });

  test("is not among a run's own files, there or not yet", async (t) => {
    const run = temporaryFolder(t);
    mkdirSync(join(run, "previews"));
    writeFileSync(join(run, "loss.png"), png);
    await requireOutput(join(run, "loss.png"), "png");
    writeFileSync(join(run, "run.json"), "{}");
    for (const name of ["loss.png", "samples.png", "Reconstructions.png", "previews/epoch-000001.png"])
      await assert.rejects(requireOutput(join(run, name), "png"), {
        code: "usage",
        message: /among the files of a run/,
      });
    await requireOutput(join(run, "more samples.png"), "png");
    await requireOutput(join(run, "previews", "epoch-000001.latent"), "latent");
  });
});
