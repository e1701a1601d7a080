import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { type EpochLosses, lossChart } from "../../../src/ml/image/loss-chart.ts";
import { formatTicks, formatValue, roundTicks, valueScale } from "../../../src/ml/image/number-scale.ts";
import { darkPalette, lightPalette, type Palette } from "../../../src/ml/image/palette.ts";
import { rasterise } from "../../../src/ml/image/rasterise.ts";
import { autoencoder, epochsOf, vae } from "./run-data.ts";

const polylines = (svg: string) =>
  [...svg.matchAll(/<polyline points="([^"]*)"/g)].map((match) =>
    (match[1] ?? "").split(" ").map((pair) => pair.split(",").map(Number)),
  );

function finite(svg: string): void {
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
}

test("an autoencoder's chart has one panel with the training and the test curve", () => {
  const svg = lossChart(epochsOf([0.24, 0.11, 0.1]), autoencoder, "run1", lightPalette);
  finite(svg);
  assert.equal(polylines(svg).length, 2);
  assert.match(svg, />train 0\.1000</);
});

test("a VAE's chart adds the reconstruction and the KL divergence", () => {
  const svg = lossChart(epochsOf([165, 122, 115]), vae, "run1", lightPalette);
  finite(svg);
  assert.equal(polylines(svg).length, 6);
  assert.match(svg, />KL divergence</);
});

test("each panel has the unit of what it shows: the KL divergence is in nats, also beside a squared error", () => {
  const units = (experiment: typeof vae) => {
    const svg = lossChart(epochsOf([165, 122, 115]), experiment, "run1", lightPalette);
    return [...svg.matchAll(/>([^<]*per (?:image|pixel))</g)].map((match) => match[1]);
  };
  const mse = { reconstruction: "mse", reduction: "sum", beta: 1 } as const;
  assert.deepEqual(units(vae), ["nats per image", "nats per image", "nats per image"]);
  assert.deepEqual(units({ ...vae, loss: mse }), [
    "squared error plus nats per image",
    "squared error per image",
    "nats per image",
  ]);
  assert.deepEqual(units({ ...vae, loss: { ...mse, reduction: "mean" } }).at(-1), "nats per pixel");
  assert.deepEqual(units({ ...autoencoder, loss: mse }), ["squared error per image"]);
});

test("a falling loss is drawn falling, from the left edge to the right", () => {
  const [train = []] = polylines(lossChart(epochsOf([3, 2, 1]), autoencoder, "run1", lightPalette));
  const [first = [], second = [], third = []] = train;
  assert.ok((first[0] ?? 0) < (second[0] ?? 0) && (second[0] ?? 0) < (third[0] ?? 0));
  assert.ok((first[1] ?? 0) < (second[1] ?? 0) && (second[1] ?? 0) < (third[1] ?? 0));
});

test("the chart names its experiment and its run, shortened where they are long, and markup in them is text", () => {
  const named = (name: string, run: string) =>
    lossChart(epochsOf([3, 2]), { ...autoencoder, name }, run, lightPalette);
  assert.match(named("mnist-vae", "2025-03-01-mnist-vae"), />mnist-vae<[\s\S]*>run 2025-03-01-mnist-vae</);
  const long = named("n".repeat(300), "r".repeat(300));
  assert.match(long, />n{30,60}…</);
  assert.match(long, />run r{20,60}…</);
  assert.match(named("<b>", "&"), />&lt;b&gt;<[\s\S]*>run &amp;</);
});

test("one epoch makes a chart, and none makes one that says so", () => {
  finite(lossChart(epochsOf([0.24]), autoencoder, "run1", lightPalette));
  assert.match(lossChart([], vae, "run1", lightPalette), /No epoch is finished yet/);
});

test("100,000 epochs stay a small picture, in which a spike of one epoch is still the highest point", () => {
  const values = Array.from({ length: 100_000 }, (_, i) => 0.1 + 0.1 / (i + 1));
  values[70_000] = 0.5;
  const svg = lossChart(epochsOf(values), autoencoder, "run1", lightPalette);
  assert.ok(svg.length < 60_000);
  const [train = []] = polylines(svg);
  const top = Math.min(...train.map(([, y = 0]) => y));
  const spike = train.filter(([, y]) => y === top);
  assert.equal(spike.length, 1);
  assert.ok((spike[0]?.[0] ?? 0) > 400 && (spike[0]?.[0] ?? 0) < 800);
});

test("the floor is drawn where it lies near the curves, and not where it would flatten them", () => {
  const at = (aboveFloor: number): EpochLosses[] =>
    epochsOf([0.24, 0.12, 0.1]).map((epoch) => ({ ...epoch, test: { ...epoch.test, aboveFloor } }));
  assert.match(lossChart(at(0.04), autoencoder, "run1", lightPalette), />floor /);
  assert.doesNotMatch(lossChart(at(5), autoencoder, "run1", lightPalette), />floor /);
});

