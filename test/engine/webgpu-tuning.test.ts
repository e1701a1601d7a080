/** Which tile is fastest is measured once per shape and GPU, for long trainings, remembered, and never a reason to fail. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { globals } from "webgpu";
import { Failure } from "../../src/contract/failure.ts";
import type { Engine } from "../../src/ml/engine/engine.ts";
import { arrangedTiles, arrangementOf } from "../../src/ml/engine/webgpu/arrangement.ts";
import { GpuDevice, openDevice } from "../../src/ml/engine/webgpu/gpu-device.ts";
import { loneProduct } from "../../src/ml/engine/webgpu/lone-product.ts";
import { Machine } from "../../src/ml/engine/webgpu/machine.ts";
import { firstAmongFastest, knownTiles, tileMemory } from "../../src/ml/engine/webgpu/tile-tuning.ts";
import {
  allTiles,
  type ProductShape,
  tileIn,
  tileName,
  tilesFor,
  untunedTiles,
} from "../../src/ml/engine/webgpu/tiles.ts";
import type { Factor } from "../../src/ml/engine/webgpu/wgsl/factor-tile.ts";
import { arenas } from "../../src/ml/engine/webgpu/wgsl/prelude.ts";
import { productJob } from "../../src/ml/engine/webgpu/wgsl/product.ts";
import type { Tile } from "../../src/ml/engine/webgpu/wgsl/tile.ts";
import { fusePlan } from "../../src/ml/model/fuse.ts";
import { buildNetwork } from "../../src/ml/model/network.ts";
import { planNetwork } from "../../src/ml/model/plan.ts";
import { noSoftwareGpu, softwareGpu } from "../fixtures/software-gpu.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { assertTrainsAsReference } from "../reference/comparison.ts";
import { patchDataset } from "../reference/datasets.ts";
import { deviation } from "../reference/deviation.ts";
import { experiment } from "../reference/experiments.ts";

const setting = {
  experiment: experiment({ model: { kind: "autoencoder", encoder: [35, 20] }, training: { batch: 8 } }),
  dataset: patchDataset(7, 5, 20, 1, 2),
};

/** Far more than is needed, and SwiftShader compiles for seconds. */
const patience = 120;

interface Opening {
  /** For measurements; left out: enough. */
  readonly seconds?: number;
  readonly engine?: Engine;
  /** That are said to be trained. */
  readonly steps?: number | undefined;
}

/** Opens a session with its measurements in `file`; what was told meanwhile. */
async function open(file: string, { seconds = patience, engine, steps }: Opening = {}): Promise<string[]> {
  const told: string[] = [];
  const network = buildNetwork(setting.experiment);
  const opened = engine ?? softwareGpu("fast", { tuningFile: file, tuningSeconds: seconds });
  const session = await opened.open(network, setting.dataset, {
    threads: 0,
    tell: (line) => told.push(line),
    ...(steps === undefined ? {} : { steps }),
  });
  await session.close();
  return told;
}

const newFile = (t: TestContext) => join(temporaryFolder(t), "below", "tiles.json");

/** By product, the largest first. */
const shapes = [
  "update 21×8×35",
  "update 36×8×20 of images",
  "forward 8×35×20 of images",
  "forward 8×20×35 to a loss",
  "inputGradient 8×35×20",
];

const largest: ProductShape = {
  kind: "update",
  rows: 21,
  inner: 8,
  columns: 35,
  input: "matrix",
  end: "matrix",
};

/** Products in the order in which they were remembered. */
function rememberedIn(file: string): string[] {
  const all: Record<string, Record<string, string>> = JSON.parse(readFileSync(file, "utf8"));
  return Object.values(all).flatMap((tiles) => Object.keys(tiles));
}

/** GPU memory in use while the test runs: how many buffers, and how many they were at most. */
function watchMemory(t: TestContext): { readonly inUse: Set<GPUBuffer>; most: number } {
  const { GPUBuffer: buffers } = globals as { readonly GPUBuffer: { readonly prototype: GPUBuffer } };
  const watched = { inUse: new Set<GPUBuffer>(), most: 0 };
  const { buffer } = GpuDevice.prototype;
  const { destroy } = buffers.prototype;
  t.mock.method(GpuDevice.prototype, "buffer", async function (this: GpuDevice, name: string, bytes: number) {
    const made = await buffer.call(this, name, bytes);
    watched.inUse.add(made);
    watched.most = Math.max(watched.most, watched.inUse.size);
    return made;
  });
  t.mock.method(buffers.prototype, "destroy", function (this: GPUBuffer) {
    watched.inUse.delete(this);
    return destroy.call(this);
  });
  return watched;
}

