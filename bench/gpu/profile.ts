/** `--profile`: where the time of a training step goes, as two tables. */
import { resolveExperiment } from "../../src/contract/parse-experiment.ts";
import { findPreset } from "../../src/contract/presets.ts";
import type { Dataset } from "../../src/ml/data/dataset.ts";
import { findIdxFiles, readIdxFiles } from "../../src/ml/data/idx-folder.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import type { BenchData } from "../bench-data.ts";
import { duration } from "../duration.ts";
import { tableOf } from "../table.ts";
import { type ProductProfile, profileStep, profileTiles, type StepProfile } from "./dispatches.ts";

export interface Profile {
  readonly step: StepProfile;
  readonly products: readonly ProductProfile[];
}

export interface ProfileOptions {
  /** A GPU in software, on which whole epochs are not waited for. */
  readonly slow: boolean;
  /** Progress. */
  say(line: string): void;
  /** A table that is finished, while others are not. */
  show(text: string): void;
  /** Told what there is after every product. */
  keep(soFar: Profile): Promise<void>;
  /** Ends it early, with the products that were timed. */
  readonly signal: AbortSignal;
}

/** Throws a Failure where the engine does. */
export async function measureProfile(data: BenchData, options: ProfileOptions): Promise<void> {
  const { slow, signal, say, show, keep } = options;
  const network = buildNetwork(resolveExperiment(findPreset("mnist-vae").experiment, "the benchmark"));
  const dataset = await readDataset(data.idxFolder);
  say("Timing the dispatches of a step …");
  const step = await profileStep(network, dataset, slow);
  show(stepText(step));
  await keep({ step, products: [] });
  say("Timing every product with every tile …");
  const products: ProductProfile[] = [];
  for await (const product of profileTiles(network, dataset, slow)) {
    products.push(product);
    say(`  ${product.product}: dispatch ${product.dispatch}`);
    await keep({ step, products });
    if (signal.aborted) break;
  }
  show(tilesText(products));
}

/** All the training images; of the others a batch will do. */
async function readDataset(folder: string): Promise<Dataset> {
  const content = await readIdxFiles(folder, await findIdxFiles(folder));
  const pixels = content.test.pixels.subarray(0, 128 * content.width * content.height);
  const test = { count: 128, pixels, labels: null };
  return { ...content, name: "bench", source: folder, sha256: "", labelNames: [], test };
}

function stepText({ dispatches, emptyDispatch, step }: StepProfile): string {
  const sum = dispatches.reduce((total, { seconds }) => total + seconds, 0);
  const rows = dispatches.map(({ name, groups, seconds }, index) => [
    String(index),
    name,
    String(groups),
    duration(seconds),
    `${((seconds / sum) * 100).toFixed(0)} %`,
  ]);
  const whole =
    step === null ? [] : [["", "a step of a whole epoch, results read back", "", duration(step), ""]];
  const steps = tableOf(
    ["", "dispatch", "workgroups", "time", "share"],
    [
      ...rows,
      ["", "all of them", "", duration(sum), "100 %"],
      ...whole,
      ["", "a dispatch that does nothing", "1", duration(emptyDispatch), ""],
    ],
  );
  return `${steps}

An epoch of 469 such steps: ${duration(sum * 469)} of dispatches${step === null ? "" : `, ${duration(step * 469)} in all`}.`;
}

function tilesText(products: readonly ProductProfile[]): string {
  const names = new Set(products.flatMap(({ tiles }) => tiles.map(({ tile }) => tile)));
  const times = tableOf(
    ["tile", ...products.map(({ product, dispatch }) => `${product} (in ${dispatch})`)],
    [...names].map((name) => {
      const cells = products.map(({ tiles }) => {
        const best = Math.min(...tiles.map(({ seconds }) => seconds));
        const found = tiles.find(({ tile }) => tile === name);
        if (found === undefined) return "";
        const text = duration(found.seconds) + (found.seconds === best ? " *" : "");
        return found.chosen ? `[${text}]` : text;
      });
      return [name, ...cells];
    }),
  );
  return `${times}

Times are of the dispatch that a product is in, with this tile for it and all else as the engine has it; [ ]: the
engine's own choice on this GPU, *: the fastest. A tile is rows × columns × depth; "by 8": an invocation has a block of
8 × 4; "in 4": the product is made in four parts, which the next dispatch adds up in a time that is not in here.`;
}
