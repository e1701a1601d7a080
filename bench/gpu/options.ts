/** The command line of the GPU's benchmark. */
import { parseArgs } from "node:util";
import { UsageError, wholeNumber } from "../options.ts";

export interface GpuBenchOptions {
  readonly command: "race" | "profile" | "help";
  readonly rounds: number;
  /** For everything; null: as long as it takes. */
  readonly minutes: number | null;
  /** Of MNIST; null: all. */
  readonly images: number | null;
  /** What PyTorch trains on. */
  readonly device: "cuda" | "cpu";
  /** Let a GPU in software be ours, for trials. */
  readonly software: boolean;
  /** Null: nobody asked for one by name. */
  readonly python: string | null;
  readonly pytorch: boolean;
  readonly data: string | undefined;
  /** Where the numbers go; undefined: a file of this minute's in bench/results. */
  readonly results: string | undefined;
}

export const gpuHelp = `Usage: npm run bench -- gpu [options]        (./run.sh [options] in an unpacked archive)

Measures Latent Lab on this machine's GPU against its targets and against PyTorch, in turns. After each of its parts
it prints that part's lines and writes every number so far to bench/results/<date>.json; at the end it prints the table.

  --rounds N     rounds of each race; medians need 5 or more (default 9)
  --minutes N    end within N minutes: the most valuable first, and what no longer fits is left out and named
  --profile      instead: how long each dispatch of a training step takes, and each product with every tile
  --python FILE  the Python that has PyTorch; without it the first of python3 and /usr/bin/python3 that has
  --no-pytorch   ours alone
  --data DIR     the folder that holds MNIST; without it LATENT_LAB_DATA, the cache, ../shared/datasets/mnist
  --json FILE    write the numbers there
  --pack         instead: one archive that runs all this on a bare Linux machine (x86-64); not in the archive itself

For trials, in which nothing is judged:
  --software     take a GPU in software (SwiftShader, say) where there is no other
  --device cpu   let PyTorch train on the processor
  --images N     train on the first N images only
  --help         this text
`;

/** Throws a UsageError. */
export function parseGpuOptions(argv: readonly string[]): GpuBenchOptions {
  const values = parse(argv);
  const { device = "cuda" } = values;
  if (device !== "cuda" && device !== "cpu") throw new UsageError(`--device ${device}: must be cuda or cpu`);
  const images = values.images === undefined ? null : wholeNumber("--images", values.images, 128, 60_000);
  if (values.profile && images !== null && images < leastProfiled)
    throw new UsageError(`--images ${images}: --profile needs ${leastProfiled} or more`);
  return {
    command: values.help ? "help" : values.profile ? "profile" : "race",
    rounds: wholeNumber("--rounds", values.rounds ?? "9", 1, 1000),
    minutes: values.minutes === undefined ? null : minutesIn(values.minutes),
    images,
    device,
    software: values.software ?? false,
    python: values.python ?? null,
    pytorch: !(values["no-pytorch"] ?? false),
    data: values.data,
    results: values.json,
  };
}

/** Five batches: a dispatch is timed a few steps into an epoch. */
const leastProfiled = 640;

function minutesIn(text: string): number {
  const minutes = Number(text);
  if (minutes > 0 && minutes <= 1440) return minutes;
  throw new UsageError(`--minutes ${text}: must be a number above 0, at most 1440`);
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        rounds: { type: "string" },
        minutes: { type: "string" },
        images: { type: "string" },
        device: { type: "string" },
        software: { type: "boolean" },
        python: { type: "string" },
        "no-pytorch": { type: "boolean" },
        profile: { type: "boolean" },
        data: { type: "string" },
        json: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
