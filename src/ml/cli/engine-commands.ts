/** `latent-lab engines`: what can compute here and how fast, and for what cannot, why and what to do. */
import { changeExperiment } from "../../contract/parse-experiment.ts";
import { findPreset } from "../../contract/presets.ts";
import type { Dataset } from "../data/dataset.ts";
import { drawDigits } from "../data/drawn-digits.ts";
import { type EngineReport, surveyEngines } from "../engine/choose-engine.ts";
import type { Training } from "../engine/race.ts";
import { buildNetwork } from "../model/network.ts";
import { withCall } from "./called-as.ts";
import type { Context } from "./context.ts";
import type { ListOptions } from "./list-commands.ts";
import { barSymbols, ProgressBar } from "./progress-bar.ts";
import { bytesInWords, rounded, table } from "./words.ts";

/** What every engine trains for a moment: a model that people know, on data that is always here. */
const probePreset = "mnist-vae";
const drawnImages = 1024;
/** Each of them so often, for epochs that a GPU does not come to the end of at once. */
const repetitions = 16;

export async function listEngines(
  { terminal: { out, err }, environment, call }: Context,
  { json }: ListOptions,
): Promise<void> {
  const bar = new ProgressBar(err, barSymbols(environment, process.platform));
  let reports: readonly EngineReport[];
  try {
    const options = { threads: 0, tell: (remark: string) => bar.note(remark) };
    reports = await surveyEngines(options, await probe(), (name) => bar.note(`trying ${name}`));
  } finally {
    bar.clear();
  }
  if (json) {
    const engines = reports.map(({ name, device, imagesPerSecond }) => ({
      name,
      ...device,
      imagesPerSecond,
    }));
    out.line(JSON.stringify({ engines }));
    return;
  }
  const works = reports.filter(({ device }) => device.available);
  for (const line of table([headings, ...works.map(rowOf)])) out.line(line);
  out.line("");
  out.line(`Speed: training ${probePreset}'s model on drawn digits.`);
  for (const { name, device } of reports) {
    if (device.available) continue;
    out.line("");
    out.line(`${name} cannot run here: ${device.reason}.`);
    out.line(`  ${withCall(device.hint, call)}`);
  }
}

const headings = ["engine", "speed", "memory", "driver", "device"];

function rowOf({ name, device, imagesPerSecond }: EngineReport): string[] {
  if (!device.available) return [name];
  return [
    name,
    imagesPerSecond === null ? "" : `${rounded(imagesPerSecond)} images/s`,
    device.memory === null ? "" : bytesInWords(device.memory),
    device.driver ?? "",
    device.description,
  ];
}

async function probe(): Promise<Training> {
  const experiment = changeExperiment(findPreset(probePreset).experiment, probePreset, []);
  const dataset = await drawDigits({ train: drawnImages, test: 1, seed: 1 });
  return { network: buildNetwork(experiment), dataset: repeated(dataset) };
}

function repeated(dataset: Dataset): Dataset {
  const { count, pixels } = dataset.train;
  const all = new Uint8Array(repetitions * pixels.length);
  for (let time = 0; time < repetitions; time++) all.set(pixels, time * pixels.length);
  return { ...dataset, train: { count: repetitions * count, pixels: all, labels: null } };
}
