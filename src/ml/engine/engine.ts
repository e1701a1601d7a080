/**
 * The engine boundary: the one seam between training and what does the arithmetic.
 *
 * An engine turns a Network (layers, shapes, parameters; see ../model/network.ts) into a Session that holds the
 * parameters, Adam's moments and the dataset in memory of its own, and runs many steps per call. The caller
 * decides when to evaluate, checkpoint and stop; the engine never looks at a clock, a file or a setting.
 *
 * What a Session promises:
 * - **Determinism.** Weights depend on the network, the dataset, the seed and the session's `arrangement` alone: not on
 *   the number of threads, nor on how steps are grouped into calls, nor on evaluations in between. Every random number
 *   is a function of (seed, stream, counter); see ../random.ts.
 * - **Completeness of state.** `restore(await state())` in another process, in a session opened with the same
 *   `arrangement`, continues bit for bit, on the same kind of processor or GPU. State holds the parameters and both moments under the network's tensor names, in the network's shapes (PyTorch's: weight
 *   [outputs, inputs], bias [outputs]), and the number of steps taken. Everything else follows from that number.
 * - **One thing at a time.** Calls do not overlap; the caller awaits each. After an error a session can only be closed.
 *
 * Images and reconstructions cross the boundary as Float32Array in 0..1, row by row; latents as Float32Array
 * [count, latent], for a VAE the means μ.
 */
import type { Evaluation } from "../../contract/losses.ts";
import type { Dataset, SplitName } from "../data/dataset.ts";
import type { Network } from "../model/network.ts";

export interface Device {
  readonly available: true;
  /** "WebAssembly SIMD, 256-bit, 2 threads": what the user is told. */
  readonly description: string;
  /** Worker threads that compute; 0 on a GPU. */
  readonly threads: number;
  /** Bytes of the memory it computes in; null where the system does not tell. */
  readonly memory: number | null;
  /** Name and version of a GPU's driver; null for a processor, or where the system does not tell. */
  readonly driver: string | null;
}

export interface Unavailable {
  readonly available: false;
  /** One line: why this engine cannot run here. */
  readonly reason: string;
  /** One line: what the user can do about it. */
  readonly hint: string;
}

export interface EngineOptions {
  /** Worker threads; 0 leaves the choice to the engine. */
  readonly threads: number;
  /** Hears of what an engine does once and takes its time for. */
  readonly tell?: (remark: string) => void;
  /** An earlier session's, for the same bits. An engine that can make nothing of it goes its own way. */
  readonly arrangement?: string | null;
  /** How many steps it is going to train, about: what an engine measures beforehand should be worth it. Left out: few. */
  readonly steps?: number;
}

export interface Engine {
  readonly name: string;
  /** Finds out, by running it, whether this engine computes correctly on this machine. */
  probe(options: EngineOptions): Promise<Device | Unavailable>;
  /**
   * Parameters start from the network's initialisation and seed. `dataset` is copied; null opens a session that
   * can only encode, decode and restore. Throws a Failure: engine-unavailable, out-of-memory.
   */
  open(network: Network, dataset: Dataset | null, options: EngineOptions): Promise<Session>;
  /**
   * Begins, on the side, with what `open` would wait for; what goes wrong in it, `open` will say. For GPUs, whose
   * drivers compile kernels. Called where a driver's end would be noticed: while the engine is probed, or later.
   */
  anticipate?(network: Network, dataset: Dataset, options: EngineOptions): void;
  /**
   * Takes the memory that a session would, and gives it back: cheaper than to open one. Throws a Failure
   * (out-of-memory). For GPUs, whose memory may be less than that which the dataset lies in.
   */
  requireRoom?(network: Network, dataset: Dataset): Promise<void>;
  /** Lets go of what it holds beyond its sessions, which end by that. For GPUs; it may be used again afterwards. */
  release?(): Promise<void>;
}

/** Sums over the images of one step, in the unit of the experiment's losses (see contract/losses.ts). */
export interface StepLosses {
  readonly images: number;
  /** One entry per step; NaN or infinite where training diverged. KL is zero for a plain autoencoder. */
  readonly reconstruction: Float64Array;
  readonly kl: Float64Array;
  /** Images in each step: the last step of an epoch may hold fewer. */
  readonly imagesPerStep: Int32Array;
}

export interface TensorState {
  readonly value: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
}

export interface TrainingState {
  /** Optimiser steps taken so far, over all epochs. */
  readonly step: number;
  readonly tensors: ReadonlyMap<string, TensorState>;
}

export interface Session {
  readonly device: Device;
  /**
   * In what order it adds up, where the engine chooses among several by what is fastest: in words that only that engine
   * reads, up to some kilobytes. Null where there is one order.
   */
  readonly arrangement: string | null;
  /**
   * Begins, on the side, with what is needed beside training; what goes wrong in it, whoever needs it hears. For GPUs,
   * whose drivers compile one kernel after the other: not before the first step, for which somebody waits.
   */
  prepare?(): void;
  /** Takes `steps` optimiser steps, crossing epoch boundaries where they fall. */
  train(steps: number): Promise<StepLosses>;
  /** Runs the whole split with latent noise from the evaluation stream; training is not disturbed. */
  evaluate(split: SplitName): Promise<Evaluation>;
  /** `images`: [count, pixels] in 0..1. Returns [count, latent]. */
  encode(images: Float32Array): Promise<Float32Array>;
  /** `latents`: [count, latent]. Returns [count, pixels] in 0..1. */
  decode(latents: Float32Array): Promise<Float32Array>;
  state(): Promise<TrainingState>;
  restore(state: TrainingState): Promise<void>;
  close(): Promise<void>;
}
