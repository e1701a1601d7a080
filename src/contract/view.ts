/**
 * The view protocol: what the extension and its panels say to each other. One discriminated union per direction and
 * panel; both sides validate, log what does not parse and drop it. A panel says `ready` first and again whenever it
 * was built anew; what it needs to draw then comes from the extension, which owns all data.
 */
import * as z from "zod/mini";
import { datasetSummarySchema } from "./dataset-summary.ts";
import { decodedPictureSchema, encodedPictureSchema } from "./encoded-picture.ts";
import { epochSchema } from "./events.ts";
import { metricsLineSchema } from "./run.ts";

/** Raised when panel and extension of different versions could misunderstand each other. */
export const viewProtocolVersion = 3;

const key = () => z.string().check(z.maxLength(4096));
const bytes = () => z.instanceof(Uint8Array);
const count = () => z.int().check(z.minimum(0));
const failure = z.lazy(() => z.object({ message: z.string(), hint: z.string() }));

/** What a run is doing, as people would say it. */
export const runStates = [
  "training",
  "stopping",
  "finished",
  "stopped",
  "failed",
  /** Its process was killed: there is a checkpoint, but nobody is training. */
  "killed",
] as const;
export type RunState = (typeof runStates)[number];

/** Everything about a run but its measurements and pictures. */
export const runCardSchema = z.lazy(() =>
  z.object({
    /** Names the run in all messages: the path of its folder. */
    key: key(),
    name: z.string(),
    id: z.string(),
    state: z.enum(runStates),
    failure: z.nullable(failure),
    createdAt: z.string(),
    seed: z.number(),
    engine: z.string(),
    device: z.string(),
    productVersion: z.string(),
    dataset: datasetSummarySchema,
    /** The experiment with every default filled in. */
    experiment: z.record(z.string(), z.unknown()),
    /** Planned. */
    epochs: z.number(),
    stepsPerEpoch: z.number(),
    parameters: z.number(),
    variational: z.boolean(),
    /** In words. */
    lossUnit: z.string(),
    latent: z.number(),
    /** Actions that make sense now. */
    canStop: z.boolean(),
    canResume: z.boolean(),
    canTrainLonger: z.boolean(),
  }),
);
export type RunCard = z.infer<typeof runCardSchema>;

/** A run of which nothing can be shown, and why. */
const absentRun = z.lazy(() => z.object({ key: key(), failure }));
export type AbsentRun = z.infer<typeof absentRun>;

/** Extension to dashboard. */
export const toDashboardSchema = z.lazy(() =>
  z.discriminatedUnion("kind", [
    /**
     * The runs to show, the first one in full, the others as curves beside it; and those that should be among them and
     * cannot be read. Replaces what was shown.
     */
    z.object({
      kind: z.literal("show"),
      protocol: z.int(),
      runs: z.array(runCardSchema),
      absent: z.array(absentRun),
    }),
    z.object({ kind: z.literal("card"), card: runCardSchema }),
    /**
     * What was measured up to now. Of many steps, which take long to send, only those that a plot of them all shows:
     * there are fewer than `steps` then, and the dashboard asks for every one when it has drawn these (`want-steps`).
     */
    z.object({
      kind: z.literal("metrics"),
      run: key(),
      /** How many steps are recorded. */
      steps: count(),
      /** [4, steps]: of each its number, loss, reconstruction and KL divergence. */
      train: z.instanceof(Float64Array),
      epochs: z.array(epochSchema),
      imagesPerSecond: z.nullable(z.number()),
    }),
    /** Recorded steps from the `from`-th on, some thousands of them, in the columns of `metrics`. */
    z.object({
      kind: z.literal("steps"),
      run: key(),
      from: count(),
      train: z.instanceof(Float64Array),
    }),
    /** Measured just now. */
    z.object({ kind: z.literal("lines"), run: key(), lines: z.array(metricsLineSchema) }),
    z.object({ kind: z.literal("pace"), run: key(), imagesPerSecond: z.number(), secondsLeft: z.number() }),
    /** Epochs of which there is a picture, ascending; grows while training. */
    z.object({ kind: z.literal("previews"), run: key(), epochs: z.array(z.number()) }),
    /** A PNG in three rows: test images, their reconstructions, generated images; `columns` in each. Null: it is gone. */
    z.object({
      kind: z.literal("preview"),
      run: key(),
      epoch: z.number(),
      png: z.nullable(bytes()),
    }),
    /** It cannot be read, or not any more. */
    z.object({ kind: z.literal("gone"), run: key(), failure }),
    /** Brings the pictures into view. */
    z.object({ kind: z.literal("show-pictures") }),
  ]),
);
export type ToDashboard = z.infer<typeof toDashboardSchema>;

