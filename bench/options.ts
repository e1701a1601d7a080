/** The benchmark's command line. */
import { parseArgs } from "node:util";
import type { Measurement } from "./measurement.ts";

export interface BenchOptions {
  readonly command: "run" | "list" | "help";
  readonly only: readonly string[];
  readonly epochs: number;
  readonly wholeEpochs: boolean;
  readonly data: string | undefined;
}

/** What was wrong with the arguments, in one line. */
export class UsageError extends Error {}

export const help = `Usage: npm run bench -- [options]

Measures Latent Lab against its targets and its peers, everything alternating on this machine, prints a table and
writes bench/results/<date>.json.

  --only NAME[,NAME]  measure only these (see --list)
  --epochs N          rounds of every race; medians need 5 or more (default 5)
  --whole-epochs      slow peers run whole epochs instead of a tenth, scaled up
  --data DIR          the folder that holds MNIST; without it LATENT_LAB_DATA, the cache, ../shared/datasets/mnist
  --list              name the measurements
  gpu                 as the first word: measure the GPU instead; gpu --help says how
  editor              as the first word: measure the extension instead; editor --help says how
  --help              this text
`;

/** Throws a UsageError. */
export function parseOptions(argv: readonly string[], measurements: readonly Measurement[]): BenchOptions {
  const values = parse(argv);
  const epochs = wholeNumber("--epochs", values.epochs ?? "5", 1, 1000);
  const names = measurements.map(({ name }) => name);
  const only = (values.only ?? []).flatMap((list) => list.split(","));
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--only ${unknown}: no such measurement; there are ${names.join(", ")}`);
  return {
    command: values.help ? "help" : values.list ? "list" : "run",
    only: only.length === 0 ? names : only,
    epochs,
    wholeEpochs: values["whole-epochs"] ?? false,
    data: values.data,
  };
}

/** What `option` says. Throws a UsageError. */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new UsageError(`${option} ${text}: must be a whole number from ${least} to ${most}`);
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        only: { type: "string", multiple: true },
        epochs: { type: "string" },
        "whole-epochs": { type: "boolean" },
        data: { type: "string" },
        list: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
