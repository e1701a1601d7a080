/** The encode panel in a browser, fed with pictures that a real run has encoded. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import type { EncodedPicture } from "../../src/contract/encoded-picture.ts";
import { viewProtocolVersion } from "../../src/contract/view.ts";
import { findChromium, noChromium } from "../fixtures/chromium.ts";
import { launch, openPanel, type Panel } from "./browser.ts";
import { digitPng, encodePicture } from "./encoded.ts";
import { type RealRun, trainRun } from "./real-run.ts";
import { themes } from "./themes.ts";

const chromium = findChromium();
const skip = chromium === undefined ? noChromium : false;
const [dark] = themes;
if (dark === undefined) throw new Error("themes.ts is empty");

describe("encode panel", () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-panels-"));
  let browser: Browser;
  let run: RealRun;
  let png: Buffer;
  let result: EncodedPicture;

  before(async () => {
    if (chromium === undefined) return;
    run = await trainRun(join(folder, "run"));
    png = await digitPng(run, 2, 6);
    result = await encodePicture(run, folder, "two.png", png);
    browser = await launch(chromium);
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const picture = (name: string) => ({ key: `/pictures/${name}`, name, hasOriginal: true });
  const latent = { key: "/pictures/two.latent", name: "two.latent", hasOriginal: false };

  const file = (name: string, bytes: Uint8Array = new Uint8Array(png)) => ({
    kind: "file",
    picture: `/pictures/${name}`,
    bytes,
    type: "image/png",
  });

  /** The panel with these pictures and two runs to choose from, nothing encoded yet. */
  const opened = async (...pictures: readonly unknown[]): Promise<Panel> => {
    const panel = await openPanel(browser, { panel: "encode", theme: dark });
    await panel.post(shown(...pictures));
    return panel;
  };

  const shown = (...pictures: readonly unknown[]) => ({
    kind: "show",
    protocol: viewProtocolVersion,
    pictures,
    leftOut: 0,
    runs: [
      { key: run.card.key, label: "mnist-vae" },
      { key: "/runs/other", label: "another run" },
    ],
    run: run.card.key,
  });

  const encoded = (name: string, change: Partial<EncodedPicture> = {}) => ({
    kind: "encoded",
    picture: `/pictures/${name}`,
    run: run.card.key,
    result: { ...result, ...change },
  });

  test("asks for each picture, and shows what the model makes of it", { skip }, async () => {
    const panel = await opened(picture("two.png"), picture("copy.png"));
    assert.deepEqual(await panel.said("encode"), [
      { kind: "encode", picture: "/pictures/two.png", run: run.card.key, invert: null },
      { kind: "encode", picture: "/pictures/copy.png", run: run.card.key, invert: null },
    ]);
    assert.equal(await panel.page.locator('.entry[aria-busy="true"]').count(), 2);
    await panel.post(file("two.png"), file("copy.png"), encoded("two.png"));
    assert.equal(await panel.page.locator('.entry[aria-busy="true"]').count(), 1);
    const entry = panel.page.locator(".entry").first();
    for (const name of ["Seen by the model", "Reconstruction", "Difference"]) {
      const canvas = `.entry:first-child canvas[aria-label="${name}"]`;
      assert.ok((await panel.colours(canvas)) > 20, `${name} is blank`);
    }
    assert.equal(await entry.locator(".bar").count(), 20);
    const numbers = (await entry.locator(".encoded-numbers").textContent()) ?? "";
    assert.ok(numbers.includes(`${result.psnr?.toFixed(2)} dB`));
    assert.ok(numbers.includes(result.ssim.toFixed(4)));
    assert.ok(numbers.includes(String(result.bytes.png)));
    assert.ok(numbers.includes(`${(result.bytes.raw / result.bytes.latent).toFixed(1)}×`));
    assert.deepEqual(await panel.said("problem"), []);
    await panel.post(encoded("copy.png"));
    await panel.picture("encode");
  });

  test("shows the original from its bytes", { skip }, async () => {
    const panel = await opened(picture("two.png"));
    await panel.page.getByText("reading the file …").waitFor();
    await panel.post(file("two.png"));
    await panel.page.getByText("168×168 pixels").waitFor();
    assert.ok(await panel.page.getByRole("img", { name: "two.png, the original" }).isVisible());
  });

  test("says how many of a large selection it has not taken, and remembers it", { skip }, async () => {
    const panel = await openPanel(browser, { panel: "encode", theme: dark });
    await panel.post({ ...shown(picture("two.png"), picture("copy.png")), leftOut: 1400 });
    await panel.page.getByText("The first 2 of 1,402 that were selected.").waitFor();
    assert.equal(((await panel.state()) as { leftOut: number }).leftOut, 1400);
    await panel.post(file("two.png"), encoded("two.png"), file("copy.png"), encoded("copy.png"));
    await panel.picture("encode-left-out");
  });

  for (const [name, options] of Object.entries({
    "the system": { reducedMotion: "reduce" },
    "VS Code": { theme: { ...dark, bodyClass: `${dark.bodyClass} vscode-reduce-motion` } },
  } as const))
    test(`the progress ring stands still where ${name} asks for less motion`, { skip }, async () => {
      const turning = async (panel: Panel) =>
        panel.page
          .locator("vscode-progress-ring .indeterminate-indicator-1")
          .evaluate((arc) => arc.getAnimations().filter(({ playState }) => playState === "running").length);
      assert.equal(await turning(await opened(picture("two.png"))), 1);
      const panel = await openPanel(browser, { panel: "encode", theme: dark, ...options });
      await panel.post(shown(picture("two.png")));
      assert.equal(await turning(panel), 0);
      await panel.picture("encode-working");
    });

  test("inverts when told to, says who chose, and gives the choice back", { skip }, async () => {
    const panel = await opened(picture("two.png"));
    await panel.post(encoded("two.png"));
    assert.match(await panel.text(".options"), /chosen automatically: the picture is light on dark/);
    await panel.page.getByRole("checkbox", { name: "Invert dark and light" }).click();
    assert.equal((await panel.heard("encode", 2)).invert, true);
    await panel.post(encoded("two.png", { inverted: true, invertedBy: "user" }));
    assert.match(await panel.text(".options"), /chosen by you/);
    await panel.page.getByRole("button", { name: "Choose automatically" }).click();
    assert.equal((await panel.heard("encode", 3)).invert, null);
  });

  test("a page that is built anew asks for each picture as it was inverted before", { skip }, async () => {
    const before = await opened(picture("two.png"), picture("copy.png"));
    await before.post(encoded("two.png"), encoded("copy.png"));
    await before.page.getByRole("checkbox", { name: "Invert dark and light" }).last().click();
    await before.heard("encode", 3);
    const panel = await openPanel(browser, { panel: "encode", theme: dark, state: await before.state() });
    await panel.post(shown(picture("two.png"), picture("copy.png")));
    assert.deepEqual(
      (await panel.said("encode")).map(({ invert }) => invert),
      [null, true],
    );
    // The same with another run.
    await panel.page.getByRole("combobox", { name: "Trained run that encodes" }).click();
    await panel.page.getByRole("option", { name: "another run" }).click();
    assert.equal((await panel.heard("encode", 4)).invert, true);
  });

  test("encodes anew with another run, and ignores a late answer of the one before", { skip }, async () => {
    const panel = await opened(picture("two.png"));
    await panel.page.getByRole("combobox", { name: "Trained run that encodes" }).click();
    await panel.page.getByRole("option", { name: "another run" }).click();
    assert.equal((await panel.heard("encode", 2)).run, "/runs/other");
    await panel.post(encoded("two.png"));
    assert.equal(await panel.page.locator('.entry[aria-busy="true"]').count(), 1);
    await panel.post({ ...encoded("two.png"), run: "/runs/other" });
    assert.equal(await panel.page.locator('.entry[aria-busy="true"]').count(), 0);
  });

  test("saves the latents and the pictures", { skip }, async () => {
    const panel = await opened(picture("two.png"));
    await panel.post(encoded("two.png"));
    await panel.page.getByRole("button", { name: "Save .latent…" }).click();
    assert.equal((await panel.heard("save-latent")).picture, "/pictures/two.png");
    await panel.page.getByRole("button", { name: "Save pictures…" }).click();
    const saved = await panel.heard("save");
    assert.equal(saved.name, "two-pictures.png");
    assert.deepEqual([...(saved.bytes as Buffer).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  });

  test("saves the latents of several at once, when none is being encoded any more", { skip }, async () => {
    const panel = await opened(picture("two.png"), picture("broken.png"));
    const all = panel.page.getByRole("button", { name: "Save all .latent…" });
    await panel.post(encoded("two.png"));
    assert.equal(await all.isDisabled(), true);
    const failure = { message: "broken.png: no picture", hint: "Save it anew as PNG." };
    await panel.post({ kind: "failed", picture: "/pictures/broken.png", failure });
    await all.click();
    assert.deepEqual(await panel.heard("save-latents"), { kind: "save-latents" });
    const single = await opened(picture("two.png"));
    await single.post(encoded("two.png"));
    assert.equal(await single.page.getByRole("button", { name: "Save all .latent…" }).count(), 0);
  });

  test("a failure says what to do; the other pictures stay", { skip }, async () => {
    const broken = picture("broken.png");
    const panel = await opened(picture("two.png"), broken);
    await panel.post(file("broken.png", new Uint8Array([1, 2, 3])));
    const failure = { message: "broken.png: no picture", hint: "Save it anew as PNG." };
    await panel.post(encoded("two.png"), { kind: "failed", picture: broken.key, failure });
    assert.match(await panel.text(".notice:visible"), /no picture.*Save it anew/);
    await panel.page.getByText("cannot be shown here").waitFor();
    assert.ok((await panel.colours('canvas[aria-label="Reconstruction"]')) > 20);
  });

  test("without a trained run it offers to train one", { skip }, async () => {
    const panel = await openPanel(browser, { panel: "encode", theme: dark });
    await panel.post({
      kind: "show",
      protocol: viewProtocolVersion,
      pictures: [picture("two.png")],
      leftOut: 0,
      runs: [],
      run: null,
    });
    await panel.page.getByRole("button", { name: "Train a model…" }).click();
    assert.deepEqual(await panel.heard("train"), { kind: "train" });
    assert.deepEqual(await panel.said("encode"), []);
    await panel.picture("encode-no-run");
  });

  test("a .latent file without any run says whose model is wanted", { skip }, async () => {
    const panel = await openPanel(browser, { panel: "encode", theme: dark });
    await panel.post({ ...shown(latent), runs: [], run: null });
    assert.match(await panel.text(".message"), /decoded by the model that made it/);
    assert.equal(await panel.page.getByRole("button", { name: "Train a model…" }).count(), 0);
    await panel.picture("latent-file-no-run");
  });

  test("a .latent file shows what it decodes to and nothing to compare it with", { skip }, async () => {
    const panel = await opened(latent);
    assert.deepEqual(await panel.said("encode"), []);
    const { width, height, reconstruction, latents, modelSha256, bytes } = encoded("two.png").result;
    await panel.post({
      kind: "decoded",
      picture: "/pictures/two.latent",
      run: "/runs/whichever",
      result: { width, height, reconstruction, latents, modelSha256, bytes: { latent: bytes.latent } },
    });
    assert.ok((await panel.colours('canvas[aria-label="Decoded"]')) > 20);
    assert.equal(await panel.page.locator(".encoded-picture").count(), 1);
    assert.equal(await panel.page.locator(".quality").count(), 0);
    assert.equal(await panel.page.getByRole("button", { name: "Save .latent…" }).count(), 0);
    await panel.picture("latent-file");
  });

  test("pixels that do not fit the size are refused in words", { skip }, async () => {
    const panel = await opened(picture("two.png"));
    await panel.post(encoded("two.png", { seen: "AAAA" }));
    assert.match(await panel.text(".notice:visible"), /does not hold 28×28 pixels/);
  });

  test("drops what is no message of ours, and says so", { skip }, async () => {
    const panel = await opened(picture("two.png"));
    await panel.post(
      { kind: "encoded" },
      { kind: "show", protocol: viewProtocolVersion },
      { ...encoded("two.png"), result: {} },
    );
    assert.equal((await panel.said("problem")).length, 3);
    assert.deepEqual(panel.errors, []);
  });
});
