/** The dashboard in a browser, fed with what a real run has written. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { viewProtocolVersion } from "../../src/contract/view.ts";
import {
  metricsMessage as recordedMessage,
  stepsMessage,
} from "../../src/extension/panels/metrics-messages.ts";
import { findChromium, noChromium } from "../fixtures/chromium.ts";
import { eventually } from "../fixtures/eventually.ts";
import { changeTheme, launch, openPanel, type Panel, type PanelOptions } from "./browser.ts";
import { messagesFor, metricsMessage, previewMessage, type RealRun, showRun, trainRun } from "./real-run.ts";
import { themes } from "./themes.ts";

const chromium = findChromium();
const skip = chromium === undefined ? noChromium : false;
const [dark, light] = themes;
if (dark === undefined || light === undefined) throw new Error("themes.ts is empty");

const chart = ".chart canvas";
const gone = {
  message: "/runs/digits: the folder of this run is gone",
  hint: "Bring it back from where it went, or look at another run.",
};
const reconstructions = ".picture-block:nth-child(1) canvas";
const generated = ".picture-block:nth-child(2) canvas";

describe("dashboard", () => {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-panels-"));
  let browser: Browser;
  let run: RealRun;
  let other: RealRun;

  before(async () => {
    if (chromium === undefined) return;
    run = await trainRun(join(folder, "first"));
    other = await trainRun(join(folder, "second"), "training.seed=2");
    browser = await launch(chromium);
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (options: Partial<PanelOptions> = {}) =>
    openPanel(browser, { panel: "dashboard", theme: dark, ...options });

  const opened = async (options: Partial<PanelOptions> = {}): Promise<Panel> => {
    const panel = await open(options);
    await showRun(panel, run);
    return panel;
  };

  test("draws the curves and both blocks of pictures", { skip }, async () => {
    const panel = await opened();
    assert.ok((await panel.colours(chart)) > 20, "the chart is blank");
    assert.ok((await panel.colours(reconstructions)) > 50, "the reconstructions are blank");
    assert.ok((await panel.colours(generated)) > 50, "the generated pictures are blank");
    const latest = run.metrics.epochs.at(-1)?.test.loss.toFixed(2) ?? "";
    assert.match(await panel.text(".figures"), /4 of 4/);
    assert.ok((await panel.text(".figures")).includes(latest));
    assert.ok((await panel.text('[data-curve="test-loss"]')).includes(latest));
    assert.equal(await panel.page.locator(".bars .bar").count(), 20);
    assert.equal(await panel.text(".unit"), "nats per image");
    // Beside each other, the pictures begin at one height, though the longer title leaves its button no room.
    const tops = await panel.page
      .locator(".picture-block canvas")
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
    assert.equal(tops[0], tops[1]);
    assert.deepEqual(await panel.said("problem"), []);
    assert.deepEqual(panel.errors, []);
    await panel.picture("dashboard");
  });

  test("asks for nothing that its content security policy refuses", { skip }, async () => {
    const panel = await opened();
    // The toolkit tries a style element of its own and does without it.
    const others = (await panel.violations()).filter(
      (refused) => !refused.startsWith("style-src-elem inline"),
    );
    assert.deepEqual(others, []);
  });

  test("shows a picture that comes before anything has been drawn", { skip }, async () => {
    const panel = await open();
    // A page that is busy, or not looked at.
    await panel.page.evaluate(
      "globalThis.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 500)",
    );
    await panel.post(...messagesFor(run), previewMessage(run, 4));
    await panel.page.locator(reconstructions).waitFor({ state: "visible" });
    assert.ok((await panel.colours(reconstructions)) > 50);
    assert.deepEqual(await panel.said("problem"), []);
  });

  test("says that the beginning lies above the chart, and shows it on the log scale", {
    skip,
  }, async () => {
    const panel = await opened();
    const isCropped = async () => (await panel.text(".where")).includes("above the chart");
    assert.ok(await isCropped());
    await panel.page.getByRole("checkbox", { name: "Log scale" }).click();
    await panel.frames();
    assert.equal(await isCropped(), false);
    // Higher than all that follows, and lower than where the axis ends.
    await panel.page.getByRole("checkbox", { name: "Log scale" }).click();
    const highest = run.metrics.epochs[0]?.test.loss ?? 0;
    const losses = [1.02 * highest, highest, highest];
    const train = Float64Array.from([1, 20, 40, ...losses, ...losses, 0, 0, 0]);
    await showRun(panel, { ...run, metrics: { ...run.metrics, train } });
    assert.equal(await isCropped(), false);
  });

  test("gives the values of a diverged run's axis the room that they take", { skip }, async () => {
    const panel = await opened();
    const left = async () => (await panel.page.locator(".chart .u-over").boundingBox())?.x ?? 0;
    const usual = await left();
    // Ticks such as 3.13365e9.
    const losses = [3_133_700_000, 3_133_610_000, 3_133_600_000];
    const train = Float64Array.from([1, 20, 40, ...losses, ...losses, 0, 0, 0]);
    await panel.post(...messagesFor({ ...run, metrics: { ...run.metrics, train, epochs: [] } }));
    await panel.page.locator('[data-curve="test-kl"]').click();
    assert.ok((await left()) > usual + 5, `${await left()} where it was ${usual}`);
  });

  test("hides a curve, takes the log scale and counts steps, and remembers it", { skip }, async () => {
    const panel = await opened();
    const all = await panel.print(chart);
    await panel.page.locator('[data-curve="test-kl"]').click();
    await panel.frames();
    const withoutKl = await panel.print(chart);
    assert.notEqual(withoutKl, all);
    await panel.page.getByRole("checkbox", { name: "Log scale" }).click();
    await panel.frames();
    const logarithmic = await panel.print(chart);
    assert.notEqual(logarithmic, withoutKl);
    await panel.page.getByRole("combobox", { name: "Horizontal axis" }).click();
    await panel.page.getByRole("option", { name: "by step" }).click();
    await panel.frames();
    assert.notEqual(await panel.print(chart), logarithmic);
    const state = await panel.state();
    const again = await opened({ state });
    assert.equal(await again.print(chart), await panel.print(chart));
    assert.equal(await again.page.locator('[data-curve="test-kl"]').getAttribute("aria-pressed"), "false");
    await panel.picture("dashboard-log");
  });

  test("of the latent dimensions those are marked that are not active, however much they carry", {
    skip,
  }, async () => {
    const { epochs } = run.metrics;
    const [last] = epochs.slice(-1);
    assert.ok(last);
    const { klPerDimension } = last.test;
    const largest = klPerDimension.indexOf(Math.max(...klPerDimension));
    const shownWith = async (activeUnits: number | null, activeDimensions: number[] | undefined) => {
      const changed = { ...last, test: { ...last.test, activeUnits, activeDimensions } };
      const panel = await open();
      await showRun(panel, {
        ...run,
        metrics: { ...run.metrics, epochs: [...epochs.slice(0, -1), changed] },
      });
      const marked = await panel.page.locator(".bars .inactive title").allTextContents();
      return { words: await panel.text(".latents > .hint"), marked };
    };
    const others = [...klPerDimension.keys()].filter((index) => index !== largest);
    const one = await shownWith(19, others);
    assert.deepEqual(
      one.marked.map((title) => /^dimension (\d+): .*, inactive$/.exec(title)?.[1]),
      [`${largest}`],
    );
    assert.match(one.words, /^19 of 20 dimensions are active: the variance of their μ is above 0\.01\./);
    assert.ok(one.words.endsWith(` Inactive: ${largest}.`), one.words);
    // As of a run whose evaluations do not say which they are, and of one with a single test image.
    const counted = await shownWith(19, undefined);
    assert.deepEqual(counted.marked, []);
    assert.match(counted.words, /^19 of 20 dimensions are active: .+ nats\.$/);
    const unknown = await shownWith(null, undefined);
    assert.deepEqual(unknown.marked, []);
    assert.match(unknown.words, /^Dimension \d+ carries the most, [\d.]+ nats\.$/);
  });

  test("the scrubber sets pictures, latents and the line in the chart together", { skip }, async () => {
    const panel = await opened();
    const slider = panel.page.getByRole("slider", { name: "Epoch" });
    const look = async () => ({
      pictures: await panel.print(reconstructions),
      chart: await panel.print(chart),
      latents: await panel.page.locator(".bars").innerHTML(),
    });
    const last = await look();
    await slider.focus();
    await panel.page.keyboard.press("ArrowLeft");
    assert.equal(await slider.getAttribute("aria-valuetext"), "Epoch 3 of 4");
    assert.equal((await panel.heard("want-preview", 2)).epoch, 3);
    await panel.post(previewMessage(run, 3));
    assert.match(await panel.text(".where"), /^Values of epoch 3\./);
    const loss = run.metrics.epochs[2]?.test.loss.toFixed(2);
    assert.equal(await panel.text('[data-curve="test-loss"] .legend-value'), loss);
    await panel.page.locator('canvas[aria-label*="epoch 3"]').first().waitFor();
    const third = await look();
    assert.notEqual(third.pictures, last.pictures);
    assert.notEqual(third.chart, last.chart);
    assert.notEqual(third.latents, last.latents);
    await panel.page.keyboard.press("Home");
    assert.equal(await slider.getAttribute("aria-valuenow"), "1");
    await panel.page.keyboard.press("End");
    await panel.frames();
    assert.deepEqual(await look(), last);
    const box = await slider.boundingBox();
    assert.ok(box);
    await panel.page.mouse.click(box.x + 1, box.y + box.height / 2);
    assert.equal(await slider.getAttribute("aria-valuenow"), "1");
  });

  test("plays the epochs from the first to the last, and stops for whoever takes the slider", {
    skip,
  }, async () => {
    const panel = await opened();
    const slider = panel.page.getByRole("slider", { name: "Epoch" });
    const epoch = () => slider.getAttribute("aria-valuenow");
    const play = panel.page.getByRole("button", { name: "Play the epochs" });
    await play.click();
    assert.equal(await epoch(), "1");
    const pause = panel.page.getByRole("button", { name: "Pause the epochs" });
    await pause.click();
    const paused = await epoch();
    await panel.page.waitForTimeout(700);
    assert.equal(await epoch(), paused);
    await play.click();
    await slider.press("Home");
    await panel.page.waitForTimeout(700);
    assert.equal(await epoch(), "1");
    await play.click();
    await pause.waitFor();
    await play.waitFor();
    assert.equal(await slider.getAttribute("aria-valuetext"), "Epoch 4 of 4");
  });

  for (const [name, options] of Object.entries({
    "the system": { reducedMotion: "reduce" },
    "VS Code": { theme: { ...dark, bodyClass: `${dark.bodyClass} vscode-reduce-motion` } },
  } as const))
    test(`where ${name} asks for less motion, a film is a few stills and the bar does not glide`, {
      skip,
    }, async () => {
      const panel = await opened(options);
      await panel.post({ kind: "card", card: { ...run.card, state: "training", epochs: 50 } });
      const glide = await panel.page
        .locator(".progress-filled")
        .evaluate((bar) => getComputedStyle(bar).transitionDuration);
      assert.equal(glide, "0s");
      // A film of six seconds has six stills; of twelve epochs, every other and the last one.
      await panel.post({
        kind: "previews",
        run: run.card.key,
        epochs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
      });
      const slider = panel.page.getByRole("slider", { name: "Epoch" });
      await panel.page.getByRole("button", { name: "Play the epochs" }).click();
      const seen = new Set<string | null>();
      await eventually("half of the film", async () => {
        seen.add(await slider.getAttribute("aria-valuenow"));
        return seen.has("7") || seen.has("9");
      });
      // A slow page may leave one out.
      const others = [...seen].filter((epoch) => !["1", "3", "5", "7", "9"].includes(epoch ?? ""));
      assert.deepEqual(others, []);
    });

  test("follows the latest epoch while training, until somebody chooses another", { skip }, async () => {
    const panel = await open();
    const [show, ...rest] = messagesFor(run);
    assert.ok(show?.kind === "show");
    const training = { ...run.card, state: "training" as const, canStop: true };
    const key = run.card.key;
    await panel.post({ ...show, runs: [training] }, ...rest.slice(0, 2));
    await panel.post({ kind: "previews", run: key, epochs: [1, 2] });
    assert.equal((await panel.heard("want-preview")).epoch, 2);
    await panel.post({ kind: "previews", run: key, epochs: [1, 2, 3] });
    assert.equal((await panel.heard("want-preview", 2)).epoch, 3);
    await panel.page.getByRole("slider", { name: "Epoch" }).press("Home");
    await panel.post({ kind: "previews", run: key, epochs: [1, 2, 3, 4] });
    const slider = panel.page.getByRole("slider", { name: "Epoch" });
    assert.equal(await slider.getAttribute("aria-valuenow"), "1");
    await panel.page.getByRole("checkbox", { name: "Follow the latest" }).click();
    assert.equal(await slider.getAttribute("aria-valuenow"), "4");
  });

  test("shows the values under the pointer and under the arrow keys", { skip }, async () => {
    const panel = await opened();
    const value = () => panel.text('[data-curve="test-loss"] .legend-value');
    const latest = await value();
    const box = await panel.page.locator(".chart .u-over").boundingBox();
    assert.ok(box);
    await panel.page.mouse.move(box.x + box.width / 4, box.y + 20);
    await panel.frames();
    assert.equal(await value(), run.metrics.epochs[0]?.test.loss.toFixed(2));
    await panel.page.mouse.move(2, 2);
    await panel.frames();
    assert.equal(await value(), latest);
    await panel.page.locator(".chart").focus();
    await panel.page.keyboard.press("Home");
    await panel.frames();
    assert.equal(await value(), run.metrics.epochs[0]?.test.loss.toFixed(2));
    assert.match(await panel.text(".where"), /epoch 0\.00/);
  });

  test("says where the keyboard has put the cursor, and the values there", { skip }, async () => {
    const panel = await opened();
    const said = await panel.spoken();
    const box = await panel.page.locator(".chart .u-over").boundingBox();
    assert.ok(box);
    // The pointer is for those who see it.
    await panel.page.mouse.move(box.x + box.width / 4, box.y + 20);
    await panel.page.waitForTimeout(600);
    assert.deepEqual(await said(), []);
    await panel.page.locator(".chart").focus();
    for (const key of ["Home", "ArrowRight", "ArrowRight", "End"]) await panel.page.keyboard.press(key);
    const [words = "", ...others] = await eventually("the values", said);
    assert.deepEqual(others, []);
    assert.match(words, /^epoch 4\.00: Test loss [\d.]+, Train loss [\d.]+, /);
    assert.ok(words.includes(`Test loss ${run.metrics.epochs.at(-1)?.test.loss.toFixed(2)}`));
    // Hidden curves are not read out.
    assert.doesNotMatch(words, /Train KL/);
    await panel.page.keyboard.press("Escape");
    assert.deepEqual(await eventually("where it went", async () => (await said()).slice(1)), ["No cursor"]);
  });

  test("an epoch is told once, however many lines follow it", { skip }, async () => {
    const panel = await open();
    const card = { ...run.card, state: "training" as const, epochs: 50 };
    const said = await panel.spoken();
    await panel.post(...messagesFor({ ...run, card }));
    const line = (step: number) => ({
      event: "step",
      step,
      epoch: 5,
      train: { loss: 100, reconstruction: 80, kl: 20 },
      imagesPerSecond: 5000,
    });
    const last = run.metrics.step;
    // For longer than the announcer's pause of five seconds, after which it used to say the same again.
    for (let at = 1; at <= 14; at++) {
      await panel.post({ kind: "lines", run: card.key, lines: [line(last + at)] });
      await panel.page.waitForTimeout(500);
    }
    const words = await said();
    assert.equal(words.filter((sentence) => /^Epoch 4 of 50/.test(sentence)).length, 1, words.join("; "));
  });

  test("zooms by the keyboard and shows everything again", { skip }, async () => {
    const panel = await opened();
    const whole = await panel.print(chart);
    await panel.page.locator(".chart").focus();
    await panel.page.keyboard.press("+");
    await panel.frames();
    assert.notEqual(await panel.print(chart), whole);
    await panel.page.getByRole("button", { name: "Show all" }).click();
    await panel.frames();
    assert.equal(await panel.print(chart), whole);
  });

  test("draws 100,000 recorded steps from few of them, and knows all of them soon after", {
    skip,
  }, async () => {
    const panel = await open();
    const steps = 100_000;
    const step = (at: number) => ({
      event: "step",
      step: at,
      epoch: Math.ceil(at / 1000),
      train: { loss: 100 + 400 / at, reconstruction: 80 + 400 / at, kl: 20 },
      imagesPerSecond: 5000,
    });
    const all = Array.from({ length: steps }, (_, index) => step(index + 1));
    const train = Float64Array.from([
      ...all.map((line) => line.step),
      ...all.map((line) => line.train.loss),
      ...all.map((line) => line.train.reconstruction),
      ...all.map((line) => line.train.kl),
    ]);
    const card = { ...run.card, stepsPerEpoch: 1000, epochs: 200, state: "training", canStop: true };
    const csv = panel.page.getByRole("button", { name: "Save as CSV…" });
    const first = recordedMessage(card.key, { train, epochs: [], imagesPerSecond: 5000 });
    await panel.post({ kind: "show", protocol: viewProtocolVersion, runs: [card], absent: [] }, first);
    assert.match(await panel.text(".figures"), /100 of 200/);
    assert.ok((await panel.colours(chart)) > 10);
    assert.ok(await csv.isDisabled());
    await panel.post({ kind: "lines", run: card.key, lines: [step(steps + 1), step(steps + 2)] });
    assert.match(await panel.text(".figures"), /101 of 200/);
    for (let asked = 1; await csv.isDisabled(); asked++) {
      const { from } = await panel.heard("want-steps", asked);
      await panel.post(stepsMessage(card.key, train, Number(from)));
    }
    await csv.click();
    const saved = await panel.heard("save");
    const lines = (saved.bytes as Buffer).toString().trimEnd().split("\r\n");
    assert.equal(lines.length, 1 + steps + 2);
    assert.deepEqual(await panel.said("problem"), []);
  });

  test("a line told twice, or trained again after a resume, counts once", { skip }, async () => {
    const panel = await opened();
    const before = await panel.print(chart);
    await panel.post(metricsMessage(run));
    assert.equal(await panel.print(chart), before);
  });

  test("drops what is no message of ours, says so, and works on", { skip }, async () => {
    const panel = await opened();
    const garbage = [
      null,
      7,
      "<img src=x onerror=alert(1)>",
      { kind: "show" },
      { kind: "show", protocol: viewProtocolVersion, runs: [{ ...run.card, epochs: "many" }], absent: [] },
      { kind: "lines", run: run.card.key, lines: [{ event: "step", step: "x" }] },
      { kind: "preview", run: run.card.key, epoch: 4, png: "not bytes" },
      { kind: "eval", code: "alert(1)" },
    ];
    const before = await panel.print(chart);
    await panel.post(...garbage);
    assert.equal((await panel.said("problem")).length, garbage.length);
    assert.equal(await panel.print(chart), before);
    assert.deepEqual(panel.errors, []);
  });

  test("a preview that is no picture is told and leaves a note in its place", { skip }, async () => {
    const panel = await open();
    await panel.post(...messagesFor(run));
    await panel.heard("want-preview");
    await panel.post({ kind: "preview", run: run.card.key, epoch: 4, png: new Uint8Array([1, 2, 3]) });
    assert.match(String((await panel.heard("problem")).message), /epoch 4/);
    await panel.page.getByText("There is no picture of epoch 4 any more.").first().waitFor();
  });

  test("text from a run is shown as text", { skip }, async () => {
    const panel = await open();
    const name = "<b>bold</b><img src=x onerror=alert(1)>";
    const card = { ...run.card, name };
    await panel.post(
      { kind: "show", protocol: viewProtocolVersion, runs: [card], absent: [] },
      metricsMessage(run),
    );
    assert.equal(await panel.text("h1"), name);
    assert.equal(await panel.page.locator("main img, main b").count(), 0);
  });

  test("a run whose measurements take their time is shown without them", { skip }, async () => {
    const panel = await open();
    await panel.post({ kind: "show", protocol: viewProtocolVersion, runs: [run.card], absent: [] });
    await panel.page.getByRole("heading", { name: run.card.name }).waitFor();
    await panel.page.getByText("The first numbers appear after the first steps.").waitFor();
    await panel.post(metricsMessage(run));
    assert.ok((await panel.colours(chart)) > 10);
  });

  test("saves pictures as PNG and curves as CSV", { skip }, async () => {
    const panel = await opened();
    await panel.page.getByRole("button", { name: "Save as PNG…" }).first().click();
    const picture = await panel.heard("save");
    assert.equal(picture.name, "mnist-vae-epoch-4-reconstructions.png");
    assert.deepEqual([...(picture.bytes as Buffer).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    await panel.page.getByRole("button", { name: "Save as CSV…" }).click();
    const curve = await panel.heard("save", 2);
    assert.equal(curve.name, "mnist-vae-curve.csv");
    const [header, ...lines] = (curve.bytes as Buffer).toString().trimEnd().split("\r\n");
    const columns = header?.split(",").length;
    assert.equal(lines.filter((line) => line.includes(",epoch,")).length, 4);
    for (const line of lines) assert.equal(line.split(",").length, columns, line);
  });

  test("the table twin has every epoch's numbers", { skip }, async () => {
    const panel = await opened();
    await panel.page.getByText("The curves as a table").click();
    const rows = panel.page.locator(".epoch-table tbody tr");
    await rows.first().waitFor();
    const texts = await rows.allTextContents();
    assert.equal(texts.length, 4);
    for (const [
      index,
      {
        epoch,
        test: { loss },
      },
    ] of run.metrics.epochs.entries()) {
      assert.ok(texts[index]?.startsWith(String(epoch)));
      assert.ok(texts[index]?.includes(loss.toFixed(2)));
    }
  });

  test("lays several runs over each other", { skip }, async () => {
    const panel = await opened();
    const alone = await panel.print(chart);
    await showRun(panel, run, other);
    assert.notEqual(await panel.print(chart), alone);
    const rows = await panel.page.locator(".run-values tbody tr").allTextContents();
    assert.equal(rows.length, 2);
    assert.notEqual(rows[0], rows[1]);
    assert.doesNotMatch(await panel.text(".where"), /differently/);
    assert.equal(await panel.text(".unit"), "nats per image");
    await panel.picture("dashboard-compare");

    const experiment = {
      ...other.card.experiment,
      loss: { reconstruction: "mse", reduction: "mean", beta: 1 },
    };
    const lossUnit = "squared error per pixel; KL in nats per pixel";
    await showRun(panel, run, { ...other, card: { ...other.card, experiment, lossUnit } });
    assert.equal(await panel.text(".unit"), "");
    assert.match(await panel.text(".where"), /These runs measure their losses differently/);
  });

  test("the chart follows a change of theme", { skip }, async () => {
    const panel = await opened();
    const before = await panel.print(chart);
    await changeTheme(panel, light);
    const after = await panel.print(chart);
    assert.notEqual(after, before);
    assert.equal(after, await (await opened({ theme: light })).print(chart));
  });

  test("what explains is in the theme's quieter colour", { skip }, async () => {
    const panel = await opened();
    const explanations = panel.page.locator(".where, figcaption, .hint");
    const colours = await explanations.evaluateAll((all) => all.map((one) => getComputedStyle(one).color));
    assert.ok(colours.length >= 4);
    // The theme's descriptionForeground, #9d9d9d.
    assert.deepEqual(new Set(colours), new Set(["rgb(157, 157, 157)"]));
  });

  test("fits a side bar without scrolling sideways", { skip }, async () => {
    const panel = await opened({ size: { width: 280, height: 800 }, layout: "narrow" });
    const width = await panel.page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, 280);
    const { y = 800, height = 0 } = (await panel.page.locator(chart).boundingBox()) ?? {};
    assert.ok(y + height < 480, `the curves end at ${y + height}`);
    assert.ok((await panel.colours(reconstructions)) > 50);
    await panel.picture("dashboard-narrow");
  });

  test("shows pace and progress while training, and stops", { skip }, async () => {
    const panel = await opened();
    const card = { ...run.card, state: "training", epochs: 50, canStop: true };
    await panel.post({ kind: "card", card });
    await panel.post({ kind: "pace", run: card.key, imagesPerSecond: 12_345.6, secondsLeft: 125 });
    const figures = await panel.text(".figures");
    assert.match(figures, /4 of 50/);
    assert.match(figures, /12,346/);
    assert.match(figures, /2 min 5 s/);
    assert.equal(await panel.page.getByRole("progressbar", { name: "Training" }).count(), 1);
    await panel.page.getByRole("button", { name: "Stop" }).click();
    assert.deepEqual(await panel.heard("do"), { kind: "do", action: "stop", run: card.key });
    await panel.picture("dashboard-training");
  });

  test("a failed run says why and what to do, and can be resumed", { skip }, async () => {
    const panel = await opened();
    const failure = { message: "the loss became NaN at step 64", hint: "Lower the learning rate." };
    await panel.post({ kind: "card", card: { ...run.card, state: "failed", failure, canResume: true } });
    const notice = await panel.text(".notice");
    assert.match(notice, /became NaN[\s\S]*Lower the learning rate\. Resume goes on/);
    await panel.page.getByRole("button", { name: "Resume" }).click();
    assert.deepEqual(await panel.heard("do"), { kind: "do", action: "resume", run: run.card.key });
    await panel.picture("dashboard-failed");
  });

  test("a finished run can be trained longer", { skip }, async () => {
    const panel = await opened();
    await panel.post({ kind: "card", card: { ...run.card, canTrainLonger: true } });
    await panel.page.getByRole("button", { name: "Train longer…" }).click();
    assert.deepEqual(await panel.heard("do"), { kind: "do", action: "train-longer", run: run.card.key });
  });

  test("a killed run and one whose folder is gone say so", { skip }, async () => {
    const panel = await opened();
    await panel.post({ kind: "card", card: { ...run.card, state: "killed", canResume: true } });
    assert.match(await panel.text(".notice"), /ended without saying goodbye/);
    await panel.picture("dashboard-killed");
    await panel.post({ kind: "gone", run: run.card.key, failure: gone });
    assert.match(await panel.text(".notice"), /folder of this run is gone/);
    assert.equal(await panel.page.getByRole("button", { name: "Resume" }).count(), 0);
  });

  test("of a run that cannot be read it says why, and a reload asks for it again", { skip }, async () => {
    const panel = await open();
    const absent = [{ key: run.card.key, failure: gone }];
    await panel.post({ kind: "show", protocol: viewProtocolVersion, runs: [], absent });
    assert.match(await panel.text(".notice:visible"), /folder of this run is gone.*look at another run/);
    assert.equal(await panel.page.getByText("Waiting for the run").isVisible(), false);
    assert.deepEqual(((await panel.state()) as { runs: string[] }).runs, [run.card.key]);
    await panel.picture("dashboard-absent");
    const newer = { message: "run.json: this run was written by a newer Latent Lab", hint: "Update it." };
    await panel.post({ kind: "gone", run: run.card.key, failure: newer });
    assert.match(await panel.text(".notice:visible"), /written by a newer Latent Lab/);
    // It is back.
    await showRun(panel, run);
    assert.equal(await panel.page.locator(".notice:visible").count(), 0);
  });

  test("beside the others of a comparison it says which one cannot be read", { skip }, async () => {
    const panel = await open();
    const absent = [{ key: "/runs/other", failure: gone }];
    const [show, ...rest] = messagesFor(run);
    await panel.post({ ...show, absent }, ...rest);
    assert.match(await panel.text(".notice:visible"), /folder of this run is gone/);
    assert.ok((await panel.colours(chart)) > 20);
    assert.deepEqual(((await panel.state()) as { runs: string[] }).runs, [run.card.key, "/runs/other"]);
    // What is kept when there is nothing to show, not even what cannot be read, is what was.
    await panel.post({ kind: "show", protocol: viewProtocolVersion, runs: [], absent: [] });
    assert.deepEqual(((await panel.state()) as { runs: string[] }).runs, [run.card.key, "/runs/other"]);
  });

  test("an extension that is newer asks for the panel to be opened again", { skip }, async () => {
    const panel = await open();
    await panel.post({ kind: "show", protocol: viewProtocolVersion + 1, runs: [run.card], absent: [] });
    await panel.page.getByText("Latent Lab was updated").waitFor();
  });

  test("the run card's buttons name their action", { skip }, async () => {
    const panel = await opened();
    const actions = [
      ["Copy as JSON", "copy-json"],
      ["Copy as PyTorch script", "copy-pytorch"],
      ["Open folder", "open-folder"],
      ["Show log", "show-log"],
    ] as const;
    for (const [index, [label, action]] of actions.entries()) {
      await panel.page.getByRole("button", { name: label }).click();
      assert.equal((await panel.heard("do", index + 1)).action, action);
    }
    await panel.page.getByText("Experiment, every setting").click();
    assert.match(await panel.text(".tree"), /learningRate: 0\.001/);
  });
});
