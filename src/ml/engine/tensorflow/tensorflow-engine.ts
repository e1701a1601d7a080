/**
 * The TensorFlow engine: `@tensorflow/tfjs-node-gpu`, for those who have its CUDA. The package is no dependency, not
 * even an optional one, because its install script downloads from where not everybody can, and no installation of
 * ours may fail on that. It is looked for (find-package.ts), tried out in a process of its own (probe-package.ts), and
 * only when that one has seen a GPU is it loaded into this one. See ../engine.ts for what an engine promises.
 *
 * Native code runs off no thread of ours: it keeps this one for the length of a step, after which others get a turn.
 */
import { Failure, lineOf } from "../../../contract/failure.ts";
import type { Dataset } from "../../data/dataset.ts";
import type { Network } from "../../model/network.ts";
import type { Device, Engine, EngineOptions, Session, Unavailable } from "../engine.ts";
import { findTensorflow, type TensorflowPackage } from "./find-package.ts";
import { GuardedSession, guarded } from "./guarded-session.ts";
import { loadTensorflow, type Tensorflow, usesGpu } from "./library.ts";
import { type Probe, type ProbeOptions, probePackage } from "./probe-package.ts";
import { TensorflowSession } from "./tensorflow-session.ts";

export type TensorflowEngineOptions = Partial<Pick<ProbeOptions, "environment" | "patienceMilliseconds">>;

/** `environment` is this process's where left out; it says where the package is and whether a GPU is a must. */
export function createTensorflowEngine(options: TensorflowEngineOptions = {}): Engine {
  return new TensorflowEngine({ environment: process.env, ...options });
}

interface Trial {
  readonly found: TensorflowPackage;
  readonly probe: Probe;
}

class TensorflowEngine implements Engine {
  readonly name = "tensorflow";
  readonly #options: ProbeOptions;
  #trial: Promise<Trial | Unavailable> | null = null;

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  async probe(_: EngineOptions): Promise<Device | Unavailable> {
    const trial = await this.#try();
    return "probe" in trial ? trial.probe.device : trial;
  }

  async open(network: Network, dataset: Dataset | null, _: EngineOptions): Promise<Session> {
    const trial = await this.#try();
    if (!("probe" in trial)) throw unavailable(trial);
    const { found, probe } = trial;
    if (!probe.device.available) throw unavailable(probe.device);
    const { device } = probe;
    const tf = await load(found, probe);
    return guarded(() => new GuardedSession(new TensorflowSession(tf, network, dataset, device)));
  }

  /** Once: an engine does not change its mind while it is used. */
  #try(): Promise<Trial | Unavailable> {
    this.#trial ??= this.#tryOnce();
    return this.#trial;
  }

  async #tryOnce(): Promise<Trial | Unavailable> {
    const found = await findTensorflow(this.#options.environment);
    return "folder" in found ? { found, probe: await probePackage(found, this.#options) } : found;
  }
}

/** Into this process, where it must find what the probe found. */
async function load({ folder, name }: TensorflowPackage, probe: Probe): Promise<Tensorflow> {
  let tf: Tensorflow;
  try {
    tf = await loadTensorflow(folder);
  } catch (error) {
    throw new Failure(
      "engine-unavailable",
      `${name} cannot be loaded (${lineOf(error)})`,
      "Try again, or choose another engine.",
      { cause: error },
    );
  }
  if (usesGpu(tf) === probe.usesGpu) return tf;
  throw new Failure(
    "engine-unavailable",
    `${name} found a GPU when it was tried, and none when it was to be used`,
    "End what else uses the GPU and try again, or choose another engine.",
  );
}

function unavailable({ reason, hint }: Unavailable): Failure {
  return new Failure("engine-unavailable", reason, hint);
}
