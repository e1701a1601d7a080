/**
 * Every operation of the WebGPU engine, plain and fused, against the float64 reference, over shapes on and beside every
 * edge that kernels have: vectors of 4, tiles of 16, 32 and 64, workgroups of 256.
 *
 * The arenas begin as NaN. So whatever is read and was never written shows in the results: the columns that fill up a
 * vector, the rows beyond the batch. And what lies between the arenas' regions must be those same bits afterwards.
 *
 * Tolerance, of a matrix's norm and of an element against the larger of it and the matrix's RMS: 1e-5 and 1e-4. Sums of
 * up to 784 float32 products in an order of their own.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Activation, activations } from "../../src/contract/experiment.ts";
import { adamSlot } from "../../src/ml/engine/adam-slot.ts";
import { KL, LATENT_SUMS, RECONSTRUCTION, SQUARES } from "../../src/ml/engine/webgpu/control-words.ts";
import { openDevice } from "../../src/ml/engine/webgpu/gpu-device.ts";
import { Machine } from "../../src/ml/engine/webgpu/machine.ts";
import { allTiles } from "../../src/ml/engine/webgpu/tiles.ts";
import { widestInChain } from "../../src/ml/engine/webgpu/wgsl/rows.ts";
import type { Tile } from "../../src/ml/engine/webgpu/wgsl/tile.ts";
import type { Network } from "../../src/ml/model/network.ts";
import type { BatchMatrix, LayerParameters, Operation, Plan } from "../../src/ml/model/program.ts";
import { noSoftwareGpu } from "../fixtures/software-gpu.ts";
import { assertClose, assertNear } from "../reference/agreement.ts";
import { patchDataset } from "../reference/datasets.ts";
import { Matrix } from "../reference/matrix.ts";
import * as reference from "../reference/operations.ts";
import { randomMatrix } from "../reference/parameters.ts";
import { trainingNoise } from "../reference/schedule.ts";

const bounds = { relative: 1e-5, worst: 1e-4 };
const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 20, 31, 32, 33, 63, 64, 65, 127, 128, 129, 400, 784];
const fill = Number.NaN;
/** Columns of a matrix that no chain takes in. */
const tooWide = 1030;
/** Of a product before a chain. */
const parts = [2, 4, 8];

interface Shape {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** Every size as each of the three, beside sizes far from it; the large ones never all at once. */
function shapeAt(index: number): Shape {
  const at = (place: number) => sizes[place % sizes.length] as number;
  return { rows: at(index) > 129 ? 5 : at(index), inputs: at(index * 7 + 11), outputs: at(index * 5 + 17) };
}

/** Matrices are created by name and filled; what an operation reads and writes, and what must come of it. */
class Bench {
  readonly operations: Operation[] = [];
  readonly layers: LayerParameters[] = [];
  readonly inputs = new Map<BatchMatrix, Matrix>();
  readonly parameters = new Map<
    LayerParameters,
    Record<"weight" | "firstMoment" | "secondMoment" | "gradient", Matrix>
  >();
  readonly checks: ((machine: Machine) => Promise<void>)[] = [];
  #seed = 1;

