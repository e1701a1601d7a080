/**
 * The control block: what the kernels are told from call to call. Layout as in layout.ts.
 */
import { lossScale, type Network } from "../../model/network.ts";
import * as at from "./layout.ts";
import type { MemoryMap } from "./memory-map.ts";
import type { PlacedProgram } from "./programs.ts";

/** The images a call goes through, in steps of `batch`. */
export interface ImageRange {
  /** Address of the split's pixels. */
  readonly pixels: number;
  /** Address of the order of the images; 0: as they lie. */
  readonly order: number;
  readonly count: number;
  readonly batch: number;
  /** Step of the range to begin with. */
  readonly firstStep: number;
}

export class ControlBlock {
  readonly #view: DataView;

  constructor(buffer: ArrayBufferLike, map: MemoryMap, network: Network, wide: boolean) {
    this.#view = new DataView(buffer, map.control, at.CONTROL_BYTES);
    const { loss, optimizer, seed, pixels } = network;
    this.#setU32(at.ROWS_CAPACITY, map.capacity);
    this.#setU32(at.PIXELS, pixels);
    this.#setU32(at.SEED, seed);
    this.#setU32(at.LOSS_SLOTS, map.lossSlots);
    this.#setU32(at.ADAM_SLOTS, map.adamSlots);
    this.#setU32(at.SCRATCH, map.scratch);
    this.#setU32(at.WIDE, wide ? 1 : 0);
    this.#setU32(at.KL_PER_IMAGE, loss.reduction === "mean" ? 1 : 0);
    this.#setF32(at.KL_SCALE, loss.beta * lossScale(network));
    this.#setF32(at.BETA1, optimizer.beta1);
    this.#setF32(at.BETA2, optimizer.beta2);
    this.#setF32(at.ONE_MINUS_BETA1, 1 - optimizer.beta1);
    this.#setF32(at.ONE_MINUS_BETA2, 1 - optimizer.beta2);
  }

  /** `step` counts all training steps before this call. */
  prepare(program: PlacedProgram, images: ImageRange, step: number): void {
    this.#setU32(at.RECORDS, program.address);
    this.#setU32(at.RECORD_COUNT, program.records.length);
    this.#setU32(at.DATASET, images.pixels);
    this.#setU32(at.ORDER, images.order);
    this.#setU32(at.IMAGE_COUNT, images.count);
    this.#setU32(at.BATCH, images.batch);
    this.#setU32(at.EPOCH_STEP, images.firstStep);
    this.#setU32(at.GLOBAL_STEP, step);
  }

  #setU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }

  #setF32(offset: number, value: number): void {
    this.#view.setFloat32(offset, value, true);
  }
}
