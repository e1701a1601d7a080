/** Every panel in every theme, looked over by axe: nothing serious, and nothing that only a mouse can reach. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { AxeResults } from "axe-core";
import type { Browser } from "playwright-core";
import { viewProtocolVersion } from "../../src/contract/view.ts";
import { findChromium, noChromium } from "../fixtures/chromium.ts";
import { launch, openPanel, type Panel } from "./browser.ts";
import { digitPng, encodePicture } from "./encoded.ts";
import { type RealRun, showRun, trainRun } from "./real-run.ts";
import { type PanelTheme, themes } from "./themes.ts";

const chromium = findChromium();
const skip = chromium === undefined ? noChromium : false;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe calls serious or critical, one line each. */
async function seriousFindings(panel: Panel): Promise<string[]> {
  await panel.page.evaluate(axe);
  const { violations } = await panel.page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ""}`));
}

describe("accessibility", () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-panels-"));
  let browser: Browser;
  let run: RealRun;

  before(async () => {
    if (chromium === undefined) return;
    run = await trainRun(join(folder, "run"));
    browser = await launch(chromium);
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const dashboard = async (theme: PanelTheme) => {
    const panel = await openPanel(browser, { panel: "dashboard", theme });
    await showRun(panel, run);
    const failure = { message: "the loss became NaN", hint: "Lower the learning rate." };
    await panel.post({ kind: "card", card: { ...run.card, state: "failed", failure, canResume: true } });
    return panel;
  };

  for (const theme of themes) {
    test(`the dashboard has no serious finding in the theme ${theme.name}`, { skip }, async () => {
      const panel = await dashboard(theme);
      await panel.page.getByText("The curves as a table").click();
      await panel.picture(`dashboard-${theme.name}`);
      assert.deepEqual(await seriousFindings(panel), []);
    });

    test(`the encode panel has no serious finding in the theme ${theme.name}`, { skip }, async () => {
      const panel = await openPanel(browser, { panel: "encode", theme });
      const png = await digitPng(run, 3, 6);
      const result = await encodePicture(run, folder, "three.png", png);
      const runs = [{ key: run.card.key, label: "mnist-vae" }];
      const picture = { key: "three", name: "three.png", hasOriginal: true };
      await panel.post({
        kind: "show",
        protocol: viewProtocolVersion,
        pictures: [picture],
        leftOut: 1,
        runs,
        run: run.card.key,
      });
      await panel.post(
        { kind: "file", picture: "three", bytes: new Uint8Array(png), type: "image/png" },
        { kind: "encoded", picture: "three", run: run.card.key, result },
      );
      await panel.picture(`encode-${theme.name}`);
      assert.deepEqual(await seriousFindings(panel), []);
    });
  }

  test("the keyboard reaches everything in the order in which it is seen", { skip }, async () => {
    const [theme] = themes;
    assert.ok(theme);
    const panel = await dashboard(theme);
    const reached: string[] = [];
    for (let press = 0; press < 40; press++) {
      await panel.page.keyboard.press("Tab");
      const name = await panel.page.evaluate(() => {
        const { activeElement } = document;
        return activeElement?.getAttribute("aria-label") ?? activeElement?.textContent?.trim() ?? "";
      });
      reached.push(name);
    }
    const wanted = ["Resume", "Log scale", "Horizontal axis", "Save as CSV…", "Test loss", "Loss curves."];
    const after = ["Epoch", "Save as PNG…", "Experiment, every setting", "Copy as JSON"];
    const places = [...wanted, ...after].map((name) => reached.findIndex((one) => one.startsWith(name)));
    assert.ok(!places.includes(-1), `not reached: ${JSON.stringify({ places, reached })}`);
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
  });
});
