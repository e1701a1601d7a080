import assert from "node:assert/strict";
import { test } from "node:test";
import { curvesUnit } from "../../../src/contract/loss-units.ts";
import { changeExperiment } from "../../../src/contract/parse-experiment.ts";
import { findPreset } from "../../../src/contract/presets.ts";

test("losses name their unit, and that of the KL divergence where it is another", () => {
  const unitOf = (preset: string, ...settings: string[]) =>
    curvesUnit(changeExperiment(findPreset(preset).experiment, preset, settings));
  assert.equal(unitOf("mnist-vae"), "nats per image");
  assert.equal(unitOf("mnist-autoencoder"), "nats per pixel");
  assert.equal(unitOf("mnist-autoencoder-mse"), "squared error per pixel");
  const squared = "loss.reconstruction=mse";
  assert.equal(unitOf("mnist-vae", squared), "squared error per image; KL in nats per image");
  assert.equal(
    unitOf("mnist-vae", squared, "loss.reduction=mean"),
    "squared error per pixel; KL in nats per pixel",
  );
});
