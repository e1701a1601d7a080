/**
 * The WebGPU engine: the planned Program as WGSL kernels, run by Dawn on any GPU. See ../engine.ts for what an engine
 * promises, lower.ts for how a Program gets here and wgsl/ for the kernels.
 */
import { join } from "node:path";
import { Failure } from "../../../contract/failure.ts";
import { cacheFolder } from "../../data/cache-folder.ts";
import type { Dataset } from "../../data/dataset.ts";
import { fusePlan } from "../../model/fuse.ts";
import type { Network } from "../../model/network.ts";
import { planNetwork } from "../../model/plan.ts";
import { DriverSilence } from "../driver-trials.ts";
import type { Device, Engine, EngineOptions, Session, Unavailable } from "../engine.ts";
import { rowsAtATime } from "../rows-at-a-time.ts";
import { type FoundAdapter, parseWishes, type WebgpuWishes } from "./adapter.ts";
import { arrangedTiles, arrangementOf } from "./arrangement.ts";
import { closeDevice, type GpuDevice, openDevice } from "./gpu-device.ts";
import { Machine, type MachineOptions } from "./machine.ts";
import { runSelfTest, selfTestDataset, selfTestNetwork } from "./self-test.ts";
import type { TileMemory } from "./tile-memory.ts";
import {
  knownTiles,
  productName,
  settledFirst,
  type TileChoice,
  tileMemory,
  tunedTiles,
} from "./tile-tuning.ts";
import { type Tiles, untunedTiles } from "./tiles.ts";
import { tuningBudget } from "./tuning-budget.ts";
import { WebgpuSession } from "./webgpu-session.ts";
import type { Tile } from "./wgsl/tile.ts";

/** How the engine goes about it; results differ by rounding at most. */
export interface WebgpuVariant {
  /** "plain" runs the planner's Program one operation after the other: what fusion is tested against. */
  readonly program?: "fused" | "plain";
  /** Left out: what LATENT_LAB_WEBGPU says. */
  readonly wishes?: WebgpuWishes;
  /** Left out: the fastest, as far as they were measured, and others by rule. */
  readonly tiles?: Tiles;
  /** Where measurements are remembered. Left out: in the cache folder; on a GPU in software nothing is measured. */
  readonly tuningFile?: string;
  /** How long measurements may take, whatever is trained afterwards. Left out: what is worth it (see tuning-budget.ts). */
  readonly tuningSeconds?: number;
}

/** Of a session that only encodes and decodes. */
const rowsWithoutDataset = 128;

type Planned = Pick<MachineOptions, "network" | "plan" | "program" | "rows">;

export function createWebgpuEngine(variant: WebgpuVariant = {}): Engine {
  return new WebgpuEngine(variant);
}

class WebgpuEngine implements Engine {
  readonly name = "webgpu";
  readonly #variant: WebgpuVariant;
  /** What was measured, though it could not be written down. */
  readonly #memories = new WeakMap<GpuDevice, TileMemory>();

  constructor(variant: WebgpuVariant) {
    this.#variant = variant;
  }

  async probe(): Promise<Device | Unavailable> {
    try {
      const device = await this.#device();
      const dataset = selfTestDataset();
      const planned = this.#planned(selfTestNetwork, dataset);
      const opened = await openMachine(device, planned, dataset, defaultTiles(device));
      const session = await openSession(device, planned, dataset, opened);
      try {
        await runSelfTest(session);
        return session.device;
      } finally {
        await session.close();
      }
    } catch (error) {
      // That is more than a reason not to use it.
      if (error instanceof DriverSilence) throw error;
      if (error instanceof Failure) return { available: false, reason: error.message, hint: error.hint };
      throw error;
    }
  }

  async open(network: Network, dataset: Dataset | null, options: EngineOptions): Promise<Session> {
    const device = await this.#device();
    const planned = this.#planned(network, dataset);
    const choice = this.#tileChoice(device, planned, options.arrangement ?? null);
    const opened =
      dataset === null
        ? await openMachine(device, planned, null, settledFirst(choice))
        : await this.#openForTraining(device, planned, dataset, choice, options);
    return openSession(device, planned, dataset, opened);
  }

  anticipate(network: Network, dataset: Dataset, { arrangement = null }: EngineOptions): void {
    // Whoever opens the session hears of what went wrong.
    this.#compileAhead(network, dataset, arrangement).catch(() => {});
  }

