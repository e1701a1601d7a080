/**
 * The experiment file: what to train, on what, and how. The validator below is the only definition;
 * the JSON schema in `schemas/` and the TypeScript types are derived from it.
 */
import * as z from "zod/mini";

const positiveInteger = (maximum: number) => z.int().check(z.minimum(1), z.maximum(maximum));
const describe = <T extends z.ZodMiniType>(schema: T, description: string): T =>
  schema.check(z.describe(description)) as T;

/** Pixels on one side of an image, at most. */
export const maximumImageSide = 256;
/** Passes over the training images, at most. */
export const maximumEpochs = 100_000;
/** Of an experiment, in characters. */
export const maximumNameLength = 100;
/** Units in one hidden layer, at most. */
const maximumWidth = 65_536;

export const activations = ["relu", "tanh", "sigmoid", "linear"] as const;
export type Activation = (typeof activations)[number];

const folderWords = "The folder, relative to the experiment file, or without one to the current folder.";

const imageSide = () => positiveInteger(maximumImageSide);
const seed = () => z.int().check(z.minimum(0), z.maximum(0xffff_ffff));

const dataset = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.strictObject({
      kind: describe(z.literal("mnist"), "The MNIST handwritten digits, 60,000 + 10,000 images of 28×28."),
    }),
    z.strictObject({
      kind: describe(
        z.literal("drawn-digits"),
        "Digits drawn by Latent Lab itself, MNIST's sizes; needs no download.",
      ),
      train: z._default(describe(positiveInteger(1_000_000), "How many training images to draw."), 60_000),
      test: z._default(describe(positiveInteger(1_000_000), "How many test images to draw."), 10_000),
      seed: z._default(describe(seed(), "Seed of the drawings."), 1),
    }),
    z.strictObject({
      kind: describe(z.literal("idx"), "Four IDX files named as MNIST's, plain or gzipped."),
      path: describe(z.string().check(z.minLength(1)), folderWords),
    }),
    z.strictObject({
      kind: describe(
        z.literal("folder"),
        "A folder of PNG, JPEG or WebP pictures; its subfolders are labels.",
      ),
      path: describe(z.string().check(z.minLength(1)), folderWords),
      width: z._default(describe(imageSide(), "Pictures are resized to this width, in pixels."), 28),
      height: z._default(describe(imageSide(), "Pictures are resized to this height, in pixels."), 28),
      invert: z._default(describe(z.boolean(), "Swap dark and light (for dark ink on light paper)."), false),
      testFraction: z._default(
        describe(z.number().check(z.gt(0), z.lt(1)), "The share of pictures held out for testing."),
        0.1,
      ),
      seed: z._default(describe(seed(), "Seed of the split into training and test pictures."), 1),
    }),
  ]),
);

const widths = () => z.array(positiveInteger(maximumWidth)).check(z.minLength(2), z.maxLength(32));

const model = z.lazy(() =>
  z.strictObject({
    kind: describe(
      z.enum(["autoencoder", "variational"]),
      "A plain autoencoder, or a variational one (VAE).",
    ),
    encoder: describe(
      widths(),
      "Layer widths from the image's pixels to the latent dimensions, both included: [784, 400, 20].",
    ),
    decoder: z.optional(
      describe(
        widths(),
        "Layer widths from the latent dimensions back to the pixels. Left out: the encoder's, mirrored.",
      ),
    ),
    activation: z._default(describe(z.enum(activations), "Activation of the hidden layers."), "relu"),
    latentActivation: z._default(
      describe(z.enum(activations), "Activation of the latent layer of a plain autoencoder."),
      "linear",
    ),
    outputActivation: z._default(
      describe(
        z.enum(["sigmoid", "linear"]),
        "Activation of the last layer. Binary cross-entropy needs sigmoid.",
      ),
      "sigmoid",
    ),
    initialisation: z._default(
      describe(
        z.enum(["pytorch", "keras"]),
        "pytorch: weights and biases uniform in ±1/√inputs. keras: Glorot uniform weights, zero biases.",
      ),
      "pytorch",
    ),
  }),
);

const loss = z.lazy(() =>
  z.strictObject({
    reconstruction: z._default(
      describe(z.enum(["bce", "mse"]), "Binary cross-entropy, or squared error."),
      "bce",
    ),
    reduction: z._default(
      describe(
        z.enum(["sum", "mean"]),
        "sum: over the pixels of an image, as VAE losses are quoted. mean: over pixels, the KL divergence divided by their number too, as Keras quotes autoencoders.",
      ),
      "sum",
    ),
    beta: z._default(
      describe(z.number().check(z.minimum(0), z.maximum(1e6)), "Weight of the KL divergence (β-VAE)."),
      1,
    ),
  }),
);

const optimizer = z.lazy(() =>
  z.strictObject({
    kind: z._default(describe(z.literal("adam"), "The Adam optimiser."), "adam"),
    learningRate: z._default(describe(z.number().check(z.gt(0), z.maximum(10)), "Adam's step size."), 0.001),
    beta1: z._default(describe(z.number().check(z.minimum(0), z.lt(1)), "Decay of the first moment."), 0.9),
    beta2: z._default(
      describe(z.number().check(z.minimum(0), z.lt(1)), "Decay of the second moment."),
      0.999,
    ),
    // Much smaller ones are zero as float32, and a weight whose gradients were all zero would become 0 / 0.
    epsilon: z._default(
      describe(z.number().check(z.minimum(1e-12), z.maximum(1)), "Keeps the division finite."),
      1e-8,
    ),
    epsilonPlacement: z._default(
      describe(
        z.enum(["corrected", "uncorrected"]),
        "Whether epsilon is added after the bias correction of the second moment (PyTorch) or before it (Keras).",
      ),
      "corrected",
    ),
  }),
);

const training = z.lazy(() =>
  z.strictObject({
    epochs: z._default(describe(positiveInteger(maximumEpochs), "Passes over the training images."), 10),
    batch: z._default(describe(positiveInteger(8192), "Images per optimiser step."), 128),
    seed: z._default(describe(seed(), "Seed of weights, shuffling and latent noise."), 1),
    earlyStopping: z.optional(
      describe(
        z.strictObject({
          patience: describe(
            positiveInteger(100_000),
            "Epochs without improvement of the test loss before stopping.",
          ),
          minimumImprovement: z._default(
            describe(z.number().check(z.minimum(0)), "A smaller improvement does not count."),
            0,
          ),
        }),
        "Stop when the test loss no longer improves. The model keeps the last epoch's weights, not the best one's. Left out: train all epochs.",
      ),
    ),
  }),
);

export const experimentSchema = z.lazy(() =>
  z.strictObject({
    $schema: z.optional(describe(z.string(), "Where editors find the schema of this file.")),
    name: z._default(
      describe(
        z.string().check(z.minLength(1), z.maxLength(maximumNameLength)),
        `A name for people, of 1 to ${maximumNameLength} characters; it names the run folder.`,
      ),
      "experiment",
    ),
    dataset: z._default(dataset, { kind: "mnist" }),
    model,
    loss: z.prefault(loss, {}),
    optimizer: z.prefault(optimizer, {}),
    training: z.prefault(training, {}),
  }),
);

/** An experiment as people write it: everything but the model's kind and encoder may be left out. */
export type ExperimentFile = z.input<typeof experimentSchema>;

/** An experiment with every default filled in and the decoder stated. */
export type Experiment = Omit<z.output<typeof experimentSchema>, "model" | "$schema"> & {
  model: z.output<typeof model> & { decoder: number[] };
};

export type DatasetChoice = Experiment["dataset"];
