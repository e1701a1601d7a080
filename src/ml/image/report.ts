/**
 * The report of a run: one page that needs nothing else, no script, no network, nothing beside it. Pictures are
 * embedded, everything is escaped, and the page's own policy forbids all that is not in it.
 */
import { createHash } from "node:crypto";
import type { DoneEvent, StartEvent } from "../../contract/events.ts";
import type { DatasetChoice, Experiment } from "../../contract/experiment.ts";
import { lossUnits } from "../../contract/loss-units.ts";
import type { Evaluation } from "../../contract/losses.ts";
import { imageAt, pngDataUrl } from "./grey-image.ts";
import { klChart } from "./kl-chart.ts";
import { lossChartMarkup } from "./loss-chart.ts";
import { Markup, markup } from "./markup.ts";
import { formatCount } from "./number-scale.ts";
import { pagePalette } from "./palette.ts";
import { formatDecibels, type ImageStack, pairPsnr, stackCount } from "./picture-grid.ts";
import type { ReportData } from "./report-data.ts";
import { keyNumbers } from "./report-numbers.ts";
import { reportStyle, type TileSizes } from "./report-style.ts";
import { epochTable } from "./report-table.ts";

/** The page as HTML text, UTF-8. */
export function renderReport(data: ReportData): string {
  const style = reportStyle(tileSizes(data.start.dataset));
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src '${styleHash(style)}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${data.experiment.name}: Latent Lab report</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
<header>
<p class="kicker"><b>Latent Lab</b> run report</p>
<h1>${data.experiment.name}</h1>
<p class="lead">${lead(data)}</p>
</header>
${keyNumbers(data)}
<section aria-labelledby="curves">
<h2 id="curves">Loss curves</h2>
<p class="note">${curvesNote(data)}</p>
${lossCharts(data)}
</section>
${reconstructionSection(data)}
${latentSections(data)}
${epochTable(data)}
${runSection(data)}
</main>
</body>
</html>
`.text;
}

/** The policy names the one style sheet by its hash. */
function styleHash(style: string): string {
  return `sha256-${createHash("sha256").update(style).digest("base64")}`;
}

/**
 * As large as lets ten stand in a row, five on a telephone, by a whole factor: three times and twice 28×28. Larger
 * images have their own size, the largest one that lets five stand in a row, or two.
 */
function tileSizes({ width, height }: StartEvent["dataset"]): TileSizes {
  const side = Math.max(width, height);
  const scaled = (enlargedSide: number, largestSide: number) => {
    const factor = side > enlargedSide ? Math.min(1, largestSide / side) : Math.floor(enlargedSide / side);
    return {
      width: Math.max(1, Math.round(width * factor)),
      height: Math.max(1, Math.round(height * factor)),
    };
  };
  const large = scaled(96, 196);
  return { large, small: scaled(64, 128), enlarged: large.width > width };
}

/** What comes after "60,000 images". */
const imagesOf: Readonly<Record<DatasetChoice["kind"], string>> = {
  mnist: "of MNIST",
  "drawn-digits": "of drawn digits",
  idx: "from IDX files",
  folder: "from a folder of pictures",
};

function lead({ start, experiment, epochs, done }: ReportData): string {
  const { model } = experiment;
  const kind = model.kind === "variational" ? "A variational autoencoder" : "An autoencoder";
  const widths = [...model.encoder, ...model.decoder.slice(1)].map(String).join(" → ");
  const { train } = start.dataset;
  const images = `${formatCount(train)} ${train === 1 ? "image" : "images"} ${imagesOf[experiment.dataset.kind]}`;
  const trained = epochs.length === 1 ? "1 epoch" : `${formatCount(epochs.length)} epochs`;
  return `${kind}, ${widths}, trained on ${images} for ${trained}${ending(done)}.`;
}

function ending({ reason }: DoneEvent): string {
  return reason === "early-stopping" ? ", stopped early as the test loss no longer improved" : "";
}

function curvesNote({ experiment, epochs }: ReportData): string {
  const units = lossUnits(experiment);
  const { beta } = experiment.loss;
  const weighted = beta === 1 ? "the KL divergence" : `${beta} times the KL divergence`;
  const inOwnUnit = units.reconstruction === units.kl ? "" : `, in ${units.reconstruction},`;
  const parts =
    experiment.model.kind === "variational"
      ? `The loss is the reconstruction${inOwnUnit} plus ${weighted}, in ${units.kl}.`
      : `The loss is the reconstruction's, in ${units.loss}.`;
  const floor =
    (epochs.at(-1)?.test.aboveFloor ?? null) === null
      ? ""
      : " The floor is the loss of a perfect reconstruction, which is not zero, because pixels are grey.";
  return `${parts} Training is measured while the weights still change, the test split after each epoch.${floor}`;
}

