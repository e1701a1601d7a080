import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bceFloorPerPixel } from "../../../src/ml/data/bce-floor.ts";
import { loadDataset } from "../../../src/ml/data/load-dataset.ts";
import { noRealMnist, realMnist } from "../../fixtures/real-mnist.ts";

describe("the floor of binary cross-entropy", () => {
  test("is zero for black and white, ln 2 for a pixel half way", () => {
    assert.equal(bceFloorPerPixel(Uint8Array.of(0, 255, 255, 0)), 0);
    assert.ok(Math.abs(bceFloorPerPixel(Uint8Array.of(127)) - Math.LN2) < 1e-5);
    assert.ok(Math.abs(bceFloorPerPixel(Uint8Array.of(127, 0, 0, 255)) - Math.LN2 / 4) < 1e-5);
  });

  // The figures of the reference table, to its five digits.
  test("of real MNIST is .05836 nats per pixel in training and .05808 in testing", {
    skip: noRealMnist,
  }, async () => {
    const { train, test: held } = await loadDataset(
      { kind: "mnist" },
      { data: realMnist, baseFolder: ".", environment: {}, allowDownload: false },
    );
    assert.equal(bceFloorPerPixel(train.pixels).toFixed(5), "0.05836");
    assert.equal(bceFloorPerPixel(held.pixels).toFixed(5), "0.05808");
  });
});
