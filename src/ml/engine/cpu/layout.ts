// What the planner's lowering (../lower.ts, TypeScript) and the interpreter (kernels.ts, AssemblyScript) agree on.
// Plain constants only: both languages read this file.

/** Columns in a panel. */
export const PANEL = 16;

/** Bytes of one operation's record: 32 words of 32 bits. */
export const RECORD_BYTES = 128;

// Kinds of operation.
export const TILES = 0;
export const UPDATE = 1;
export const GATHER = 2;
export const SAMPLE = 3;
export const SAMPLE_GRADIENT = 4;
export const MEAN = 5;
export const LATENT_STATISTICS = 6;
export const REDUCE = 7;
export const COMPACT = 8;

// Words every record begins with.
export const KIND = 0;
/** 1: wait for all threads before this operation. */
export const BARRIER = 1;

// TILES: for every tile of `OUT` [batch, COLUMNS]: a product, then stages, each where its word is not 0.
export const OUT = 2;
export const COLUMNS = 3;
/** Product: OUT = INPUT [batch, INNER] · WEIGHT (panels of INNER rows, WEIGHT_ROWS rows apart). */
export const INPUT = 4;
export const WEIGHT = 5;
export const INNER = 6;
export const WEIGHT_ROWS = 7;
export const BIAS = 8;
export const ACTIVATE = 9;
/** OUT ⊙= derivative of activation THROUGH, whose output is THROUGH_OUTPUT. */
export const THROUGH = 10;
export const THROUGH_OUTPUT = 11;
/** Loss of logits OUT against TARGET; one partial sum a tile to PARTIALS, the gradient to GRADIENT unless 0. */
export const LOSS = 12;
export const TARGET = 13;
export const GRADIENT = 14;
export const PARTIALS = 15;
/** Float32: multiplies the gradient. Divided by the batch's images where PER_IMAGE is 1. */
export const SCALE = 16;
export const PER_IMAGE = 17;

// UPDATE: weight [INNER, COLUMNS] and bias of one layer: gradient, Adam, or both.
/** Where gradients are kept; 0 keeps a weight's tile only until Adam has seen it. */
export const WEIGHT_GRADIENT = 18;
export const BIAS_GRADIENT = 19;
/** 1: compute the gradient of the weight from INPUT and GRADIENT. */
export const TAKE_WEIGHT_GRADIENT = 20;
export const TAKE_BIAS_GRADIENT = 21;
export const TAKE_ADAM_STEP = 22;
/** First and second moments, panels as WEIGHT's and BIAS's. */
export const WEIGHT_M = 23;
export const WEIGHT_V = 24;
export const BIAS_M = 25;
export const BIAS_V = 26;
/** The weight once more, transposed, for the gradient by the input; 0 where nobody takes that. */
export const TRANSPOSED = 27;

// SAMPLE, SAMPLE_GRADIENT, MEAN, LATENT_STATISTICS: statistics = [μ | log σ²].
export const STATISTICS = 4;
export const LATENT = 5;
/** Column of the first log σ². */
export const LOG_VARIANCE_COLUMN = 6;
export const DEVIATION = 7;
export const LATENT_GRADIENT = 8;
/** Random stream of the noise. */
export const STREAM = 9;
/** Whether the noise is counted by the image's index (evaluation) or by step and row (training). */
export const NOISE_BY_IMAGE = 10;
/** LATENT_STATISTICS: three arrays of LATENT float64: KL divergence, Σ μ, Σ μ². */
export const SUMS = 11;

// GATHER, COMPACT: a 16-bit word for every panel and row of the images, a bit for each pixel that is not zero.
export const MASKS = 28;
// COMPACT writes them, TILES and UPDATE follow them where they are not 0: see assembly/sparse.ts.
export const ROW_LISTS = 29;
export const COLUMN_LISTS = 30;

/** TILES, UPDATE: a counter a thread, CLAIM_BYTES apart: units claimed of its share; see assembly/share.ts. */
export const CLAIMS = 31;
export const CLAIM_BYTES = 64;

// REDUCE: partial sums to the step's slot of three float64: reconstruction, KL divergence, pixel error.
export const RECONSTRUCTION_PARTIALS = 4;
export const PIXEL_PARTIALS = 5;
export const KL_PARTIALS = 6;

// Activations and losses.
export const LINEAR = 0;
export const RELU = 1;
export const TANH = 2;
export const SIGMOID = 3;
export const BCE = 1;
export const SQUARED_ERROR_OF_SIGMOID = 2;
export const SQUARED_ERROR = 3;

// The control block: what changes from call to call. Byte offsets from its address.
export const CONTROL_BYTES = 256;
export const BARRIER_COUNT = 0;
/** On a cache line of its own: it is what waiting threads watch. */
export const BARRIER_GENERATION = 64;
export const RECORDS = 128;
export const RECORD_COUNT = 132;
export const ROWS_CAPACITY = 136;
export const PIXELS = 140;
export const DATASET = 144;
/** Word array: which image comes next; 0: in order. */
export const ORDER = 148;
/** Images in the epoch or split. */
export const IMAGE_COUNT = 152;
export const BATCH = 156;
/** Step within the epoch, and over all epochs, that the call begins with. */
export const EPOCH_STEP = 160;
export const GLOBAL_STEP = 164;
export const SEED = 168;
/** Three float64 a step; see REDUCE. */
export const LOSS_SLOTS = 172;
/** Four float32 a step: step size, 1/√(1 − β₂ᵗ), epsilon, unused. */
export const ADAM_SLOTS = 176;
export const BETA1 = 180;
export const BETA2 = 184;
export const ONE_MINUS_BETA1 = 188;
export const ONE_MINUS_BETA2 = 192;
/** Float32: β of the KL divergence times the loss's scale. */
export const KL_SCALE = 196;
/** As PER_IMAGE, for the KL divergence. */
export const KL_PER_IMAGE = 200;
/** 1: sixteen columns at once, for 256-bit registers; 0: eight, for 128-bit ones. */
export const WIDE = 204;
/** Per thread: one tile's gradient and room for random words. */
export const SCRATCH = 208;
export const SCRATCH_BYTES = 1024;
/** Where in a thread's scratch a tile's unwanted gradient goes. */
export const LOSS_SCRATCH = 128;
export const STEP_LOSS_BYTES = 24;
export const STEP_ADAM_BYTES = 16;
