/**
 * Which tile is fastest for which product on this very GPU: measured before a training that is long enough, and
 * remembered by the GPU, its driver and the kernels' version. What there was no time for the next training goes on with.
 * Nothing that goes wrong here ends a training but the loss of the GPU.
 */
import type { Network } from "../../model/network.ts";
import type { Plan } from "../../model/program.ts";
import type { GpuDevice } from "./gpu-device.ts";
import { type LoneProduct, loneProduct } from "./lone-product.ts";
import { lower } from "./lower.ts";
import { Machine } from "./machine.ts";
import { MemoryMap } from "./memory-map.ts";
import { TileMemory } from "./tile-memory.ts";
import { type ProductShape, type Tiles, tileIn, tileName, tilesFor } from "./tiles.ts";
import { secondsPerStep, secondsPerStepAwake, takeSteps } from "./timing.ts";
import type { Tile } from "./wgsl/tile.ts";

/** To be counted up when what was measured no longer holds: kernels have changed, or which tiles are tried in what order. */
const kernelsVersion = 5;

/** What was measured before on this GPU, remembered in `file`. */
export function tileMemory({ found }: GpuDevice, file: string): TileMemory {
  return new TileMemory(file, `${found.name}; ${found.driver}; kernels ${kernelsVersion}`);
}

/** What a product's tile is chosen by. */
export interface TileChoice {
  readonly network: Network;
  readonly plan: Plan;
  /** For products that no training step of this network has, and for those that are not measured. */
  readonly untuned: Tiles;
  /** Products whose tile is settled already, by their name. */
  readonly settled: ReadonlyMap<string, Tile>;
  /** Null: nothing is measured. */
  readonly memory: TileMemory | null;
}

export interface TuningOptions {
  readonly device: GpuDevice;
  /** After these nothing more is compiled or measured. */
  readonly seconds: number;
  /** Told once, before measurements begin. */
  readonly tell: (remark: string) => void;
}

/** Those that are settled, and untuned ones. */
export function settledFirst({ settled, untuned }: TileChoice): Tiles {
  return (shape) => settled.get(productName(shape)) ?? untuned(shape);
}

/** As far as they were measured before, and whether that is all. */
export async function knownTiles(
  choice: TileChoice,
): Promise<{ readonly tiles: Tiles; readonly isAll: boolean }> {
  const { memory } = choice;
  if (memory === null) return { tiles: settledFirst(choice), isAll: true };
  const { tiles, missing } = await recalled(choice, memory);
  return { tiles, isAll: missing.length === 0 };
}

/** Measured where there is a memory for it. Throws a Failure (engine-failed) where the GPU is lost. */
export async function tunedTiles(
  choice: TileChoice,
  { device, seconds, tell }: TuningOptions,
): Promise<Tiles> {
  const { network, untuned, memory } = choice;
  if (memory === null) return settledFirst(choice);
  const { known, missing, tiles } = await recalled(choice, memory);
  if (missing.length > 0) tell(`finding the fastest kernels for this model on ${device.found.name}`);
  // Those that cost the most come first.
  missing.sort(([, one], [, other]) => multiplications(other) - multiplications(one));
  const end = performance.now() + seconds * 1000;
  for (const [key, shape] of missing) {
    const found = await fastest(device, network, shape, untuned(shape), partlyTried(known.get(key)), end);
    if (found !== null) {
      known.set(key, found);
      await memory.remember(key, found);
    }
    if (performance.now() > end) break;
  }
  return tiles;
}

interface Recalled {
  /** By product; what is found out is added here. */
  readonly known: Map<string, string>;
  /** Still to be measured, in part or altogether. */
  readonly missing: [string, ProductShape][];
  /** As far as they are known. */
  readonly tiles: Tiles;
}

async function recalled(choice: TileChoice, memory: TileMemory): Promise<Recalled> {
  const { network, plan, untuned, settled } = choice;
  const known = new Map(await memory.recall());
  const products = [...productsOf(network, plan, untuned)];
  const most = Math.max(...products.map(([, shape]) => multiplications(shape)));
  // Others may be known from another model, in which they matter: the same model has the same tiles all the same.
  const measured = new Map(products.filter(([, shape]) => multiplications(shape) * negligible >= most));
  const missing = [...measured].filter(([key]) => !settled.has(key) && tileIn(known.get(key)) === null);
  const tiles: Tiles = (shape) => {
    const key = productName(shape);
    const name = measured.has(key) ? known.get(key) : undefined;
    return settled.get(key) ?? tileIn(name) ?? partlyTried(name)?.best ?? untuned(shape);
  };
  return { known, missing, tiles };
}

interface PartlyTried {
  readonly best: Tile;
  readonly tried: number;
}

/** What is remembered of a product whose tiles were not all tried: "32×32×64, of the first 8". */
function partlyTried(text: string | undefined): PartlyTried | null {
  const [, name, tried] = /^(.+), of the first (\d{1,4})$/.exec(text ?? "") ?? [];
  const best = tileIn(name);
  return best === null ? null : { best, tried: Number(tried) };
}

