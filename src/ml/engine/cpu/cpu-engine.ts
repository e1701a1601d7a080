/**
 * The CPU engine: WebAssembly SIMD on worker threads over one shared memory. See ../engine.ts for what an engine
 * promises, lower.ts for how a Program gets here and assembly/ for the kernels.
 */
import { cpus } from "node:os";
import { Failure } from "../../../contract/failure.ts";
import type { Dataset } from "../../data/dataset.ts";
import { fusePlan } from "../../model/fuse.ts";
import type { Network } from "../../model/network.ts";
import { planNetwork } from "../../model/plan.ts";
import type { Plan } from "../../model/program.ts";
import type { Device, Engine, EngineOptions, Session, Unavailable } from "../engine.ts";
import { CpuSession } from "./cpu-session.ts";
import { defaultThreads, type Kernels, loadKernels } from "./kernels.ts";

/** The engine on the fused Program. */
export function createCpuEngine(): Engine {
  return new CpuEngine((plan) => fusePlan(plan));
}

/** The same kernels on the plain Program, one operation after the other: what fusion is tested against. */
export function createUnfusedCpuEngine(): Engine {
  return new CpuEngine((plan) => plan);
}

class CpuEngine implements Engine {
  readonly name = "cpu";
  readonly #rewrite: (plan: Plan) => Plan;

  constructor(rewrite: (plan: Plan) => Plan) {
    this.#rewrite = rewrite;
  }

  async probe(options: EngineOptions): Promise<Device | Unavailable> {
    try {
      return describe(await loadKernels(), threadsOf(options));
    } catch (error) {
      if (error instanceof Failure) return { available: false, reason: error.message, hint: error.hint };
      throw error;
    }
  }

  async open(network: Network, dataset: Dataset | null, options: EngineOptions): Promise<Session> {
    const kernels = await loadKernels();
    const threads = threadsOf(options);
    const plan = this.#rewrite(planNetwork(network));
    return new CpuSession(network, plan, dataset, kernels, describe(kernels, threads));
  }
}

function threadsOf(options: EngineOptions): number {
  return options.threads === 0 ? defaultThreads() : options.threads;
}

function describe(kernels: Kernels, threads: number): Device {
  const processor = cpus()[0]?.model.trim() ?? process.arch;
  const width = kernels.wide ? "256-bit" : "128-bit";
  return {
    available: true,
    description: `${processor}, WebAssembly SIMD ${width}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    threads,
  };
}
