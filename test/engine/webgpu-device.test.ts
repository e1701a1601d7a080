/** A GPU device that is lost, silent or closed: whoever waits for it, or begins to wait then, hears of it. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { globals } from "webgpu";
import { Failure } from "../../src/contract/failure.ts";
import { DriverSilence } from "../../src/ml/engine/driver-trials.ts";
import { findAdapter, parseWishes } from "../../src/ml/engine/webgpu/adapter.ts";
import { bufferUsage } from "../../src/ml/engine/webgpu/dawn.ts";
import { closeDevice, GpuDevice, mostOnTheWay, openDevice } from "../../src/ml/engine/webgpu/gpu-device.ts";
import { failsWith } from "../fixtures/failures.ts";
import { noSoftwareGpu } from "../fixtures/software-gpu.ts";
import { watchDevices } from "../fixtures/watch-devices.ts";

const wishes = { software: true, checks: "fast" } as const;
const {
  GPU: gpus,
  GPUDevice: devices,
  GPUQueue: queues,
} = globals as {
  readonly GPU: { readonly prototype: GPU };
  readonly GPUDevice: { readonly prototype: GPUDevice };
  readonly GPUQueue: { readonly prototype: GPUQueue };
};

/** A device of its own, and what is below it. */
async function newDevice(t: TestContext): Promise<{ readonly device: GpuDevice; readonly below: GPUDevice }> {
  await closeDevice(wishes);
  const opened = watchDevices(t);
  const device = await openDevice(wishes);
  const below = opened.at(-1);
  assert.ok(below);
  return { device, below };
}

test("what may be wished for of a GPU is written in one line", () => {
  assert.deepEqual(parseWishes(undefined), { software: false, checks: "fast" });
  assert.deepEqual(parseWishes("safe, adapter=Radeon Pro,software"), {
    software: true,
    checks: "safe",
    adapter: "Radeon Pro",
  });
  for (const text of ["adapter=", "adapter", "fast"]) assert.throws(() => parseWishes(text), Failure);
});

/** A driver that answers no more. */
function silence(t: TestContext): void {
  t.mock.method(devices.prototype, "popErrorScope", () => new Promise(() => {}));
}