export const dashboardActions = [
  "stop",
  "resume",
  "train-longer",
  "copy-json",
  "copy-pytorch",
  "open-folder",
  "show-log",
  "compare",
  "sample",
  "delete",
] as const;
export type DashboardAction = (typeof dashboardActions)[number];

const ready = z.lazy(() => z.object({ kind: z.literal("ready"), protocol: z.int() }));
/** A file to keep: the extension asks where. */
const save = z.lazy(() =>
  z.object({
    kind: z.literal("save"),
    name: z.string().check(z.regex(/^[\w.-]{1,100}\.(png|csv)$/)),
    bytes: bytes(),
  }),
);
/** Something went wrong in the panel: for the log. */
const problem = z.lazy(() =>
  z.object({ kind: z.literal("problem"), message: z.string().check(z.maxLength(4096)) }),
);

/** Dashboard to extension. */
export const fromDashboardSchema = z.lazy(() =>
  z.discriminatedUnion("kind", [
    ready,
    save,
    problem,
    z.object({ kind: z.literal("want-preview"), run: key(), epoch: z.int() }),
    z.object({ kind: z.literal("want-steps"), run: key(), from: count() }),
    z.object({ kind: z.literal("do"), action: z.enum(dashboardActions), run: key() }),
  ]),
);
export type FromDashboard = z.infer<typeof fromDashboardSchema>;

/** A trained run to choose from. */
const choice = z.lazy(() => z.object({ key: key(), label: z.string() }));

/** Extension to the encode panel, and to the editor of `.latent` files, which shows a picture without an original. */
export const toEncodePanelSchema = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("show"),
      protocol: z.int(),
      /** Their files follow, one by one; a `.latent` file has no original. */
      pictures: z.array(z.object({ key: key(), name: z.string(), hasOriginal: z.boolean() })),
      /** How many more were selected than a panel takes. */
      leftOut: count(),
      runs: z.array(choice),
      /** The run that encodes; null: there is none yet. */
      run: z.nullable(key()),
    }),
    /** The file's content, empty where it is too large to be shown. */
    z.object({ kind: z.literal("file"), picture: key(), bytes: bytes(), type: z.string() }),
    z.object({ kind: z.literal("working"), picture: key() }),
    z.object({ kind: z.literal("encoded"), picture: key(), run: key(), result: encodedPictureSchema }),
    /** Of a `.latent` file. */
    z.object({ kind: z.literal("decoded"), picture: key(), run: key(), result: decodedPictureSchema }),
    z.object({ kind: z.literal("failed"), picture: key(), failure }),
  ]),
);
export type ToEncodePanel = z.infer<typeof toEncodePanelSchema>;

/** Encode panel to extension. */
export const fromEncodePanelSchema = z.lazy(() =>
  z.discriminatedUnion("kind", [
    ready,
    save,
    problem,
    z.object({
      kind: z.literal("encode"),
      picture: key(),
      run: key(),
      /** Null: as the picture looks. */
      invert: z.nullable(z.boolean()),
    }),
    z.object({ kind: z.literal("save-latent"), picture: key() }),
    /** Of all pictures that are encoded. */
    z.object({ kind: z.literal("save-latents") }),
    z.object({ kind: z.literal("train") }),
  ]),
);
export type FromEncodePanel = z.infer<typeof fromEncodePanelSchema>;
