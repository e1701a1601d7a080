import assert from "node:assert/strict";
import { test } from "node:test";
import { compressionInWords, evaluationLines, partsInWords } from "../../src/ml/cli/evaluation-words.ts";

const evaluation = {
  loss: 198.87,
  reconstruction: 189.1,
  kl: 4.885,
  aboveFloor: null,
  pixelMse: 0.05,
  klPerDimension: [4, 0.885],
  activeUnits: 1,
};

test("the parts of a loss add up to it: the KL divergence is printed with its weight", () => {
  assert.equal(partsInWords(evaluation, 2), " (reconstruction 189.10, KL 4.885 × 2)");
  assert.equal(partsInWords(evaluation, 1), " (reconstruction 189.10, KL 4.885)");
  assert.equal(partsInWords(evaluation, 0.001), " (reconstruction 189.10, KL 4.885 × 0.001)");
  assert.equal(partsInWords({ ...evaluation, kl: 0 }, 2), "");
});

test("an evaluation says how many dimensions are active, unless that is not known", () => {
  assert.deepEqual(evaluationLines(evaluation, 2), [
    "test loss    198.87 (reconstruction 189.10, KL 4.885 × 2)",
    "pixels       mean squared error 0.05000",
    "latents      1 of 2 dimensions are active",
  ]);
  assert.ok(evaluationLines({ ...evaluation, activeUnits: null }, 2).every((line) => !/latents/.test(line)));
});

test("compression says smaller of what is smaller, and larger of what is larger", () => {
  assert.equal(
    compressionInWords({ dimensions: 39.2, bytesFloat32: 9.8, bytesInt8: 39.2 }),
    "39.2× fewer numbers; in bytes 9.8× smaller as float32, 39.2× smaller as int8",
  );
  assert.equal(
    compressionInWords({ dimensions: 0.784, bytesFloat32: 0.196, bytesInt8: 0.784 }),
    "1.3× more numbers; in bytes 5.1× larger as float32, 1.3× larger as int8",
  );
  assert.match(compressionInWords({ dimensions: 1, bytesFloat32: 0.25, bytesInt8: 1 }), /^as many numbers; /);
});
