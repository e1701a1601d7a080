/**
 * The CPU engine: WebAssembly SIMD on worker threads over one shared memory. See ../engine.ts for what an engine
 * promises, lower.ts for how a Program gets here and assembly/ for the kernels.
 */
import { cpus, totalmem } from "node:os";
import { Failure } from "../../../contract/failure.ts";
import type { Dataset } from "../../data/dataset.ts";
import { fusePlan } from "../../model/fuse.ts";
import type { Network } from "../../model/network.ts";
import { planNetwork } from "../../model/plan.ts";
import type { Device, Engine, EngineOptions, Session, Unavailable } from "../engine.ts";
import { CpuSession } from "./cpu-session.ts";
import { defaultThreads, type Kernels, loadKernels, registerBits } from "./kernels.ts";

/** How the engine goes about it; results differ by rounding at most. Left out: the fastest way. */
export interface CpuVariant {
  /** "plain" runs the planner's Program one operation after the other: what fusion is tested against. */
  readonly program?: "fused" | "plain";
  /** Columns of a product at a time: sixteen want 256-bit registers. The bits are the same. */
  readonly columns?: 8 | 16;
}

export function createCpuEngine(variant: CpuVariant = {}): Engine {
  return new CpuEngine(variant);
}

class CpuEngine implements Engine {
  readonly name = "cpu";
  readonly #variant: CpuVariant;

  constructor(variant: CpuVariant) {
    this.#variant = variant;
  }

  async probe(options: EngineOptions): Promise<Device | Unavailable> {
    try {
      return describe(await this.#kernels(), threadsOf(options));
    } catch (error) {
      if (error instanceof Failure) return { available: false, reason: error.message, hint: error.hint };
      throw error;
    }
  }

  async open(network: Network, dataset: Dataset | null, options: EngineOptions): Promise<Session> {
    const kernels = await this.#kernels();
    const threads = threadsOf(options);
    const plain = planNetwork(network);
    const plan = this.#variant.program === "plain" ? plain : fusePlan(plain);
    return new CpuSession(network, plan, dataset, kernels, describe(kernels, threads));
  }

  async #kernels(): Promise<Kernels> {
    const kernels = await loadKernels();
    const { columns } = this.#variant;
    return columns === undefined ? kernels : { ...kernels, wide: columns === 16 };
  }
}

function threadsOf(options: EngineOptions): number {
  return options.threads === 0 ? defaultThreads() : options.threads;
}

function describe(kernels: Kernels, threads: number): Device {
  const processor = cpus()[0]?.model.trim() ?? process.arch;
  return {
    available: true,
    description: `${processor}, WebAssembly SIMD ${registerBits(kernels)}-bit, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    threads,
    memory: totalmem(),
    driver: null,
  };
}