/** Drawn for both widths, for text that shrank with its chart could not be read; the style sheet shows one. */
function lossCharts({ epochs, experiment }: ReportData): Markup {
  const chart = (arrangement: "wide" | "stacked") =>
    lossChartMarkup(epochs, experiment, pagePalette, arrangement);
  return markup`<div class="room curves"><div class="wide">${chart("wide")}</div><div class="narrow">${chart("stacked")}</div></div>`;
}

function reconstructionSection({ reconstructions }: ReportData): Markup {
  const { originals, reconstructions: rebuilt, labels } = reconstructions;
  const pictures = (name: string, stack: ImageStack) =>
    tiles(stack, (index) => {
      const label = labels?.[index];
      return label === undefined ? `${name} ${index + 1}` : `${name} ${index + 1}, labelled ${label}`;
    });
  const upper = pictures("original", originals);
  const lower = pictures("reconstruction", rebuilt);
  const pairs = pairPsnr(originals, rebuilt).map(
    (value, index) =>
      markup`<li>${upper[index] ?? ""}${lower[index] ?? ""}<span>${formatDecibels(value)} dB</span></li>
`,
  );
  return markup`<section class="room" aria-labelledby="reconstructions">
<h2 id="reconstructions">Reconstructions</h2>
<p class="note">Images of the test split, which training never saw, through the encoder and back: above the original, below it the reconstruction and its PSNR.</p>
<ul class="pairs">
${pairs}</ul>
</section>`;
}

/** Samples and, of a VAE, the use of its latent dimensions: side by side where there is room. */
function latentSections({ samples, experiment, epochs }: ReportData): Markup {
  const test = epochs.at(-1)?.test;
  const hasLatents = test !== undefined && test.klPerDimension.length > 0;
  const list = tiles(samples, (index) => `sample ${index + 1}`).map((tile) => markup`<li>${tile}</li>`);
  return markup`<div class="columns">
<section aria-labelledby="samples">
<h2 id="samples">Samples</h2>
<p class="note">${samplesNote(experiment)}</p>
<ul class="samples">${list}</ul>
</section>
${hasLatents ? latentSection(test) : ""}
</div>`;
}

/** See samples in ../train/pictures.ts. */
function samplesNote({ model }: Experiment): string {
  if (model.kind === "variational") return "Generated: latents drawn from the prior, decoded.";
  return "Generated: latents drawn from a normal distribution, each with the mean and the standard deviation it has over images of the test split, decoded. A plain autoencoder has no prior and is not trained to generate.";
}

function latentSection(test: Evaluation): Markup {
  return markup`<section aria-labelledby="latents">
<h2 id="latents">KL divergence per latent dimension</h2>
<p class="note">${latentNote(test)}</p>
<div class="room bars"><div class="wide">${klChart(test, pagePalette, "wide")}</div><div class="narrow">${klChart(test, pagePalette, "narrow")}</div></div>
</section>`;
}

function latentNote({ klPerDimension, activeDimensions }: Evaluation): string {
  const used = "Nats per image on the test split, the most telling first.";
  if (activeDimensions === undefined) return used;
  const [active, count] = [activeDimensions.length, klPerDimension.length];
  if (active === count) return `${used} All are active.`;
  return `${used} ${active} of ${count} are active; the hollow bars are the others, whose μ hardly varies with the image.`;
}

function tiles(stack: ImageStack, describe: (index: number) => string): Markup[] {
  return Array.from(
    { length: stackCount(stack) },
    (_, index) =>
      markup`<img src="${pngDataUrl(imageAt(stack, index))}" width="${stack.width}" height="${stack.height}" alt="${describe(index)}">`,
  );
}

function runSection({ start, experiment, startedAt, version }: ReportData): Markup {
  const { dataset } = start;
  const { optimizer, training, model } = experiment;
  const facts: readonly (readonly [string, string | Markup])[] = [
    ["Experiment", experiment.name],
    [
      "Dataset",
      `${formatCount(dataset.train)} + ${formatCount(dataset.test)} images ${imagesOf[experiment.dataset.kind]}, each ${dataset.width}×${dataset.height}`,
    ],
    ["Source", dataset.source],
    ["SHA-256 of the data", markup`<code>${dataset.sha256}</code>`],
    ["Parameters", formatCount(start.parameters)],
    ["Initialisation", model.initialisation === "pytorch" ? "as PyTorch" : "as Keras"],
    ["Optimiser", `Adam, learning rate ${optimizer.learningRate}, batch ${formatCount(training.batch)}`],
    ["Seed", String(training.seed)],
    ["Engine", start.engine],
    ["Device", start.device],
    ["Threads", formatCount(start.threads)],
    ["Started", markup`<time datetime="${startedAt.toISOString()}">${universalTime(startedAt)}</time>`],
    ["Made by", `Latent Lab ${version}`],
  ];
  return markup`<section aria-labelledby="run">
<h2 id="run">The run</h2>
<dl class="run">
${facts.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>
<details><summary>The experiment with every default filled in</summary>
<pre tabindex="0">${JSON.stringify(experiment, null, 2)}</pre></details>
</section>`;
}

function universalTime(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
