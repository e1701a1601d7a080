/**
 * The reference itself on trial: every derivative in test/reference against central differences in float64.
 *
 * Tolerance: 1e-9 of max(1, |gradient|, |loss|). Central differences with h = 1e-5 are good to about 1e-10 here
 * (see differences.ts; the worst error seen is 7.5e-11); a wrong derivative is off by far more. ReLU and the clamp
 * have kinks, where differences mean nothing; no drawn value lies within h of one.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { activations, type Experiment } from "../../src/contract/experiment.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { centralDifferences, gradientError } from "../reference/differences.ts";
import { experiment } from "../reference/experiments.ts";
import { Matrix } from "../reference/matrix.ts";
import { ReferenceModel } from "../reference/model.ts";
import * as operations from "../reference/operations.ts";
import { randomMatrix, randomState } from "../reference/parameters.ts";

const tolerance = 1e-9;
const rows = 5;
const cols = 7;

/** A scalar to differentiate: the operation's outputs under random weights, which are then its output gradient. */
function weighted(output: Matrix, weights: Matrix): number {
  return output.values.reduce((sum, value, index) => sum + value * (weights.values[index] as number), 0);
}

function assertGradient(name: string, analytic: Matrix, at: Matrix, f: () => number): void {
  const error = gradientError(analytic, centralDifferences(f, at), f());
  assert.ok(error <= tolerance, `${name}: off by ${error}`);
  assert.ok(
    analytic.values.some((value) => Math.abs(value) > 1e-3),
    `${name}: the gradient is nothing but zeros`,
  );
}

describe("the derivative of every operation agrees with central differences", () => {
  const x = randomMatrix(rows, cols, 1);
  const targets = randomMatrix(rows, cols, 2).map(operations.sigmoid);
  const outer = randomMatrix(rows, cols, 3);

  test("dense layer: input, weight and bias", () => {
    const weight = randomMatrix(3, cols, 4);
    const bias = randomMatrix(1, 3, 5);
    const gradient = randomMatrix(rows, 3, 6);
    const f = () => weighted(operations.denseForward(x, weight, bias), gradient);
    const result = operations.denseBackward(x, weight, gradient);
    assertGradient("x", result.x, x, f);
    assertGradient("weight", result.weight, weight, f);
    assertGradient("bias", result.bias, bias, f);
  });

  for (const activation of activations)
    test(`activation ${activation}`, () => {
      const output = operations.activationForward(activation, x);
      const f = () => weighted(operations.activationForward(activation, x), outer);
      assertGradient(activation, operations.activationBackward(activation, output, outer), x, f);
    });

  test("binary cross-entropy from logits", () => {
    const f = () => operations.crossEntropyForward(x, targets).sum();
    assertGradient("logits", operations.crossEntropyBackward(x, targets), x, f);
  });

  for (const activation of ["sigmoid", "linear"] as const)
    test(`squared error through a ${activation} output`, () => {
      const f = () => operations.squaredErrorForward(activation, x, targets).sum();
      assertGradient("logits", operations.squaredErrorBackward(activation, x, targets), x, f);
    });

  test("reparameterisation: mean and log-variance", () => {
    const logVariance = randomMatrix(rows, cols, 7);
    const noise = randomMatrix(rows, cols, 8);
    const f = () => weighted(operations.sampleForward(x, logVariance, noise), outer);
    const result = operations.sampleBackward(logVariance, noise, outer);
    assertGradient("mean", result.mean, x, f);
    assertGradient("log-variance", result.logVariance, logVariance, f);
  });

  test("KL divergence: mean and log-variance", () => {
    const logVariance = randomMatrix(rows, cols, 9);
    const f = () => operations.divergenceForward(x, logVariance).sum();
    const result = operations.divergenceBackward(x, logVariance);
    assertGradient("mean", result.mean, x, f);
    assertGradient("log-variance", result.logVariance, logVariance, f);
  });
});

test("binary cross-entropy stays finite and right at extreme logits", () => {
  const logits = new Matrix(1, 4, [1000, -1000, 1000, -1000]);
  const targets = new Matrix(1, 4, [1, 0, 0, 1]);
  assert.deepEqual([...operations.crossEntropyForward(logits, targets).values], [0, 0, 1000, 1000]);
  assert.deepEqual([...operations.crossEntropyBackward(logits, targets).values], [0, 0, 1, -1]);
});

