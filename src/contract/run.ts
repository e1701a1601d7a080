/**
 * The run folder: what its files are called and what `run.json` and the lines of `metrics.jsonl` hold.
 * Schemas and types only; who reads and writes them is src/ml/train/.
 */
import * as z from "zod/mini";
import { epochSchema, recordedStepSchema } from "./events.ts";
import { type Experiment, maximumImageSide } from "./experiment.ts";
import { failureCodes } from "./failure.ts";
import { processIdentity } from "./process.ts";

/** Where the runs of a folder are: `.latent-lab/runs`. */
export const runsFolderNames = [".latent-lab", "runs"] as const;

/** Names inside a run folder. */
export const runFiles = {
  /** What the run is and how far it got. Its presence makes a folder a run folder. */
  record: "run.json",
  /** Who is writing the folder; there only while somebody is, or after somebody was killed. */
  writer: "writer.json",
  /** One JSON object per line: steps and epochs, in the order they were trained. */
  metrics: "metrics.jsonl",
  /** Everything needed to go on: weights, Adam's moments, counters. */
  checkpoint: "checkpoint.safetensors",
  /** The trained weights alone, written when training ends. */
  model: "model.safetensors",
  lossChart: "loss.png",
  reconstructions: "reconstructions.png",
  samples: "samples.png",
  report: "report.html",
  /** A folder: one small picture per kept epoch. */
  previews: "previews",
} as const;

/** Of metrics.jsonl: far above what a run writes, below the longest text that JavaScript can hold. */
export const maximumMetricsBytes = 400 * 2 ** 20;

/** Name of an epoch's picture in the previews folder; names sort as the epochs do. */
export function previewName(epoch: number): string {
  return `epoch-${String(epoch).padStart(6, "0")}.png`;
}

/** Raised when an older version could no longer read what a newer one writes. */
export const runFormat = 1;

/** Read before all else, so that a newer run is refused by name and not by its first unknown member. */
export const runFormatSchema = z.lazy(() =>
  z.object({
    format: z.int().check(z.minimum(1)),
    productVersion: z.optional(z.string()),
  }),
);

export const runStatuses = ["training", "finished", "stopped", "failed"] as const;

const sha256 = () => z.string().check(z.regex(/^[0-9a-f]{64}$/));
const count = () => z.int().check(z.minimum(0));
const imageSide = () => z.int().check(z.minimum(1), z.maximum(maximumImageSide));

/** The experiment is left to its own validator (see parse-experiment.ts). */
export const runRecordSchema = z.lazy(() =>
  z.object({
    format: z.literal(runFormat),
    id: z.string().check(z.minLength(1), z.maxLength(200)),
    experiment: z.unknown(),
    /** Absolute: where relative paths in the experiment start. */
    baseFolder: z.string(),
    /** Absolute: the file that the experiment is from; null where it is a preset's. */
    experimentFile: z._default(z.nullable(z.string()), null),
    /** Absolute: the folder of MNIST's files that the user named, to look into first; null where none was named. */
    dataFolder: z._default(z.nullable(z.string()), null),
    /** The experiment's seed once more, for people. */
    seed: count(),
    dataset: z.object({
      name: z.string(),
      source: z.string(),
      sha256: sha256(),
      train: count(),
      test: count(),
      width: imageSide(),
      height: imageSide(),
    }),
    engine: z.string(),
    device: z.string(),
    /** In what order the engine adds up, in its own words, for the same bits when the run goes on; null where it says none. */
    arrangement: z._default(z.nullable(z.string().check(z.maxLength(2 ** 18))), null),
    productVersion: z.string(),
    nodeVersion: z.string(),
    /** ISO 8601, UTC. */
    createdAt: z.iso.datetime(),
    /** "training" also after the process was killed: then no live process holds writer.json. */
    status: z.enum(runStatuses),
    /** Why training is over; null unless finished. */
    reason: z.nullable(z.enum(["finished", "early-stopping"])),
    failure: z.nullable(z.object({ code: z.enum(failureCodes), message: z.string(), hint: z.string() })),
    /** As of the last checkpoint. */
    epochsDone: count(),
    step: count(),
    /** Names the weights in model.safetensors; null while that file does not count (training, failed). */
    modelSha256: z.nullable(sha256()),
  }),
);

/** run.json, its experiment as resolved: every default filled in, the decoder stated. */
export type RunRecord = Omit<z.output<typeof runRecordSchema>, "experiment"> & {
  readonly experiment: Experiment;
};

/** Who is writing a run folder. */
export const runWriterSchema = z.lazy(() =>
  z.extend(processIdentity(), {
    /** Tells two locks of one process apart. */
    nonce: z.string(),
    /** ISO 8601, UTC. */
    since: z.string(),
  }),
);

/** An epoch's line is its event whole; a step's leaves out the guess at the time left. */
export const metricsLineSchema = z.lazy(() =>
  z.discriminatedUnion("event", [recordedStepSchema, epochSchema]),
);
export type MetricsLine = z.infer<typeof metricsLineSchema>;
