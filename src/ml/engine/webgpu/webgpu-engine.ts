/**
 * The WebGPU engine: the planned Program as WGSL kernels, run by Dawn on any GPU. See ../engine.ts for what an engine
 * promises, lower.ts for how a Program gets here and wgsl/ for the kernels.
 */
import { Failure } from "../../../contract/failure.ts";
import type { Dataset } from "../../data/dataset.ts";
import { fusePlan } from "../../model/fuse.ts";
import type { Network } from "../../model/network.ts";
import { planNetwork } from "../../model/plan.ts";
import type { Device, Engine, Session, Unavailable } from "../engine.ts";
import { type FoundAdapter, parseWishes, type WebgpuWishes } from "./adapter.ts";
import { openDevice } from "./gpu-device.ts";
import { Machine } from "./machine.ts";
import { runSelfTest, selfTestDataset, selfTestNetwork } from "./self-test.ts";
import { type Tiles, untunedTiles } from "./tiles.ts";
import { WebgpuSession } from "./webgpu-session.ts";

/** How the engine goes about it; results differ by rounding at most. */
export interface WebgpuVariant {
  /** "plain" runs the planner's Program one operation after the other: what fusion is tested against. */
  readonly program?: "fused" | "plain";
  /** Left out: what LATENT_LAB_WEBGPU says. */
  readonly wishes?: WebgpuWishes;
  readonly tiles?: Tiles;
}

/** Images evaluated or encoded at a time, at least: small training batches need not make evaluation slow. */
const minimumRows = 128;

export function createWebgpuEngine(variant: WebgpuVariant = {}): Engine {
  return new WebgpuEngine(variant);
}

class WebgpuEngine implements Engine {
  readonly name = "webgpu";
  readonly #variant: WebgpuVariant;

  constructor(variant: WebgpuVariant) {
    this.#variant = variant;
  }

  async probe(): Promise<Device | Unavailable> {
    try {
      const session = await this.open(selfTestNetwork, selfTestDataset());
      try {
        await runSelfTest(session);
        return session.device;
      } finally {
        await session.close();
      }
    } catch (error) {
      if (error instanceof Failure) return { available: false, reason: error.message, hint: error.hint };
      throw error;
    }
  }

  async open(network: Network, dataset: Dataset | null): Promise<Session> {
    const { program = "fused" } = this.#variant;
    const gpu = await openDevice(this.#variant.wishes ?? parseWishes(process.env.LATENT_LAB_WEBGPU));
    const { software } = gpu.found;
    const tiles = this.#variant.tiles ?? untunedTiles(software ? "software" : "hardware");
    const plain = planNetwork(network);
    const plan = program === "plain" ? plain : fusePlan(plain);
    const rows = Math.max(network.batch, minimumRows);
    const machine = await Machine.open(gpu, { network, plan, dataset, rows, program, tiles });
    if (dataset !== null && !software) machine.prepare();
    return new WebgpuSession(network, plan, dataset, gpu, machine, describe(gpu.found));
  }
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