export function productName({ kind, rows, columns, inner, input, end }: ProductShape): string {
  const from = input === "images" ? " of images" : "";
  const to = end === "matrix" ? "" : ` to a ${end}`;
  return `${kind} ${rows}×${inner}×${columns}${from}${to}`;
}

/**
 * So many times smaller than the largest product, one is made in the shadow of others that share its dispatch: then it
 * is best in few workgroups, as it is untuned, and not what is fastest by itself.
 */
const negligible = 8;

function multiplications({ rows, columns, inner }: ProductShape): number {
  return rows * columns * inner;
}

/** The products of a training step, by their key. */
function productsOf(network: Network, plan: Plan, untuned: Tiles): ReadonlyMap<string, ProductShape> {
  const shapes = new Map<string, ProductShape>();
  const tiles: Tiles = (shape) => {
    shapes.set(productName(shape), shape);
    return untuned(shape);
  };
  const map = new MemoryMap(plan, network.batch);
  lower(plan.train, network, map, { program: "fused", rows: network.batch, slot: 0, tiles });
  return shapes;
}

/** So many are compiled at once, on threads of their own; then it is looked whether there is time for more. */
const compiledAtOnce = 4;

/**
 * Every tile makes this product many times in a row, the untuned one first, then those most like it. One at a time takes
 * memory: as much as the layer does in training. What makes other numbers of it than the first is wrong. Where time runs
 * out, the best so far, and after how many; `before` is what such a text said. Null where none could be measured.
 */
async function fastest(
  device: GpuDevice,
  network: Network,
  shape: ProductShape,
  untuned: Tile,
  before: PartlyTried | null,
  end: number,
): Promise<string | null> {
  const area = ({ rows, columns }: Tile) => Math.log2(rows * columns);
  const distance = (tile: Tile) => Math.abs(area(tile) - area(untuned));
  const others = tilesFor(shape, device.workgroupMemory).filter(
    (tile) => tileName(tile) !== tileName(untuned),
  );
  others.sort((one, other) => distance(one) - distance(other));
  const all = [untuned, ...others];
  const left = before === null ? all : [before.best, ...all.slice(before.tried)];
  const timed: { readonly tile: Tile; readonly seconds: number }[] = [];
  let expected: Float32Array | null = null;
  // However little time there is, every training gets further than the one before.
  const least = before === null ? 1 : 2;
  let tried = 0;
  while (tried < left.length && (tried < least || performance.now() <= end)) {
    const tiles = left.slice(tried, tried + (tried === 0 ? 1 : compiledAtOnce));
    await Promise.allSettled(
      // Whoever needs one hears of what went wrong.
      tiles.map((tile) => Machine.compile(device, loneProduct(network, shape, tile).options)),
    );
    tried += tiles.length;
    for (const tile of tiles) {
      try {
        // That the GPU has to wake up is no fault of the first tile's.
        const time = timed.length === 0 ? secondsPerStepAwake : secondsPerStep;
        const { result, seconds } = await tryOut(device, shape, loneProduct(network, shape, tile), time);
        expected ??= result;
        if (result === null || expected === null || agrees(result, expected)) timed.push({ tile, seconds });
      } catch (error) {
        // Out of memory, or refused by the driver: another may do.
        if (device.hasFailed) throw error;
      }
    }
  }
  const best = firstAmongFastest(timed);
  if (best === null) return null;
  const ofAll = before === null ? tried : before.tried + tried - 1;
  return ofAll < all.length ? `${tileName(best)}, of the first ${ofAll}` : tileName(best);
}

const tie = 1.05;

/** Of those that differ by so little that they change places from one measurement to the next, always the same. */
export function firstAmongFastest(
  timed: readonly { readonly tile: Tile; readonly seconds: number }[],
): Tile | null {
  const best = Math.min(...timed.map(({ seconds }) => seconds));
  return timed.find(({ seconds }) => seconds <= best * tie)?.tile ?? null;
}

/** Far above what another order of adding up does, far below what a wrong kernel does. */
const tolerance = 1e-4;

function agrees(found: Float32Array, expected: Float32Array): boolean {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.every(
    (value, index) => Math.abs((found[index] ?? Number.NaN) - value) <= tolerance * largest,
  );
}

/** In a matrix: the numbers of larger ones take longer to write and to read than the product itself. */
const mostChecked = 2 ** 24;

/** `result` is null where it is too large to be looked at. */
async function tryOut(
  device: GpuDevice,
  { rows, columns, inner }: ProductShape,
  { options, fillIn, result }: LoneProduct,
  time: typeof secondsPerStep,
): Promise<{ readonly result: Float32Array | null; readonly seconds: number }> {
  const isChecked = Math.max(rows * inner, inner * columns, rows * columns) <= mostChecked;
  const machine = await Machine.open(device, options);
  try {
    if (isChecked) await fillIn(machine);
    await takeSteps(machine, options.rows, 1);
    const made = isChecked ? await result(machine) : null;
    return { result: made, seconds: await time(device, machine, options.rows) };
  } finally {
    machine.close();
  }
}