describe("a GPU device", { skip: noSoftwareGpu }, () => {
  test("that is lost tells those who wait, though the driver is silent", async (t) => {
    const { device, below } = await newDevice(t);
    silence(t);
    const waiting = device.buffer("results", 16);
    below.destroy();
    const { hint } = await failsWith(() => waiting, "engine-failed", /^the GPU was lost/);
    assert.match(hint, /slept/);
  });

  test("and those who begin to wait afterwards", async (t) => {
    const { device, below } = await newDevice(t);
    below.destroy();
    await below.lost;
    silence(t);
    await failsWith(() => device.buffer("results", 16), "engine-failed", /^the GPU was lost/);
    await failsWith(() => device.finish(), "engine-failed", /^the GPU was lost/);
    assert.equal(device.hasFailed, true);
  });

  test("that does not answer is given up after a while, by all who wait for it", async (t) => {
    const device = await GpuDevice.open(await findAdapter(wishes), 1);
    t.after(() => device.close());
    silence(t);
    const waiting = [device.buffer("results", 16), device.buffer("order", 16)];
    for (const each of waiting)
      await failsWith(() => each, "engine-failed", /^the GPU has not answered for \d s$/);
    assert.equal(device.hasFailed, true);
    await assert.rejects(device.finish(), DriverSilence);
  });

  test("is the one whose name is asked for, in capitals or not", async () => {
    for (const adapter of ["SwiftShader", "swiftshader device subzero"])
      assert.match((await openDevice({ ...wishes, adapter })).found.name, /^SwiftShader/);
    const { hint } = await failsWith(
      () => openDevice({ ...wishes, adapter: "Voodoo" }),
      "engine-unavailable",
      'no GPU here has "Voodoo" in its name',
    );
    assert.match(hint, /^There is: SwiftShader/);
  });

  test("that is closed is closed for all who have it; who asks for one gets another", async (t) => {
    const { device, below } = await newDevice(t);
    await closeDevice(wishes);
    assert.equal((await below.lost).reason, "destroyed");
    await failsWith(() => device.buffer("results", 16), "engine-failed", "the GPU's device is closed");
    const other = await openDevice(wishes);
    assert.notEqual(other, device);
    assert.equal((await other.buffer("results", 16)).size, 16);
  });

  test("is one for all who ask at once", async (t) => {
    await closeDevice(wishes);
    const opened = watchDevices(t);
    const [one, other] = await Promise.all([openDevice(wishes), openDevice(wishes)]);
    assert.equal(one, other);
    assert.equal(opened.length, 1);
  });

  test("that cannot be had is asked for once by all who ask at once, and again by those who ask later", async (t) => {
    await closeDevice(wishes);
    let refusals = 0;
    t.mock.method(gpus.prototype, "requestAdapter", () => {
      refusals++;
      return Promise.reject(new Error("no adapter"));
    });
    await assert.rejects(openDevice(wishes), /no adapter/);
    const forOne = refusals;
    const asked = await Promise.allSettled([openDevice(wishes), openDevice(wishes)]);
    assert.deepEqual(
      asked.map(({ status }) => status),
      ["rejected", "rejected"],
    );
    assert.equal(refusals, 2 * forOne);
    t.mock.restoreAll();
    assert.equal((await openDevice(wishes)).hasFailed, false);
  });

  test("takes and gives back what is large in pieces, so that little of it is anywhere else", async (t) => {
    const { device } = await newDevice(t);
    const staged: number[] = [];
    const { createBuffer } = devices.prototype;
    t.mock.method(devices.prototype, "createBuffer", function (this: GPUDevice, asked: GPUBufferDescriptor) {
      if (asked.usage & bufferUsage.mapRead) staged.push(asked.size);
      return createBuffer.call(this, asked);
    });
    let [onTheWay, most] = [0, 0];
    const { writeBuffer, onSubmittedWorkDone } = queues.prototype;
    t.mock.method(
      queues.prototype,
      "writeBuffer",
      function (this: GPUQueue, ...args: Parameters<typeof writeBuffer>) {
        onTheWay += args[4] ?? 0;
        most = Math.max(most, onTheWay);
        return writeBuffer.apply(this, args);
      },
    );
    t.mock.method(queues.prototype, "onSubmittedWorkDone", async function (this: GPUQueue) {
      await onSubmittedWorkDone.call(this);
      onTheWay = 0;
    });
    const values = Uint32Array.from({ length: mostOnTheWay / 4 + 3 }, (_, index) => index * 2_654_435_761);
    const buffer = await device.buffer("parameters", values.byteLength);
    await device.upload(buffer, 0, values);
    // Pieces that do not fill the measure, as rows of images do not.
    const part = values.subarray(0, mostOnTheWay / 4 - 8);
    for (let time = 0; time < 2; time++) await device.upload(buffer, 0, part);
    assert.ok(most <= mostOnTheWay, `${most} bytes were on their way at once`);
    assert.ok(
      Buffer.from(await device.read(buffer, 0, values.byteLength)).equals(Buffer.from(values.buffer)),
    );
    assert.deepEqual(staged, [mostOnTheWay]);
    const [last] = new Uint32Array(await device.read(buffer, values.byteLength - 4, 4));
    assert.equal(last, values.at(-1));
  });

  test("without room for a copy of its results says so, and goes on when there is", async (t) => {
    const { device } = await newDevice(t);
    const buffer = await device.buffer("results", 16);
    t.mock.method(devices.prototype, "popErrorScope", () => Promise.resolve(new Error("no memory")));
    await failsWith(
      () => device.read(buffer, 0, 16),
      "out-of-memory",
      "the GPU has no room for the copy of its results (0 MiB in one piece)",
    );
    t.mock.restoreAll();
    assert.equal(new Uint32Array(await device.read(buffer, 0, 16)).length, 4);
  });

  test("that refuses a kernel goes on with others", async (t) => {
    const { device } = await newDevice(t);
    const entry = "@compute @workgroup_size(1) fn";
    t.mock.method(devices.prototype, "createComputePipelineAsync", () =>
      Promise.reject(new Error("too many registers")),
    );
    await failsWith(
      () => device.compile("a large one", `${entry} main() {}`),
      "engine-failed",
      'the GPU\'s driver cannot compile "a large one" (too many registers)',
    );
    t.mock.restoreAll();
    assert.ok(await device.compile("a small one", `${entry} main() { }`));
    assert.equal(device.hasFailed, false);
  });
});