test("a log-variance outside its range is clamped and has no gradient; on the edge and inside it has", () => {
  const mean = new Matrix(1, 5, [0, 0, 0, 0, 0]);
  const logVariance = new Matrix(1, 5, [-1000, -30, 0.5, 20, 1000]);
  const ones = mean.map(() => 1);
  const latents = operations.sampleForward(mean, logVariance, ones);
  assert.deepEqual(
    [...latents.values],
    [-30, -30, 0.5, 20, 20].map((clamped) => Math.exp(clamped / 2)),
  );
  const sample = operations.sampleBackward(logVariance, ones, ones).logVariance;
  const divergence = operations.divergenceBackward(mean, logVariance).logVariance;
  for (const gradient of [sample, divergence])
    assert.deepEqual(
      [...gradient.values].map((value) => value !== 0),
      [false, true, true, true, false],
    );
});

describe("Adam", () => {
  const settings: Experiment["optimizer"] = {
    kind: "adam",
    learningRate: 0.01,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-3,
    epsilonPlacement: "corrected",
  };
  const steps = 5;
  const trajectory = (optimizer: (step: number) => Experiment["optimizer"]): Matrix => {
    const weight = randomMatrix(rows, cols, 10);
    const first = new Matrix(rows, cols);
    const second = new Matrix(rows, cols);
    for (let step = 1; step <= steps; step++)
      operations.adamStep(
        optimizer(step),
        step,
        weight,
        first,
        second,
        randomMatrix(rows, cols, 10 + step, 0.01),
      );
    return weight;
  };

  test("its first step is the learning rate against the gradient's sign where ε is negligible", () => {
    const weight = new Matrix(1, 3, [0, 0, 0]);
    const gradient = new Matrix(1, 3, [1e-3, -5, 1e6]);
    const optimizer = { ...settings, epsilon: 1e-12 };
    operations.adamStep(optimizer, 1, weight, new Matrix(1, 3), new Matrix(1, 3), gradient);
    [-0.01, 0.01, -0.01].forEach((expected, col) => {
      assert.ok(Math.abs(weight.at(0, col) - expected) < 1e-10);
    });
  });

  test("Keras's ε is PyTorch's divided by √(1 − β₂ᵗ), and the two differ", () => {
    const keras = trajectory(() => ({ ...settings, epsilonPlacement: "uncorrected" }));
    const asKeras = trajectory((step) => ({
      ...settings,
      epsilon: settings.epsilon / Math.sqrt(1 - settings.beta2 ** step),
    }));
    const pytorch = trajectory(() => settings);
    keras.values.forEach((value, index) => {
      assert.ok(Math.abs(value - (asKeras.values[index] as number)) < 1e-14);
    });
    assert.ok(
      keras.values.some((value, index) => Math.abs(value - (pytorch.values[index] as number)) > 1e-3),
    );
  });
});

describe("the gradients of whole networks agree with central differences", () => {
  const encoders = [
    [9, 3],
    [9, 7, 3],
    [9, 7, 5, 1],
  ];
  const losses = [
    { reconstruction: "bce", outputActivation: "sigmoid", reduction: "sum" },
    { reconstruction: "bce", outputActivation: "sigmoid", reduction: "mean" },
    { reconstruction: "mse", outputActivation: "sigmoid", reduction: "mean" },
    { reconstruction: "mse", outputActivation: "linear", reduction: "sum" },
  ] as const;
  for (const kind of ["autoencoder", "variational"] as const)
    for (const activation of activations)
      test(`${kind}, ${activation}, one to three layers deep, all losses`, () => {
        for (const encoder of encoders)
          for (const { outputActivation, ...loss } of losses)
            assertNetworkGradients(
              experiment({
                model: { kind, encoder, activation, latentActivation: activation, outputActivation },
                loss: { ...loss, beta: 2.5 },
              }),
            );
      });

  function assertNetworkGradients(choice: Experiment): void {
    const network = buildNetwork(choice);
    const model = new ReferenceModel(network, randomState(network, 11));
    const images = randomMatrix(rows, network.pixels, 12).map(operations.sigmoid);
    const noise = randomMatrix(rows, network.latent, 13);
    const objective = () => model.objective(model.forward(images, noise));
    const gradients = model.backward(images, noise, model.forward(images, noise));
    assert.deepEqual([...gradients.keys()].sort(), [...model.parameters.keys()].sort());
    for (const [name, { value }] of model.parameters) {
      const gradient = gradients.get(name) as Matrix;
      const error = gradientError(gradient, centralDifferences(objective, value), objective());
      assert.ok(error <= tolerance, `${name} of ${JSON.stringify(choice.model)}: off by ${error}`);
    }
    assert.ok([...gradients.values()].some((gradient) => gradient.values.some((value) => value !== 0)));
  }
});