test("losses over many powers of ten, tiny, zero, equal or not finite still make a chart", () => {
  for (const values of [
    [1e30, 1e3, 1],
    [3e-9, 2e-9],
    [0, 0],
    [1e-310, 1e-310],
    [5, Number.NaN, 4],
    [Infinity, 1],
  ])
    finite(lossChart(epochsOf(values), vae, "run1", lightPalette));
  assert.match(lossChart(epochsOf([1e9, 1e3]), autoencoder, "run1", lightPalette), /logarithmic/);
  const decades = lossChart(epochsOf([2, 0.02]), autoencoder, "run1", lightPalette);
  for (const tick of ["1", "0.1", "0.03"]) assert.ok(decades.includes(`>${tick}</text>`), tick);
});

test("the floor's name stands just above its line, away from the names of curves that end near it", () => {
  const epochs = epochsOf([0.24, 0.12, 0.1]).map((epoch) => ({
    ...epoch,
    test: { ...epoch.test, aboveFloor: 0.002 },
  }));
  for (const experiment of [autoencoder, vae]) {
    const svg = lossChart(epochs, experiment, "run1", lightPalette);
    const line = /<line x1="([\d.]+)"[^>]* y1="([\d.]+)"[^>]*stroke-dasharray/.exec(svg) ?? [];
    const name = /<text x="([\d.]+)" y="([\d.]+)"[^>]*>floor /.exec(svg) ?? [];
    const gap = Number(line[2]) - Number(name[2]);
    assert.ok(gap > 0 && gap < 10, `${gap}`);
    assert.ok(Number(name[1]) > Number(line[1]) && Number(name[1]) < Number(line[1]) + 20);
  }
});

test("labels at the ends of curves that meet do not cover each other", () => {
  const svg = lossChart(epochsOf([2, 1]), autoencoder, "run1", lightPalette);
  const labels = [...svg.matchAll(/y="([\d.]+)"[^>]*>(?:train|test) /g)].map((match) => Number(match[1]));
  const sorted = labels.toSorted((a, b) => a - b);
  assert.equal(sorted.length, 2);
  sorted.slice(1).forEach((y, index) => {
    assert.ok(y - (sorted[index] ?? 0) >= 13);
  });
});

test("the chart becomes a PNG in the palette's background, twice as large when asked", async () => {
  const svg = lossChart(epochsOf([165, 122, 115]), vae, "run1", darkPalette);
  const { data, info } = await sharp(await rasterise(svg, 2))
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.equal(info.width, 1920);
  assert.deepEqual([data[0], data[1], data[2]], [0x14, 0x16, 0x1b]);
});

test("every text colour has a contrast of at least 4.5 to its background (WCAG 2.2, AA)", () => {
  const luminance = (color: string) => {
    const linear = [1, 3, 5].map((start) => {
      const channel = Number.parseInt(color.slice(start, start + 2), 16) / 255;
      return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0);
  };
  const contrast = (palette: Palette, color: string) => {
    const [low = 0, high = 0] = [luminance(palette.background), luminance(color)].toSorted((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  for (const palette of [lightPalette, darkPalette])
    for (const role of ["ink", "muted", "train", "test", "floor"] as const)
      assert.ok(contrast(palette, palette[role]) >= 4.5, `${role} ${palette[role]}`);
});

test("ticks are round numbers within the range", () => {
  assert.deepEqual(roundTicks(0.083, 0.2421, 4), [0.1, 0.15, 0.2]);
  assert.deepEqual(roundTicks(100, 165, 4), [100, 120, 140, 160]);
  assert.deepEqual(formatTicks([0.1, 0.15, 0.1 + 0.2]), ["0.10", "0.15", "0.30"]);
  assert.deepEqual(formatTicks([1e4, 1e8]), ["1e4", "1e8"]);
  assert.deepEqual(formatTicks([0, 20_000]), ["0", "20,000"]);
});

test("an axis has at least three ticks, however small the chart", () => {
  for (const tickCount of [2, 3, 5])
    for (let low = 1; low < 400; low += 7)
      for (const span of [0.3, 1, 2.1, 5.2, 19, 48, 60, 777, 1e4, 1e6, 1e9]) {
        const values = [low, low + span];
        const { ticks } = valueScale(values, tickCount);
        assert.ok(ticks.length >= 3 && ticks.length <= 4 * tickCount, `${values}: ${ticks}`);
        assert.deepEqual(
          ticks,
          [...new Set(ticks)].sort((a, b) => a - b),
        );
      }
  assert.deepEqual(valueScale([3, 160], 3).ticks, [3, 10, 30, 100]);
});

test("a scale holds all of its values", () => {
  for (const values of [[1, 2, 3], [5], [0], [-1, 4], [1e-3, 1e6]]) {
    const scale = valueScale(values, 5);
    for (const value of values) {
      assert.ok(scale.position(value) >= 0 && scale.position(value) <= 1, `${value} of ${values}`);
    }
  }
});

test("values are written with four digits and thousands apart, from a million on with an exponent", () => {
  const written = [164.738, 0.082841, 12_345.6, 1_234_567, 1.234e-7, 2.5e9, 0, -3.5, Infinity, Number.NaN];
  assert.deepEqual(
    written.map((value) => formatValue(value)),
    ["164.7", "0.08284", "12,346", "1.235e6", "1.234e−7", "2.500e9", "0", "−3.500", "∞", "NaN"],
  );
});
