import assert from "node:assert/strict";
import { linkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { latentFileOf } from "../../src/ml/cli/latent-file-name.ts";
import { encodePng } from "../../src/ml/image/grey-image.ts";
import { marked } from "../../src/ml/image/png-mark.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

test("a .latent file lies beside its picture and is called as it", async (t) => {
  const folder = temporaryFolder(t);
  for (const name of ["digit.png", "digit.latent", "digit.txt", "digit 2.png"])
    writeFileSync(join(folder, name), "");
  assert.equal(await latentFileOf(join(folder, "digit.png")), join(folder, "digit.latent"));
  assert.equal(await latentFileOf("nowhere/digit.png"), join("nowhere", "digit.latent"));
  assert.equal(await latentFileOf("digit.png"), "digit.latent");
});

test("of pictures that differ by their endings alone, each has a .latent file of its own", async (t) => {
  const folder = temporaryFolder(t);
  for (const name of ["digit.png", "Digit.JPG"]) writeFileSync(join(folder, name), "");
  assert.equal(await latentFileOf(join(folder, "digit.png")), join(folder, "digit.png.latent"));
  assert.equal(await latentFileOf(join(folder, "Digit.JPG")), join(folder, "Digit.JPG.latent"));
});

test("neither the picture by another spelling nor what was decoded from its file is another picture", async (t) => {
  const folder = temporaryFolder(t);
  const picture = join(folder, "digit.JPG");
  writeFileSync(picture, "");
  // As file systems have it that ignore case.
  linkSync(picture, join(folder, "digit.jpg"));
  const black = encodePng({ width: 1, height: 1, pixels: Uint8Array.of(0) });
  writeFileSync(join(folder, "digit.png"), marked(black));
  assert.equal(await latentFileOf(picture), join(folder, "digit.latent"));
  writeFileSync(join(folder, "digit.png"), black);
  assert.equal(await latentFileOf(picture), join(folder, "digit.JPG.latent"));
});