  random(rows: number, cols: number, deviation = 1): Matrix {
    const values = randomMatrix(rows, cols, this.#seed++, deviation);
    return new Matrix(rows, cols, Float32Array.from(values.values));
  }

  given(name: string, value: Matrix, blocks: readonly number[] = [value.cols]): BatchMatrix {
    const matrix = { name, blocks };
    this.inputs.set(matrix, value);
    return matrix;
  }

  /** [inputs + 1, outputs], the bias last, as the engine has it. */
  layer(name: string, inputs: number, outputs: number): LayerParameters {
    const layer = { name, inputs, blocks: [outputs], tensors: [{ weight: `${name}.w`, bias: `${name}.b` }] };
    this.layers.push(layer);
    const part = (deviation: number) => this.random(inputs + 1, outputs, deviation);
    this.parameters.set(layer, {
      weight: part(1 / Math.sqrt(inputs)),
      firstMoment: part(0.1),
      secondMoment: part(0.1).map(Math.abs),
      gradient: part(1),
    });
    return layer;
  }

  weightOf(layer: LayerParameters): { readonly weight: Matrix; readonly bias: Matrix } {
    const stored = this.#stored(layer).weight;
    const outputs = stored.cols;
    return {
      weight: new Matrix(outputs, layer.inputs).map((_, output, input) => stored.at(input, output)),
      bias: new Matrix(1, outputs).map((_, __, output) => stored.at(layer.inputs, output)),
    };
  }

  expect(what: string, matrix: BatchMatrix, expected: Matrix, rows: number): void {
    this.checks.push(async (machine) => {
      const found = await machine.readMatrix(matrix, rows);
      assertNear(found, expected.values.subarray(0, rows * expected.cols), bounds, what);
    });
  }

  expectLayer(
    what: string,
    layer: LayerParameters,
    part: "weight" | "firstMoment" | "secondMoment" | "gradient",
    expected: Matrix,
  ): void {
    this.checks.push(async (machine) => {
      assertNear(await machine.readLayer(layer, part), expected.values, bounds, `${what}, ${part}`);
    });
  }

  /** What Adam makes of a layer, along `gradient` [inputs + 1, outputs]. */
  expectAdam(what: string, layer: LayerParameters, network: Network, gradient: Matrix): void {
    const { weight, firstMoment, secondMoment } = this.#stored(layer);
    const [w, m, v] = [weight, firstMoment, secondMoment].map((part) => part.map((value) => value)) as [
      Matrix,
      Matrix,
      Matrix,
    ];
    reference.adamStep(network.optimizer, 1, w, m, v, gradient);
    this.expectLayer(what, layer, "weight", w);
    this.expectLayer(what, layer, "firstMoment", m);
    this.expectLayer(what, layer, "secondMoment", v);
  }

  gradientOf(layer: LayerParameters): Matrix {
    return this.#stored(layer).gradient;
  }

  async fillIn(machine: Machine): Promise<void> {
    for (const [matrix, value] of this.inputs)
      machine.writeMatrix(matrix, value.rows, Float32Array.from(value.values));
    for (const [layer, parts] of this.parameters)
      for (const part of ["weight", "firstMoment", "secondMoment", "gradient"] as const)
        if (part !== "gradient" || machine.map.layer(layer).gradient !== 0)
          await machine.writeLayer(layer, part, Float32Array.from(parts[part].values));
  }

  #stored(layer: LayerParameters) {
    const parts = this.parameters.get(layer);
    assert.ok(parts);
    return parts;
  }
}

function networkFor({ rows, outputs }: Shape, index: number): Network {
  return {
    pixels: outputs,
    latent: outputs,
    variational: true,
    encoder: [],
    latentHeads: [],
    decoder: [{ name: "out", inputs: 1, outputs, activation: index % 3 === 0 ? "linear" : "sigmoid" }],
    loss: {
      reconstruction: index % 3 === 2 ? "bce" : "mse",
      reduction: index % 2 === 0 ? "sum" : "mean",
      beta: 0.5,
    },
    optimizer: {
      kind: "adam",
      learningRate: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      epsilonPlacement: "corrected",
    },
    initialisation: "pytorch",
    batch: rows,
    seed: 5 + index,
  };
}

/** One in turn: every kernel costs the software GPU a second to compile. */
function activationFor({ seed }: Network): Activation {
  return activations[seed % activations.length] as Activation;
}

/** `used` of the rows are images; the last batch of an epoch is short. */
function plain(bench: Bench, network: Network, { rows, inputs, outputs }: Shape, used: number): void {
  const layer = bench.layer("layer", inputs, outputs);
  const { weight, bias } = bench.weightOf(layer);
  const x = bench.random(rows, inputs);
  const dy = bench.random(rows, outputs);
  const input = bench.given("x", x);
  const gradient = bench.given("dy", dy);
  const none = new Matrix(1, outputs);
  const forward = reference.denseForward(x, weight, none);
  const product = { name: "product", blocks: [outputs] };
  bench.operations.push({ kind: "product", input, layer, out: product });
  bench.expect("product", product, forward, rows);
  const dx = { name: "dx", blocks: [inputs] };
  bench.operations.push({ kind: "inputGradient", gradient, layer, out: dx });
  bench.expect("inputGradient", dx, reference.denseBackward(x, weight, dy).x, rows);
  const trained = bench.layer("trained", inputs, outputs);
  bench.operations.push(
    { kind: "weightGradient", input, gradient, layer: trained },
    { kind: "biasGradient", gradient, layer: trained },
  );
  bench.expectLayer("weightGradient and biasGradient", trained, "gradient", gradientsOf(x, dy, used));
  const updated = bench.layer("updated", inputs, outputs);
  bench.operations.push({ kind: "adam", layer: updated });
  bench.expectAdam("adam", updated, network, bench.gradientOf(updated));
  const biased = bench.given("biased", dy);
  bench.operations.push({ kind: "addBias", layer, out: biased });
  bench.expect(
    "addBias",
    biased,
    dy.map((value, _, col) => value + bias.at(0, col)),
    rows,
  );
  {
    const activation = activationFor(network);
    const out = bench.given(activation, dy);
    bench.operations.push({ kind: "activate", activation, out });
    const y = reference.activationForward(activation, dy);
    bench.expect(activation, out, y, rows);
    const through = bench.given(`through ${activation}`, forward);
    const output = bench.given(
      `output of ${activation}`,
      new Matrix(rows, outputs, Float32Array.from(y.values)),
    );
    bench.operations.push({ kind: "activateGradient", activation, output, gradient: through });
    bench.expect(
      `through ${activation}`,
      through,
      reference.activationBackward(activation, y, forward),
      rows,
    );
  }
  latentBlock(bench, network, { rows, inputs, outputs }, used);
  const target = { name: "images", blocks: [outputs] };
  bench.operations.push({ kind: "gather", out: target });
  const logits = bench.given("logits", dy);
  const slope = { name: "slope", blocks: [outputs] };
  bench.operations.push(
    { kind: "reconstructionLoss", logits, target, gradient: slope },
    { kind: "pixelError", logits, target },
  );
  expectLosses(bench, network, dy, slope, used, true);
}

function fused(bench: Bench, network: Network, { rows, inputs, outputs }: Shape, used: number): void {
  const layer = bench.layer("layer", inputs, outputs);
  const { weight, bias } = bench.weightOf(layer);
  const x = bench.random(rows, inputs);
  const dy = bench.random(rows, outputs);
  const input = bench.given("x", x);
  const gradient = bench.given("dy", dy);
  const images = { name: "images", blocks: [outputs] };
  const logits = reference.denseForward(x, weight, bias);
  bench.operations.push({ kind: "gather", out: images });
  {
    const activation = activationFor(network);
    const out = { name: activation, blocks: [outputs] };
    bench.operations.push({ kind: "dense", input, layer, out, activation, loss: null });
    bench.expect(`dense, ${activation}`, out, reference.activationForward(activation, logits), rows);
    const y = reference.activationForward(activation, bench.random(rows, inputs));
    const output = bench.given(
      `output of ${activation}`,
      new Matrix(rows, inputs, Float32Array.from(y.values)),
    );
    const dx = { name: `dx through ${activation}`, blocks: [inputs] };
    bench.operations.push({ kind: "denseInputGradient", gradient, layer, activation, output, out: dx });
    bench.expect(
      `denseInputGradient, ${activation}`,
      dx,
      reference.activationBackward(activation, y, reference.denseBackward(x, weight, dy).x),
      rows,
    );
  }
  const updated = bench.layer("updated", inputs, outputs);
  bench.operations.push({ kind: "denseUpdate", input, gradient, layer: updated });
  bench.expectAdam("denseUpdate", updated, network, gradientsOf(x, dy, used));
  const slope = { name: "slope", blocks: [outputs] };
  bench.operations.push({
    kind: "dense",
    input,
    layer,
    out: { name: "logits", blocks: [outputs] },
    activation: "linear",
    loss: { target: images, gradient: slope },
  });
  expectLosses(bench, network, logits, slope, used, false);
}

/** A layer up and a layer down with the latents in between, as one chain forward and one back. */
function chained(bench: Bench, network: Network, shape: Shape, used: number): void {
  const { rows, inputs } = shape;
  const { latent } = network;
  const heads = bench.layer("heads", inputs, 2 * latent);
  const up = bench.layer("up", latent, inputs);
  const [input, x] = inParts(network)
    ? forwardInParts(bench, rows, inputs)
    : givenAs(bench, "x", bench.random(rows, inputs));
  const statistics = { name: "statistics", blocks: [latent, latent] };
  const [deviation, z, hidden] = [
    { name: "deviation", blocks: [latent] },
    { name: "z", blocks: [latent] },
    { name: "hidden", blocks: [inputs] },
  ];
  const [headWeights, upWeights] = [bench.weightOf(heads), bench.weightOf(up)];
  const stats = reference.denseForward(x, headWeights.weight, headWeights.bias);
  const [mean, logVariance] = halvesOf(stats, latent);
  const noise = trainingNoise(network, 0, rows);
  const latents = reference.sampleForward(mean, logVariance, noise);
  const made = reference.activationForward(
    "tanh",
    reference.denseForward(latents, upWeights.weight, upWeights.bias),
  );
  bench.operations.push(
    { kind: "dense", input, layer: heads, out: statistics, activation: "linear", loss: null },
    { kind: "sample", statistics, noise: "training", deviation, out: z },
    { kind: "dense", input: z, layer: up, out: hidden, activation: "tanh", loss: null },
  );
  bench.expect("statistics in a chain", statistics, stats, rows);
  bench.expect("z in a chain", z, latents, rows);
  bench.expect("hidden in a chain", hidden, made, rows);
  const [gradient, dh] = inParts(network)
    ? backwardInParts(bench, rows, hidden, made)
    : givenAs(bench, "dh", bench.random(rows, inputs));
  const [dz, dstatistics, dx] = [
    { name: "dz", blocks: [latent] },
    { name: "dstatistics", blocks: [latent, latent] },
    { name: "dx", blocks: [inputs] },
  ];
  bench.operations.push(
    { kind: "denseInputGradient", gradient, layer: up, activation: "linear", output: z, out: dz },
    { kind: "sampleGradient", statistics, deviation, latentGradient: dz, out: dstatistics },
    {
      kind: "denseInputGradient",
      gradient: dstatistics,
      layer: heads,
      activation: "linear",
      output: input,
      out: dx,
    },
  );
  const dlatents = reference.denseBackward(latents, upWeights.weight, dh).x;
  const dstats = statisticsGradient(network, mean, logVariance, noise, dlatents, used);
  bench.expect("dz in a chain", dz, dlatents, rows);
  bench.expect("dstatistics in a chain", dstatistics, dstats, used);
  bench.expect("dx in a chain", dx, reference.denseBackward(x, headWeights.weight, dstats).x, used);
}

type Placed = readonly [BatchMatrix, Matrix];

function givenAs(bench: Bench, name: string, value: Matrix): Placed {
  return [bench.given(name, value), value];
}

/** Whether products stand before the chains, too wide for them: they are made in parts that the chains add up. */
function inParts({ seed }: Network): boolean {
  return seed % 2 === 0;
}

function forwardInParts(bench: Bench, rows: number, outputs: number): Placed {
  const layer = bench.layer("first", tooWide, outputs);
  const { weight, bias } = bench.weightOf(layer);
  const [input, wide] = givenAs(bench, "wide", bench.random(rows, tooWide));
  const x = reference.activationForward("relu", reference.denseForward(wide, weight, bias));
  const out = { name: "x", blocks: [outputs] };
  bench.operations.push({ kind: "dense", input, layer, out, activation: "relu", loss: null });
  bench.expect("what a chain finishes", out, x, rows);
  return [out, x];
}

function backwardInParts(bench: Bench, rows: number, output: BatchMatrix, y: Matrix): Placed {
  const layer = bench.layer("last", y.cols, tooWide);
  const [gradient, wide] = givenAs(bench, "dwide", bench.random(rows, tooWide));
  const through = reference.denseBackward(y, bench.weightOf(layer).weight, wide).x;
  const dh = reference.activationBackward("tanh", y, through);
  const out = { name: "dh", blocks: [y.cols] };
  bench.operations.push({ kind: "denseInputGradient", gradient, layer, activation: "tanh", output, out });
  bench.expect("the gradient that a chain finishes", out, dh, rows);
  return [out, dh];
}

function latentBlock(bench: Bench, network: Network, { rows }: Shape, used: number): void {
  const { latent } = network;
  const stats = bench.random(rows, 2 * latent, 2);
  const statistics = bench.given("statistics", stats, [latent, latent]);
  const [mean, logVariance] = halvesOf(stats, latent);
  const noise = trainingNoise(network, 0, rows);
  const z = { name: "z", blocks: [latent] };
  const deviation = { name: "deviation", blocks: [latent] };
  bench.operations.push({ kind: "sample", statistics, noise: "training", deviation, out: z });
  bench.expect("sample", z, reference.sampleForward(mean, logVariance, noise), rows);
  const copied = { name: "mean", blocks: [latent] };
  bench.operations.push({ kind: "mean", statistics, out: copied });
  bench.expect("mean", copied, mean, rows);
  const dz = bench.random(rows, latent);
  const latentGradient = bench.given("dz", dz);
  const out = { name: "dstatistics", blocks: [latent, latent] };
  bench.operations.push({ kind: "sampleGradient", statistics, deviation, latentGradient, out });
  bench.expect("sampleGradient", out, statisticsGradient(network, mean, logVariance, noise, dz, used), used);
  bench.operations.push({ kind: "latentStatistics", statistics });
  const divergences = reference.divergenceForward(mean, logVariance);
  bench.checks.push(async (machine) => {
    const [...results] = await machine.results(1);
    const sums = (of: Matrix) => Array.from({ length: latent }, (_, column) => columnSum(of, column, used));
    const expected = [...sums(divergences), ...sums(mean), ...sums(mean.map((value) => value * value))];
    assertNear(results.slice(LATENT_SUMS), expected, bounds, "latentStatistics");
    assertClose(
      results[KL],
      sums(divergences).reduce((sum, value) => sum + value, 0),
      1e-5,
      "KL divergence",
    );
  });
}

function statisticsGradient(
  network: Network,
  mean: Matrix,
  logVariance: Matrix,
  noise: Matrix,
  dz: Matrix,
  used: number,
): Matrix {
  const { loss, latent, pixels } = network;
  const beta = loss.reduction === "mean" ? loss.beta / pixels / used : loss.beta;
  const sampled = reference.sampleBackward(logVariance, noise, dz);
  const divergence = reference.divergenceBackward(mean, logVariance);
  return new Matrix(dz.rows, 2 * latent).map((_, row, col) =>
    col < latent
      ? sampled.mean.at(row, col) + beta * divergence.mean.at(row, col)
      : sampled.logVariance.at(row, col - latent) + beta * divergence.logVariance.at(row, col - latent),
  );
}

/** The images are the dataset's, in the order they lie. */
function expectLosses(
  bench: Bench,
  network: Network,
  logits: Matrix,
  slope: BatchMatrix,
  used: number,
  pixelsToo: boolean,
): void {
  const { loss, pixels, decoder } = network;
  const activation = decoder[0]?.activation ?? "linear";
  const images = datasetOf(network).train.pixels;
  const wanted = new Matrix(used, pixels).map((_, row, col) => (images[row * pixels + col] as number) / 255);
  const real = new Matrix(used, pixels).map((_, row, col) => logits.at(row, col));
  const bce = loss.reconstruction === "bce";
  const losses = bce
    ? reference.crossEntropyForward(real, wanted)
    : reference.squaredErrorForward(activation, real, wanted);
  const slopes = bce
    ? reference.crossEntropyBackward(real, wanted)
    : reference.squaredErrorBackward(activation, real, wanted);
  const scale = loss.reduction === "mean" ? 1 / pixels / used : 1;
  bench.expect(
    "the loss's gradient",
    slope,
    slopes.map((value) => value * scale),
    used,
  );
  bench.checks.push(async (machine) => {
    const results = await machine.results(1);
    assertClose(results[RECONSTRUCTION], losses.sum(), 1e-5, "reconstruction loss");
    if (pixelsToo)
      assertClose(
        results[SQUARES],
        reference.squaredErrorForward(activation, real, wanted).sum(),
        1e-5,
        "squared error",
      );
  });
}

function gradientsOf(x: Matrix, dy: Matrix, used: number): Matrix {
  const top = (matrix: Matrix) => new Matrix(used, matrix.cols).map((_, row, col) => matrix.at(row, col));
  const { weight, bias } = reference.denseBackward(top(x), new Matrix(dy.cols, x.cols), top(dy));
  return new Matrix(x.cols + 1, dy.cols).map((_, input, output) =>
    input < x.cols ? weight.at(output, input) : bias.at(0, output),
  );
}

function halvesOf(matrix: Matrix, width: number): [Matrix, Matrix] {
  const part = (first: number) =>
    new Matrix(matrix.rows, width).map((_, row, col) => matrix.at(row, first + col));
  return [part(0), part(width)];
}

function columnSum(matrix: Matrix, column: number, rows: number): number {
  let sum = 0;
  for (let row = 0; row < rows; row++) sum += matrix.at(row, column);
  return sum;
}

function datasetOf({ pixels, batch }: Network) {
  return patchDataset(pixels, 1, batch, 1, 9);
}

/** Plain products are no others, so those tiles will do that compile in little time. */
const quickest = 4;

/** Each once with an even and once with an odd index. */
function tileAt(index: number): Tile | undefined {
  return allTiles[(index + Math.floor(index / allTiles.length)) % allTiles.length];
}

async function tryOut(
  program: "plain" | "fused",
  bench: Bench,
  network: Network,
  index: number,
  used: number,
): Promise<void> {
  const unused = (name: string) => ({ name, blocks: [1] });
  const none = { operations: [] };
  const plan: Plan = {
    layers: bench.layers,
    images: unused("images"),
    latents: unused("latents"),
    reconstructions: unused("reconstructions"),
    train: { operations: bench.operations },
    evaluate: none,
    encode: none,
    decode: none,
  };
  const tile = tileAt(program === "plain" ? index % quickest : index);
  assert.ok(tile);
  const machine = await Machine.open(await openDevice({ software: true, checks: "fast" }), {
    network,
    plan,
    dataset: datasetOf(network),
    rows: network.batch,
    program,
    tiles: () => ({ ...tile, parts: parts[index % parts.length] ?? 1 }),
    fill,
  });
  try {
    await bench.fillIn(machine);
    machine.writeAdam(Float32Array.from(adamSlot(network.optimizer, 1)));
    await machine.run("train", 1, {
      split: "train",
      ordered: false,
      count: used,
      batch: network.batch,
      firstStep: 0,
      globalStep: 0,
    });
    for (const check of bench.checks) await check(machine);
    for (const name of ["parameters", "activations"] as const) await assertGapsUntouched(machine, name);
  } finally {
    machine.close();
  }
}

async function assertGapsUntouched(machine: Machine, name: "parameters" | "activations"): Promise<void> {
  const words = new Uint32Array((await machine.arena(name)).buffer);
  const [canary] = new Uint32Array(new Float32Array([fill]).buffer);
  let at = 0;
  for (const region of [...machine.map[name].regions, { name: "the end", at: words.length / 4, length: 0 }]) {
    for (; at < region.at * 4; at++)
      assert.equal(words[at], canary, `word ${at} of the ${name}, before ${region.name}`);
    at = (region.at + region.length) * 4;
  }
}

describe("operations agree with the reference and stay within their regions", { skip: noSoftwareGpu }, () => {
  for (let index = 0; index < sizes.length; index++) {
    const shape = shapeAt(index);
    const network = networkFor(shape, index);
    const used = index % 2 === 0 ? shape.rows : Math.max(1, shape.rows - 1);
    const name = `batch ${used} of ${shape.rows}, ${shape.inputs} → ${shape.outputs}`;
    const isNarrow = Math.max(shape.inputs, 2 * shape.outputs) <= widestInChain;
    const benches = [
      ["plain", plain],
      ["fused", fused],
      ...(isNarrow ? ([["fused", chained]] as const) : []),
    ] as const;
    for (const [program, fillBench] of benches)
      test(`${fillBench.name}: ${name}`, () => {
        const bench = new Bench();
        fillBench(bench, network, shape, used);
        return tryOut(program, bench, network, index, used);
      });
  }
});
