/** Which engine an experiment gets, and what is said about it. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { chooseForTraining, chooseForUse, requireChoice } from "../../src/ml/engine/choose-engine.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { failsWith } from "../fixtures/failures.ts";
import { noSoftwareGpu, softwareGpuEnvironment } from "../fixtures/software-gpu.ts";
import { patchDataset } from "../reference/datasets.ts";
import { experiment } from "../reference/experiments.ts";

const options = { threads: 0 };
const dataset = patchDataset(8, 8, 200, 1, 2);
const network = buildNetwork(experiment({ model: { kind: "variational", encoder: [64, 16, 2] } }));
const training = () => Promise.resolve({ network, dataset });

function withWishes(t: TestContext, wishes: string | undefined): void {
  const before = process.env.LATENT_LAB_WEBGPU;
  const set = (value: string | undefined) => {
    if (value === undefined) delete process.env.LATENT_LAB_WEBGPU;
    else process.env.LATENT_LAB_WEBGPU = value;
  };
  set(wishes);
  t.after(() => set(before));
}

describe("where there is a GPU", { skip: noSoftwareGpu }, () => {
  test("auto races it against the processor at the experiment itself, and says how that ended", async (t) => {
    withWishes(t, softwareGpuEnvironment.LATENT_LAB_WEBGPU);
    const { engine, reason } = await chooseForTraining("auto", options, training());
    assert.equal(engine.name, "cpu");
    assert.match(
      reason ?? "",
      /^faster at this model than SwiftShader.*: [\d,.]+ against [\d,.]+ images a second$/,
    );
  });

  test("it is taken when it is named, however slow", async (t) => {
    withWishes(t, "software");
    const { engine, device, reason } = await chooseForTraining("webgpu", options, training());
    assert.deepEqual([engine.name, reason], ["webgpu", null]);
    assert.match(device.description, /SwiftShader/);
  });

  test("one in software is neither raced nor taken unasked", async (t) => {
    withWishes(t, undefined);
    const { engine, reason } = await chooseForTraining("auto", options, training());
    assert.equal(engine.name, "cpu");
    assert.match(reason ?? "", /^webgpu: (?:no GPU was found|there is no GPU here)/);
    await failsWith(
      () => chooseForTraining("webgpu", options, training()),
      "engine-unavailable",
      /^the webgpu engine cannot run here: /,
    );
  });
});

test("auto is the processor for work of a moment", async () => {
  assert.equal((await chooseForUse("auto", options)).engine.name, "cpu");
});

test("what fails while the data is loaded fails the choice", async () => {
  const lost = Promise.reject(new RangeError("no data"));
  await assert.rejects(chooseForTraining("auto", options, lost), /no data/);
});

test("an engine that there is not is refused, with those there are", async () => {
  await failsWith(
    async () => requireChoice("cuda", options),
    "engine-unavailable",
    'there is no engine "cuda"',
  );
});

test("a wish for a GPU that nobody knows is refused", async (t) => {
  withWishes(t, "fast");
  await failsWith(
    () => chooseForTraining("webgpu", options, training()),
    "engine-unavailable",
    'LATENT_LAB_WEBGPU: there is no "fast"',
  );
});
