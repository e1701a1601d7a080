import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { DatasetChoice, Experiment } from "../../../src/contract/experiment.ts";
import type { Evaluation } from "../../../src/contract/losses.ts";
import { escapeText, markup } from "../../../src/ml/image/markup.ts";
import { renderReport } from "../../../src/ml/image/report.ts";
import { autoencoder, epochsOf, finished, stackOf, vae } from "./run-data.ts";

const run = finished({ width: 28, height: 28 });
const { epochs, start } = run;

test("the report holds ten pairs, sixteen samples and a row per epoch", () => {
  const page = renderReport(run);
  assert.equal([...page.matchAll(/<img /g)].length, 36);
  assert.equal([...page.matchAll(/<tr><th scope="row">\d/g)].length, 3);
  assert.match(page, /alt="original 1, labelled 7"/);
  assert.equal(
    [
      ...page.matchAll(
        /<li><img [^>]*alt="original[^>]*><img [^>]*alt="reconstruction[^>]*><span>[\d.]+ dB<|<span>∞ dB</g,
      ),
    ].length,
    10,
  );
  assert.doesNotMatch(page, /NaN|undefined|\[object/);
});

test("the report says in words what the model was trained on", () => {
  const kinds: readonly (readonly [DatasetChoice, string])[] = [
    [{ kind: "mnist" }, "60,000 images of MNIST for 3 epochs"],
    [
      { kind: "drawn-digits", train: 60_000, test: 10_000, seed: 1 },
      "60,000 images of drawn digits for 3 epochs",
    ],
    [{ kind: "idx", path: "." }, "60,000 images from IDX files for 3 epochs"],
    [
      { kind: "folder", path: ".", width: 28, height: 28, invert: false, testFraction: 0.1, seed: 1 },
      "60,000 images from a folder of pictures for 3 epochs",
    ],
  ];
  for (const [dataset, words] of kinds) {
    const page = renderReport({ ...run, experiment: { ...vae, dataset } });
    assert.ok(page.includes(`trained on ${words}.`));
  }
});

test("the report asks for nothing outside itself", () => {
  const page = renderReport(run);
  assert.doesNotMatch(page, /<script|<link|@import|url\(|\sstyle="|\son\w+="/);
  const addresses = [...page.matchAll(/\b(?:src|href|action)="([^"]*)"/g)].map((match) => match[1] ?? "");
  assert.ok(
    addresses.length > 0 && addresses.every((address) => address.startsWith("data:image/png;base64,")),
  );
});

test("the report's policy forbids everything but its own style sheet and embedded pictures", () => {
  const page = renderReport(run);
  const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  assert.ok(page.includes(`default-src 'none'; img-src data:; style-src 'sha256-${hash}'`));
});

test("names that are markup are shown, not run", () => {
  const hostile = `</style><script>alert("x")</script>&'`;
  const one = stackOf(1, { width: 28, height: 28 });
  const page = renderReport({
    ...run,
    experiment: { ...vae, name: hostile },
    start: { ...start, device: hostile, dataset: { ...start.dataset, name: hostile, source: hostile } },
    reconstructions: { originals: one, reconstructions: one, labels: [`" onerror="x`] },
  });
  assert.doesNotMatch(page, /<script/);
  assert.doesNotMatch(page, /" onerror=/);
  assert.match(page, /&lt;script&gt;alert\(&quot;x&quot;\)/);
});

/** The report of the run with other evaluations. */
function reportWith(change: (test: Evaluation) => Evaluation): string {
  return renderReport({ ...run, epochs: epochs.map((epoch) => ({ ...epoch, test: change(epoch.test) })) });
}

test("inactive latent dimensions are marked, which need not be the ones with the least KL", () => {
  const page = renderReport(run);
  for (const dimension of [0, 3]) assert.match(page, new RegExp(`dimension ${dimension}: [^<]*, inactive`));
  for (const dimension of [1, 2]) assert.match(page, new RegExp(`dimension ${dimension}: [^,<]* nats<`));
  assert.match(page, /2 of 4 are active; the hollow bars are the others/);
  const all = reportWith((test) => ({ ...test, activeUnits: 4, activeDimensions: [0, 1, 2, 3] }));
  assert.match(all, /first\. All are active\./);
});

test("where it is not known which latent dimensions are active, none is marked and nothing is said of them", () => {
  const old = reportWith(({ activeDimensions: _, ...test }) => test);
  assert.match(old, /Active dimensions/);
  assert.doesNotMatch(old, /, inactive|hollow|All are active/);
  const single = reportWith(({ activeDimensions: _, ...test }) => ({ ...test, activeUnits: null }));
  assert.match(single, /id="latents"/);
  assert.doesNotMatch(single, /active/i);
});

test("the report says what the loss is made of, each part in its unit and with its weight", () => {
  const note = (loss: Experiment["loss"]) =>
    /The loss is [^.]*(?:\.\d[^.]*)*\./.exec(renderReport({ ...run, experiment: { ...vae, loss } }))?.[0];
  const loss = { reconstruction: "bce", reduction: "sum", beta: 1 } as const;
  assert.equal(note(loss), "The loss is the reconstruction plus the KL divergence, in nats per image.");
  assert.equal(
    note({ ...loss, beta: 2 }),
    "The loss is the reconstruction plus 2 times the KL divergence, in nats per image.",
  );
  assert.equal(
    note({ ...loss, reconstruction: "mse", reduction: "mean", beta: 0.5 }),
    "The loss is the reconstruction, in squared error per pixel, plus 0.5 times the KL divergence, in nats per pixel.",
  );
});

test("compression is stated in dimensions and in bytes", () => {
  const page = renderReport(run);
  assert.match(page, /196×[\s\S]*dimensions[\s\S]*in bytes 196× with latents as int8, 49\.0× as float32/);
});

test("a plain autoencoder's report has samples, says how they are drawn, and has no latent dimensions to show", () => {
  const plain = epochs.map((epoch) => ({
    ...epoch,
    test: { ...epoch.test, klPerDimension: [], activeUnits: null },
  }));
  const page = renderReport({ ...run, experiment: autoencoder, epochs: plain });
  assert.equal([...page.matchAll(/alt="sample \d+"/g)].length, 16);
  assert.match(page, /the mean and the standard deviation it has over images of the test split/);
  assert.doesNotMatch(page, /the prior, decoded|id="latents"|Active dimensions/);
});

test("a run whose curve was deleted has a report all the same", () => {
  const page = renderReport({ ...run, epochs: [] });
  assert.match(page, /No epoch is finished yet/);
});

test("a run of 100,000 epochs has a table a person can read, with its first and last epoch", () => {
  const many = epochsOf(Array.from({ length: 100_000 }, (_, i) => 100 + 60 / (i + 1)));
  const page = renderReport({ ...run, epochs: many });
  assert.equal([...page.matchAll(/<tr><th scope="row">[\d,]+</g)].length, 200);
  assert.match(page, /<th scope="row">1</);
  assert.match(page, /<th scope="row">100,000</);
});

test("templates escape text in tags and attributes, and keep markup", () => {
  const inner = markup`<b>${"1 < 2"}</b>`;
  assert.equal(
    markup`<i title="${`"'&`}">${[inner, "<"]}</i>`.text,
    `<i title="&quot;&#39;&amp;"><b>1 &lt; 2</b>&lt;</i>`,
  );
  assert.equal(escapeText("a\u0000b\ud800\tc"), "a\ufffdb\ufffd\tc");
});