/** Has the largest product's kernels compiled from another source, but for that of the untuned tile, which comes first. */
function compileOthers(t: TestContext, sourceOf: () => string): void {
  const { compile } = GpuDevice.prototype;
  let untuned: string | null = null;
  t.mock.method(
    GpuDevice.prototype,
    "compile",
    async function (this: GpuDevice, name: string, source: string) {
      untuned ??= source;
      const isOther = name === "train: denseUpdate" && source !== untuned;
      return compile.call(this, name, isOther ? sourceOf() : source);
    },
  );
}

/** The largest product was measured, and has the tile that it had before. */
function assertUntuned(file: string): void {
  const untuned = untunedTiles("software")(largest);
  const [tiles] = Object.values<Record<string, string>>(JSON.parse(readFileSync(file, "utf8")));
  assert.equal(tiles?.["update 21×8×35"], tileName(untuned));
}

describe("the fastest tiles", { skip: noSoftwareGpu }, () => {
  test("are measured once, for every product of a step, and remembered by GPU and driver", async (t) => {
    const file = newFile(t);
    assert.match((await open(file)).join(), /^finding the fastest kernels for this model on SwiftShader/);
    const all: Record<string, Record<string, string>> = JSON.parse(readFileSync(file, "utf8"));
    const [gpu = ""] = Object.keys(all);
    assert.match(gpu, /^SwiftShader .*; SwiftShader driver .*; kernels \d+$/);
    assert.deepEqual(Object.keys(all[gpu] ?? {}), shapes);
    for (const tile of Object.values(all[gpu] ?? {})) assert.ok(allTiles.map(tileName).includes(tile), tile);
    assert.deepEqual(await open(file), []);
  });

  test("are known beforehand where none is missing", async (t) => {
    const file = newFile(t);
    const network = buildNetwork(setting.experiment);
    const memory = tileMemory(await openDevice({ software: true, checks: "fast" }), file);
    const plan = fusePlan(planNetwork(network));
    const choice = { network, plan, untuned: untunedTiles("software"), settled: new Map(), memory };
    const before = await knownTiles(choice);
    assert.equal(before.isAll, false);
    assert.deepEqual(before.tiles(largest), untunedTiles("software")(largest));
    await open(file);
    const after = await knownTiles(choice);
    assert.equal(after.isAll, true);
    const found = after.tiles(largest);
    const [tiles] = Object.values<Record<string, string>>(JSON.parse(readFileSync(file, "utf8")));
    assert.equal(tileName(found), tiles?.["update 21×8×35"]);
  });

  test("are measured for a training that takes far longer, and for no other", async (t) => {
    const file = newFile(t);
    const engine = softwareGpu("fast", { tuningFile: file });
    for (const steps of [undefined, 199, 200]) {
      assert.deepEqual(await open(file, { engine, steps }), []);
      assert.equal(existsSync(file), false);
    }
    assert.equal((await open(file, { engine, steps: 1e6 })).length, 1);
    assert.equal(rememberedIn(file)[0], shapes[0]);
  });

  test("are thought about without leaving a trace", async (t) => {
    const engine = softwareGpu("fast", { tuningFile: newFile(t) });
    const trained = async (steps: number) => {
      const options = { threads: 0, steps };
      const session = await engine.open(buildNetwork(setting.experiment), setting.dataset, options);
      await session.train(3);
      const state = await session.state();
      await session.close();
      return state;
    };
    assert.deepEqual(await trained(200), await trained(0));
  });

  test("make the same products as any other", async (t) => {
    const engine = softwareGpu("fast", { tuningFile: newFile(t), tuningSeconds: patience });
    await assertTrainsAsReference({ ...setting, engine }, 3, 3, {
      losses: 1e-5,
      weights: { relative: 2e-6, worst: 2e-4 },
      moments: { relative: 1e-5, worst: 2e-5 },
    });
  });

  test("are measured anew where the file is damaged or names no tile there is", async (t) => {
    const file = join(temporaryFolder(t), "tiles.json");
    await open(file, { seconds: 0 });
    const good = readFileSync(file, "utf8");
    for (const damaged of ["{", "[1]", good.replaceAll(/"\d+×\d+×\d+[^"]*"/g, '"1×1×1"')]) {
      writeFileSync(file, damaged);
      await open(file, { seconds: 0 });
      // The same one again, and not the next.
      assert.deepEqual(rememberedIn(file), shapes.slice(0, 1));
      assert.doesNotMatch(readFileSync(file, "utf8"), /"1×1×1"/);
    }
  });

  test("are used though they cannot be written down, and remembered by the engine itself", async (t) => {
    const blocked = join(temporaryFolder(t), "a file");
    writeFileSync(blocked, "");
    const file = join(blocked, "tiles.json");
    const engine = softwareGpu("fast", { tuningFile: file, tuningSeconds: patience });
    assert.equal((await open(file, { engine })).length, 1);
    assert.equal((await open(file, { engine })).length, 0);
  });

  test("are measured for as long as there is time, and the next trainings go on with the rest", async (t) => {
    const file = newFile(t);
    const texts = new Set<string>();
    let trainings = 0;
    while ((await open(file, { seconds: 0 })).length === 1) {
      const text = readFileSync(file, "utf8");
      assert.ok(!texts.has(text), "nothing new was found out");
      texts.add(text);
      trainings++;
    }
    assert.ok(trainings > 2 * shapes.length, `${trainings}`);
    assert.match([...texts][0] ?? "", /, of the first 1"/);
    assert.deepEqual(rememberedIn(file), shapes);
    const [tiles = {}] = Object.values<Record<string, string>>(JSON.parse(readFileSync(file, "utf8")));
    for (const tile of Object.values(tiles)) assert.ok(allTiles.map(tileName).includes(tile), tile);
  });

  test("are not measured for a session that is to add up as an earlier one did", async (t) => {
    const { dataset } = setting;
    const network = buildNetwork(setting.experiment);
    const first = await softwareGpu("fast", { tiles: untunedTiles("hardware") }).open(network, dataset, {
      threads: 0,
    });
    const { arrangement } = first;
    await first.close();
    const told: string[] = [];
    const engine = softwareGpu("fast", { tuningFile: newFile(t), tuningSeconds: patience });
    const tell = (line: string) => told.push(line);
    const second = await engine.open(network, dataset, { threads: 0, tell, arrangement });
    assert.equal(second.arrangement, arrangement);
    await second.close();
    assert.deepEqual(told, []);
  });

  test("are not those of another model where a product is small beside others", async (t) => {
    const file = newFile(t);
    await open(file, { seconds: 0 });
    const [[gpu = "", tiles = {}] = []] = Object.entries<Record<string, string>>(
      JSON.parse(readFileSync(file, "utf8")),
    );
    const product = "update 21×8×2";
    writeFileSync(file, JSON.stringify({ [gpu]: { ...tiles, [product]: "16×32×128" } }));
    const network = buildNetwork(
      experiment({ model: { kind: "autoencoder", encoder: [35, 20, 2] }, training: { batch: 8 } }),
    );
    const engine = softwareGpu("fast", { tuningFile: file, tuningSeconds: 0 });
    const session = await engine.open(network, setting.dataset, { threads: 0 });
    const found = arrangedTiles(session.arrangement ?? null, gpu.split(";")[0] ?? "").get(product);
    await session.close();
    const shape: ProductShape = {
      kind: "update",
      rows: 21,
      inner: 8,
      columns: 2,
      input: "matrix",
      end: "matrix",
    };
    assert.deepEqual(found, untunedTiles("software")(shape));
    assert.notEqual(found && tileName(found), "16×32×128");
  });

  test("take the memory of one product at a time, and give it back", async (t) => {
    const memory = watchMemory(t);
    await open(newFile(t));
    assert.equal(memory.most, arenas.length);
    assert.equal(memory.inUse.size, 0);
  });

  test("are not looked for where a product by itself finds no memory", async (t) => {
    const file = newFile(t);
    const memory = watchMemory(t);
    const { buffer } = GpuDevice.prototype;
    const tried = tilesFor(
      largest,
      (await openDevice({ software: true, checks: "fast" })).workgroupMemory,
    ).length;
    let refused = 0;
    t.mock.method(
      GpuDevice.prototype,
      "buffer",
      async function (this: GpuDevice, name: string, bytes: number) {
        const made = await buffer.call(this, name, bytes);
        if (name !== "adam" || refused === tried) return made;
        refused++;
        made.destroy();
        throw new Failure("out-of-memory", "the GPU has no room", "Use less.");
      },
    );
    await open(file);
    assert.equal(refused, tried);
    assert.deepEqual(rememberedIn(file), shapes.slice(1));
    assert.equal(memory.inUse.size, 0);
  });

  test("are not those whose kernels the driver refuses", async (t) => {
    const file = newFile(t);
    const memory = watchMemory(t);
    compileOthers(t, () => {
      throw new Failure("engine-failed", "the GPU's driver cannot compile it", "Update it.");
    });
    await open(file);
    assertUntuned(file);
    assert.equal(memory.inUse.size, 0);
  });

  test("are not those that make other numbers, however fast", async (t) => {
    const file = newFile(t);
    compileOthers(t, () => "@compute @workgroup_size(1) fn main() {}");
    await open(file);
    assertUntuned(file);
  });
});

test("a product by itself is the same in one part and in several", { skip: noSoftwareGpu }, async () => {
  const device = await openDevice({ software: true, checks: "fast" });
  const network = buildNetwork(setting.experiment);
  // Too wide to be part of the chain itself.
  const sizes = { rows: 8, inner: 1030, columns: 20, end: "chain" } as const;
  const [tile] = allTiles;
  assert.ok(tile);
  for (const shape of [
    { ...sizes, kind: "forward", input: "images" },
    { ...sizes, kind: "inputGradient", input: "matrix" },
  ] as const) {
    const results: Float32Array[] = [];
    for (const parts of [1, 3]) {
      const { options, fillIn, result } = loneProduct(network, shape, { ...tile, parts });
      const machine = await Machine.open(device, options);
      await fillIn(machine);
      const range = { split: null, ordered: false, count: 8, batch: 8, firstStep: 0, globalStep: 0 };
      await machine.run("train", 1, range);
      results.push(await result(machine));
      machine.close();
    }
    const [whole, added] = results;
    assert.ok(whole && added);
    assert.ok(whole.some((value) => value !== 0));
    // Sums of 1030 products, in another order.
    const { relative } = deviation(added, whole);
    assert.ok(relative < 1e-6, `${shape.kind}: ${relative}`);
    assert.notDeepEqual(added, whole);
  }
});

test("no tile that is tried takes more memory than the GPU has for a workgroup, and all have more where there is more", () => {
  const factor = (along: "inner" | "outer"): Factor => ({
    along,
    place: () => "0u",
    at: () => "vec4f()",
    raw: "vec4f",
    values: (raw) => raw,
  });
  const product = { rows: 128, columns: 400, inner: 784, after: "" };
  const shape: ProductShape = { ...product, kind: "forward", input: "images", end: "chain" };
  const bytesOf = (tile: Tile) =>
    16 * productJob({ ...product, left: factor("inner"), right: factor("outer") }, tile).shared;
  const most = (memory: number) => Math.max(...tilesFor(shape, memory).map(bytesOf));
  assert.equal(most(16_384), 16_384);
  assert.ok(most(32_768) > 16_384 && most(32_768) <= 32_768);
  assert.deepEqual(
    allTiles.filter((tile) => !tilesFor(shape, 32_768).map(tileName).includes(tileName(tile))),
    [],
  );
});

test("a tile is known by its name, whatever its block and its parts", () => {
  const names = allTiles.flatMap((tile) => [1, 2, 4, 8].map((parts) => tileName({ ...tile, parts })));
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.equal(tileName(tileIn(name) ?? assert.fail(name)), name);
});

test("among tiles that are nearly as fast as each other, it is always the same", () => {
  const timed = (...seconds: number[]) =>
    seconds.map((each, index) => ({ tile: allTiles[index] as (typeof allTiles)[number], seconds: each }));
  assert.equal(firstAmongFastest(timed(1.04, 1, 1.02)), allTiles[0]);
  assert.equal(firstAmongFastest(timed(1, 1.04, 1.02)), allTiles[0]);
  assert.equal(firstAmongFastest(timed(1.2, 1.03, 1)), allTiles[1]);
  assert.equal(firstAmongFastest([]), null);
});

test("an arrangement holds for the GPU that it was made on, and for tiles that there are", () => {
  const [tile] = allTiles;
  assert.ok(tile);
  const text = arrangementOf("GPU 1", new Map([["forward 8×20×35", tile]]));
  assert.deepEqual([...arrangedTiles(text, "GPU 1")], [["forward 8×20×35", tile]]);
  for (const other of [null, "", "{", "[1]", '"GPU 1"', text.replace("16×16", "1×1")])
    assert.equal(arrangedTiles(other, "GPU 1").size, 0, `${other}`);
  assert.equal(arrangedTiles(text, "GPU 2").size, 0);
});
