/**
 * Whole networks on the WebGPU engine: odd shapes beside the float64 reference, the plain Program beside the fused one,
 * and the engine's self-test. Where nothing is said, as users run it, without Dawn's own checks: with them SwiftShader
 * compiles ten times as long, so one model must do. Every tile is tried in webgpu-operations.test.ts.
 *
 * Tolerances as in shapes.test.ts, whose engine sums in another order; but for weights, 2e-6 by norm and 2e-4 for one
 * element: WGSL lets a division be off by 2.5 units in the last place, and Adam divides.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GpuDevice } from "../../src/ml/engine/webgpu/gpu-device.ts";
import {
  runSelfTest,
  selfTestDataset,
  selfTestLosses,
  selfTestNetwork,
} from "../../src/ml/engine/webgpu/self-test.ts";
import { initialParameters } from "../../src/ml/model/initialise.ts";
import { noSoftwareGpu, softwareGpu } from "../fixtures/software-gpu.ts";
import { caseInWords, drawCase } from "../reference/cases.ts";
import { assertEnginesAgree, assertTrainsAsReference } from "../reference/comparison.ts";
import { patchDataset } from "../reference/datasets.ts";
import { experiment } from "../reference/experiments.ts";
import { ReferenceModel } from "../reference/model.ts";
import { trainReference, withSession } from "../reference/sessions.ts";

const cases = 4;
const plainCases = 1;
const steps = 3;
const tolerance = {
  losses: 1e-5,
  weights: { relative: 2e-6, worst: 2e-4 },
  moments: { relative: 1e-5, worst: 2e-5 },
};

describe("the WebGPU engine trains odd networks as the reference does", { skip: noSoftwareGpu }, () => {
  for (let index = 0; index < cases; index++) {
    const setting = { ...drawCase(index), engine: softwareGpu("fast") };
    test(caseInWords(setting), () => assertTrainsAsReference(setting, index, steps, tolerance));
  }
});

test("with every check of Dawn's on, a VAE trains as the reference does", { skip: noSoftwareGpu }, () =>
  assertTrainsAsReference(
    {
      experiment: experiment({
        model: { kind: "variational", encoder: [21, 10, 3] },
        training: { batch: 8 },
      }),
      dataset: patchDataset(7, 3, 20, 1, 4),
      engine: softwareGpu("safe"),
    },
    9,
    steps,
    tolerance,
  ),
);

describe("the WebGPU engine's fused and plain Program agree", { skip: noSoftwareGpu }, () => {
  for (let index = 1000; index < 1000 + plainCases; index++) {
    const setting = drawCase(index);
    test(caseInWords(setting), () =>
      assertEnginesAgree(
        setting,
        softwareGpu("fast"),
        softwareGpu("fast", { program: "plain" }),
        steps,
        tolerance,
        `case ${index}`,
      ),
    );
  }
});

test("a batch larger than the dataset trains as the reference does, in no more memory than the images take", {
  skip: noSoftwareGpu,
}, async (t) => {
  const { buffer } = GpuDevice.prototype;
  let bytes = 0;
  t.mock.method(GpuDevice.prototype, "buffer", function (this: GpuDevice, name: string, size: number) {
    if (name === "activations") bytes = Math.max(bytes, size);
    return buffer.call(this, name, size);
  });
  const setting = {
    experiment: experiment({
      model: { kind: "variational", encoder: [12, 8, 3] },
      training: { batch: 8192 },
    }),
    dataset: patchDataset(4, 3, 20, 5, 4),
    engine: softwareGpu("fast"),
  };
  await assertTrainsAsReference(setting, 10, steps, tolerance);
  // Some hundred numbers of each of 128 images, and not of 8192.
  assert.ok(bytes > 0 && bytes < 128 * 200 * 4, `${bytes} bytes`);
});

test("latents too wide for a chain are sampled all the same", { skip: noSoftwareGpu }, () =>
  assertTrainsAsReference(
    {
      experiment: experiment({
        model: { kind: "variational", encoder: [12, 8, 600] },
        training: { batch: 5 },
      }),
      dataset: patchDataset(4, 3, 12, 1, 4),
      engine: softwareGpu("fast"),
    },
    8,
    steps,
    tolerance,
  ),
);

describe("the self-test", { skip: noSoftwareGpu }, () => {
  test("expects the reference's losses", () => {
    const tensors = new Map(
      [...initialParameters(selfTestNetwork)].map(([name, value]) => {
        const none = new Float32Array(value.length);
        return [name, { value, firstMoment: none, secondMoment: none }] as const;
      }),
    );
    const reference = new ReferenceModel(selfTestNetwork, { step: 0, tensors });
    trainReference(reference, selfTestDataset(), 2).forEach(({ reconstruction, kl }, step) => {
      assert.ok(Math.abs(reconstruction - (selfTestLosses.reconstruction[step] ?? 0)) < 1e-5);
      assert.ok(Math.abs(kl - (selfTestLosses.kl[step] ?? 0)) < 1e-5);
    });
  });

  test("passes here, and the probe says what was found", async () => {
    const device = await softwareGpu("fast").probe({ threads: 0 });
    assert.ok(device.available, device.available ? "" : device.reason);
    assert.match(device.description, /swiftshader.*, in software on the processor/i);
    assert.match(device.driver ?? "", /SwiftShader/);
  });

  test("refuses a GPU that computes something else, naming it", async () => {
    const wrong = { ...selfTestNetwork, seed: 2 };
    const session = await softwareGpu("fast").open(wrong, selfTestDataset(), { threads: 0 });
    try {
      await assert.rejects(runSelfTest(session), /computes wrongly: a loss of [\d.]+ where 84\.7/);
    } finally {
      await session.close();
    }
  });
});

test("a GPU in software is not taken unasked", { skip: noSoftwareGpu }, async () => {
  const { createWebgpuEngine } = await import("../../src/ml/engine/webgpu/webgpu-engine.ts");
  const device = await createWebgpuEngine({ wishes: { software: false, checks: "fast" } }).probe({
    threads: 0,
  });
  assert.ok(!device.available);
  assert.match(device.reason, /no GPU/);
});

test("a session without a dataset encodes and decodes", { skip: noSoftwareGpu }, async () => {
  const setting = {
    experiment: experiment({ model: { kind: "autoencoder", encoder: [12, 7, 3] } }),
    dataset: null,
  };
  await withSession({ ...setting, engine: softwareGpu("fast") }, async (session) => {
    const latents = await session.encode(new Float32Array(24).fill(0.5));
    assert.equal(latents.length, 6);
    assert.deepEqual(latents.subarray(0, 3), latents.subarray(3));
    assert.equal((await session.decode(latents)).length, 24);
    await assert.rejects(session.train(1), /without a dataset/);
  });
});
