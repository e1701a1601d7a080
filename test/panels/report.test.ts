/** The report of a run in a browser: nothing of it is cut off, and only the table of epochs and the experiment may be scrolled. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { renderReport } from "../../src/ml/image/report.ts";
import type { ReportData } from "../../src/ml/image/report-data.ts";
import { findChromium, noChromium } from "../fixtures/chromium.ts";
import { epochsOf, finished } from "../unit/image/run-data.ts";
import { launch } from "./browser.ts";

const chromium = findChromium();
const skip = chromium === undefined ? noChromium : false;

describe("report", () => {
  let browser: Browser;

  before(async () => {
    if (chromium !== undefined) browser = await launch(chromium);
  });

  after(() => browser?.close());

  async function open(data: ReportData, width: number): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    await page.setContent(renderReport(data));
    return page;
  }

  for (const [width, height] of [
    [28, 28],
    [8, 8],
    [1, 40],
    [256, 256],
  ] as const)
    for (const screen of [1280, 900, 420, 320])
      test(`shows pictures of ${width}×${height} whole on a screen of ${screen} pixels`, {
        skip,
      }, async () => {
        const page = await open(finished({ width, height }), screen);
        const found = await page.evaluate(() => ({
          scrolled: [...document.querySelectorAll("*")]
            .filter(
              (element) =>
                element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight,
            )
            .filter((element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX))
            .map((element) => element.getAttribute("aria-label") ?? element.tagName),
          wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
          cut: [...document.querySelectorAll("img")].filter((image) => {
            const section = (image.closest("section") as Element).getBoundingClientRect();
            const box = image.getBoundingClientRect();
            return box.width < 1 || box.left < section.left || box.right > section.right;
          }).length,
        }));
        await page.close();
        assert.deepEqual(
          { ...found, scrolled: found.scrolled.filter((name) => name !== "Epochs" && name !== "PRE") },
          { scrolled: [], wide: 0, cut: 0 },
        );
      });

  test("sets its charts one below the other where they would not be readable side by side", {
    skip,
  }, async () => {
    for (const [screen, stacked] of [
      [1280, false],
      [900, false],
      [420, true],
    ] as const) {
      const page = await open(finished({ width: 28, height: 28 }), screen);
      const visible = page.locator(".curves svg:visible");
      assert.equal(await visible.count(), 1);
      const [loss = 0, reconstruction = 0] = await visible
        .locator("text")
        .filter({ hasText: /^(Loss|Reconstruction)$/ })
        .evaluateAll((titles) => titles.map((title) => title.getBoundingClientRect().left));
      assert.equal(await page.locator(".bars svg:visible").count(), 1);
      await page.close();
      assert.equal(Math.abs(loss - reconstruction) < 1, stacked, `at ${screen} pixels`);
    }
  });

  test("sets its figures in full rows, however many they are", { skip }, async () => {
    const variational = finished({ width: 28, height: 28 });
    const active = variational.epochs.map((epoch) => ({ ...epoch, test: { ...epoch.test, aboveFloor: 38 } }));
    const plain = variational.epochs.map((epoch) => ({
      ...epoch,
      test: { ...epoch.test, klPerDimension: [], activeUnits: null },
    }));
    for (const [epochs, count] of [
      [plain, 4],
      [variational.epochs, 5],
      [active, 6],
    ] as const)
      for (const screen of [1280, 900, 420]) {
        const page = await open({ ...variational, epochs }, screen);
        const boxes = await page.locator(".numbers > div").evaluateAll((tiles) =>
          tiles.map((tile) => {
            const { top, right } = tile.getBoundingClientRect();
            return { top, right };
          }),
        );
        await page.close();
        assert.equal(boxes.length, count);
        const edge = Math.max(...boxes.map(({ right }) => right));
        const rightmost = new Map(boxes.map(({ top, right }) => [top, right]));
        for (const right of rightmost.values()) assert.ok(edge - right < 1, `${count} at ${screen} pixels`);
        assert.equal(rightmost.size, screen === 420 && count > 4 ? 3 : 2, `${count} at ${screen} pixels`);
      }
  });

  test("shows the whole table of epochs on a screen of 1100 pixels, of a run that has diverged as well", {
    skip,
  }, async () => {
    const run = finished({ width: 28, height: 28 });
    const epochs = epochsOf([4.9e19, 3.9e19]).map((epoch) => ({
      ...epoch,
      test: { ...epoch.test, aboveFloor: 4.9e19, pixelMse: 6.25e16 },
    }));
    const page = await open({ ...run, epochs }, 1100);
    const { scrollWidth, clientWidth } = await page
      .locator(".epochs")
      .evaluate(({ scrollWidth, clientWidth }) => ({ scrollWidth, clientWidth }));
    await page.close();
    assert.equal(scrollWidth, clientWidth);
  });

  test("shows even the largest pictures five in a row, two on a telephone", { skip }, async () => {
    for (const [screen, columns] of [
      [1280, 5],
      [900, 5],
      [420, 2],
    ] as const) {
      const page = await open(finished({ width: 256, height: 256 }), screen);
      const tops = await page
        .locator(".pairs li")
        .evaluateAll((pairs) => pairs.map((pair) => pair.getBoundingClientRect().top));
      await page.close();
      assert.equal(tops.filter((top) => top === tops[0]).length, columns, `at ${screen} pixels`);
    }
  });

  test("puts ten small pictures in one row, and twice five where ten do not fit", { skip }, async () => {
    for (const [screen, rows] of [
      [1280, 1],
      [900, 2],
      [420, 2],
    ] as const) {
      const page = await open(finished({ width: 28, height: 28 }), screen);
      const tops = await page
        .locator(".pairs li")
        .evaluateAll((pairs) => pairs.map((pair) => pair.getBoundingClientRect().top));
      await page.close();
      assert.equal(tops.length, 10);
      assert.equal(new Set(tops).size, rows, `at ${screen} pixels`);
      assert.equal(tops.filter((top) => top === tops[0]).length, 10 / rows, `at ${screen} pixels`);
    }
  });
});
