/**
 * Cost per epoch against the number of images and the number of parameters, four sizes of each: straight lines, or
 * something in the engine grows faster than the work.
 */
import { resolveExperiment } from "../src/contract/parse-experiment.ts";
import { findPreset } from "../src/contract/presets.ts";
import { buildNetwork, parameterCount } from "../src/ml/model/network.ts";
import { type OurSize, ourContestant } from "./contestants.ts";
import type { BenchContext, Outcome, Row, SoloMeasurement } from "./measurement.ts";
import { type RaceResult, race } from "./race.ts";
import { fitLine, type LineFit } from "./statistics.ts";

/** Shares of the dataset; 7,500 to 60,000 images of MNIST. */
const imageShares = [1 / 8, 1 / 4, 1 / 2, 1];
const hiddenUnits = [100, 200, 400, 800];
/** How much of the variance a straight line must explain to be called one. */
const straight = 0.99;

interface Sample {
  readonly size: number;
  readonly seconds: number;
}

export const scaling: SoloMeasurement = {
  name: "scaling",
  title: "cost per epoch against 4 numbers of images and of parameters; target: linear in both",
  async measure(context: BenchContext): Promise<Outcome> {
    const imageSizes = imageShares.map((share) => ({ images: Math.round(context.data.images * share) }));
    const hiddenSizes = hiddenUnits.map((hidden) => ({ hidden }));
    const contestants = [...imageSizes, ...hiddenSizes].map((size) => ourContestant(context, size));
    const unlike = contestants.filter(
      ({ name }, index) => contestants.findIndex((other) => other.name === name) === index,
    );
    const result = await race(unlike, { rounds: context.epochs, say: context.say });
    const secondsOf = (size: Partial<OurSize>) => medianOf(result, ourContestant(context, size).name);
    const images = imageSizes.map((size) => ({ size: size.images, seconds: secondsOf(size) }));
    const parameters = hiddenSizes.map((size) => ({
      size: parametersWith(size.hidden),
      seconds: secondsOf(size),
    }));
    const fits = { images: fit(images), parameters: fit(parameters) };
    return {
      rows: [...rows("images", images, fits.images), ...rows("parameters", parameters, fits.parameters)],
      notes: [],
      raw: { images, parameters, fits, ...result },
    };
  },
};

function parametersWith(hidden: number): number {
  const { experiment } = findPreset("mnist-vae");
  const model = { ...experiment.model, encoder: [784, hidden, 20] };
  return parameterCount(buildNetwork(resolveExperiment({ ...experiment, model }, "the benchmark")));
}

function medianOf({ times, missing }: RaceResult, name: string): number {
  const found = times.find((each) => each.name === name);
  if (found !== undefined) return found.median;
  throw new Error(`${name}: ${missing.find((each) => each.name === name)?.reason ?? "not measured"}`);
}

function fit(samples: readonly Sample[]): LineFit {
  return fitLine(samples.map(({ size, seconds }) => ({ x: size, y: seconds })));
}

function rows(what: string, samples: readonly Sample[], line: LineFit): readonly Row[] {
  const sizes = samples.map(({ size, seconds }) => ({
    line: `${size.toLocaleString("en")} ${what}`,
    ours: `${seconds.toFixed(3)} s`,
    peer: `${((seconds / size) * 1e6).toFixed(2)} µs each`,
    ratio: "",
    target: "",
    reached: null,
  }));
  return [
    ...sizes,
    {
      line: `epoch against ${what}`,
      ours: `R² ${line.r2.toFixed(4)}`,
      peer: `off the line by ${(line.largestDeviation * 100).toFixed(1)} % at most`,
      ratio: "",
      target: `linear (R² ${straight})`,
      reached: line.r2 >= straight,
    },
  ];
}