  async requireRoom(network: Network, dataset: Dataset): Promise<void> {
    const device = await this.#device();
    const planned = this.#planned(network, dataset);
    await Machine.requireRoom(device, { ...planned, dataset, tiles: defaultTiles(device) });
  }

  async release(): Promise<void> {
    await closeDevice(this.#wishes);
  }

  /** On tiles that are measured first, where the training is long enough for that. */
  async #openForTraining(
    device: GpuDevice,
    planned: Planned,
    dataset: Dataset,
    choice: TileChoice,
    { steps = 0, tell = () => {} }: EngineOptions,
  ): Promise<Opened> {
    const { tuningSeconds } = this.#variant;
    const openTuned = async (seconds: number): Promise<Opened> =>
      openMachine(device, planned, dataset, await tunedTiles(choice, { device, seconds, tell }));
    if (tuningSeconds !== undefined) return openTuned(tuningSeconds);
    const { tiles, isAll } = await knownTiles(choice);
    const opened = await openMachine(device, planned, dataset, tiles);
    if (isAll) return opened;
    const { machine } = opened;
    const seconds = await orClosed(machine, tuningBudget(device, machine, planned.network.batch, steps));
    if (seconds > 0) {
      machine.close();
      return openTuned(seconds);
    }
    machine.clearLayers();
    return opened;
  }

  async #compileAhead(network: Network, dataset: Dataset, arrangement: string | null): Promise<void> {
    const device = await this.#device();
    const planned = this.#planned(network, dataset);
    const { tiles } = await knownTiles(this.#tileChoice(device, planned, arrangement));
    await Machine.compile(device, { ...planned, dataset, tiles });
  }

  #tileChoice(device: GpuDevice, { network, plan }: Planned, arrangement: string | null): TileChoice {
    const { tiles, tuningFile } = this.#variant;
    const untuned = tiles ?? defaultTiles(device);
    const settled = arrangedTiles(arrangement, device.found.name);
    const isMeasured = tiles === undefined && (!device.found.software || tuningFile !== undefined);
    return { network, plan, untuned, settled, memory: isMeasured ? this.#memoryOf(device) : null };
  }

  #memoryOf(device: GpuDevice): TileMemory {
    const file = this.#variant.tuningFile ?? join(cacheFolder(process.env), "webgpu-tiles.json");
    const memory = this.#memories.get(device) ?? tileMemory(device, file);
    this.#memories.set(device, memory);
    return memory;
  }

  #planned(network: Network, dataset: Dataset | null): Planned {
    const { program = "fused" } = this.#variant;
    const plain = planNetwork(network);
    const plan = program === "plain" ? plain : fusePlan(plain);
    // No step has more images than there are: rows beyond them would be computed for nothing.
    const batch = Math.min(network.batch, dataset?.train.count ?? rowsWithoutDataset);
    const fitting = { ...network, batch };
    return { network: fitting, plan, program, rows: rowsAtATime(fitting) };
  }

  async #device(): Promise<GpuDevice> {
    return openDevice(this.#wishes);
  }

  get #wishes(): WebgpuWishes {
    return this.#variant.wishes ?? parseWishes(process.env.LATENT_LAB_WEBGPU);
  }
}

interface Opened {
  readonly machine: Machine;
  readonly arrangement: string;
}

async function openMachine(
  device: GpuDevice,
  planned: Planned,
  dataset: Dataset | null,
  chosen: Tiles,
): Promise<Opened> {
  const taken = new Map<string, Tile>();
  const tiles: Tiles = (shape) => {
    const tile = chosen(shape);
    taken.set(productName(shape), tile);
    return tile;
  };
  const machine = await Machine.open(device, { ...planned, dataset, tiles });
  return { machine, arrangement: arrangementOf(device.found.name, taken) };
}

function openSession(
  device: GpuDevice,
  { network, plan }: Planned,
  dataset: Dataset | null,
  opened: Opened,
): Promise<WebgpuSession> {
  const parts = { ...opened, device: describe(device.found), network, plan, dataset, gpu: device };
  return orClosed(opened.machine, WebgpuSession.open(parts));
}

/** What this machine is for; where that fails, it is closed. */
async function orClosed<T>(machine: Machine, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    machine.close();
    throw error;
  }
}

function defaultTiles({ found }: GpuDevice): Tiles {
  return untunedTiles(found.software ? "software" : "hardware");
}

function describe({ name, driver, software }: FoundAdapter): Device {
  return {
    available: true,
    description: software ? `${name}, in software on the processor` : name,
    threads: 0,
    memory: null,
    driver,
  };
}
