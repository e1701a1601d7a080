/**
 * The process protocol, outgoing: what a training process tells whoever listens, one JSON object per line
 * under `--json`. Listeners ignore kinds they do not know only when `protocol` is newer than theirs.
 */
import * as z from "zod/mini";
import { datasetSummarySchema } from "./dataset-summary.ts";
import { failureCodes } from "./failure.ts";
import { evaluationSchema, lossesSchema } from "./losses.ts";

export const protocolVersion = 1;

const start = z.lazy(() =>
  z.object({
    event: z.literal("start"),
    protocol: z.literal(protocolVersion),
    /** Absolute path of the run folder. */
    run: z.string(),
    /** The experiment with every default filled in (see experiment.ts). */
    experiment: z.record(z.string(), z.unknown()),
    engine: z.string(),
    /** Why this engine and not another, where nobody named one; else null. */
    engineReason: z._default(z.nullable(z.string()), null),
    /** What the engine runs on, in words. */
    device: z.string(),
    threads: z.number(),
    /** Trainable parameters. */
    parameters: z.number(),
    dataset: datasetSummarySchema,
    /** Steps in one epoch, and epochs planned. */
    stepsPerEpoch: z.number(),
    epochs: z.number(),
    /** Steps already trained when a run is resumed. */
    resumedAtStep: z.number(),
  }),
);

const recordedStep = () =>
  z.object({
    event: z.literal("step"),
    /** Steps trained so far, over all epochs. */
    step: z.number(),
    /** The epoch it belongs to, from 1. */
    epoch: z.number(),
    /** Mean over the steps since the last such event. */
    train: lossesSchema,
    imagesPerSecond: z.number(),
  });

/** A step as the run folder keeps it. */
export const recordedStepSchema = z.lazy(recordedStep);

const stepSchema = z.lazy(() =>
  z.extend(recordedStep(), {
    /** Seconds of training left, estimated. */
    secondsLeft: z.number(),
  }),
);

export const epochSchema = z.lazy(() =>
  z.object({
    event: z.literal("epoch"),
    /** From 1. */
    epoch: z.number(),
    /** Steps trained so far, over all epochs. */
    step: z.number(),
    /** Mean over the epoch's images, measured while training. */
    train: lossesSchema,
    /** The whole test split, evaluated after the epoch. */
    test: evaluationSchema,
    /** Training alone: no evaluation, no files. */
    seconds: z.number(),
    imagesPerSecond: z.number(),
  }),
);

export const compressionSchema = z.lazy(() =>
  z.object({
    /** Pixels over latent dimensions. Counts numbers, not bytes. */
    dimensions: z.number(),
    /** Bytes of an 8-bit image over bytes of its latents, as float32 and quantised to int8. */
    bytesFloat32: z.number(),
    bytesInt8: z.number(),
  }),
);

const done = z.lazy(() =>
  z.object({
    event: z.literal("done"),
    run: z.string(),
    /** Epochs trained in all. */
    epochs: z.number(),
    /** Training alone, over all epochs. */
    seconds: z.number(),
    reason: z.enum(["finished", "early-stopping"]),
    test: evaluationSchema,
    compression: compressionSchema,
  }),
);

const error = z.lazy(() =>
  z.object({
    event: z.literal("error"),
    code: z.enum(failureCodes),
    message: z.string(),
    hint: z.string(),
  }),
);

export const trainingEventSchema = z.lazy(() =>
  z.discriminatedUnion("event", [start, stepSchema, epochSchema, done, error]),
);
export type TrainingEvent = z.infer<typeof trainingEventSchema>;
export type StartEvent = z.infer<typeof start>;
export type StepEvent = z.infer<typeof stepSchema>;
export type EpochEvent = z.infer<typeof epochSchema>;
export type DoneEvent = z.infer<typeof done>;
export type ErrorEvent = z.infer<typeof error>;
