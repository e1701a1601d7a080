/**
 * Where everything lies in the engine's one shared WebAssembly memory. Addresses are bytes, each at the start of
 * a cache line. Nothing moves after the map is made.
 */
import { Failure } from "../../../contract/failure.ts";
import type { BatchMatrix, LayerParameters, Plan } from "../../model/program.ts";
import { CONTROL_BYTES, PANEL, SCRATCH_BYTES, STEP_ADAM_BYTES, STEP_LOSS_BYTES } from "./layout.ts";
import { panelCount, panelLength, storedColumns } from "./panels.ts";

/** Steps in one call to the kernels, at most; longer trainings are cut. */
export const maximumStepsPerCall = 1024;

const cacheLine = 64;
/** The module keeps its own few constants below. */
const firstAddress = 65_536;
const addressLimit = 2 ** 32 - 65_536;

export interface LayerAddresses {
  readonly weight: number;
  readonly weightM: number;
  readonly weightV: number;
  readonly bias: number;
  readonly biasM: number;
  readonly biasV: number;
  readonly weightGradient: number;
  readonly biasGradient: number;
  /** 0 where no gradient by the layer's input is ever taken. */
  readonly transposed: number;
}

export interface MemoryNeeds {
  readonly plan: Plan;
  readonly pixels: number;
  readonly latent: number;
  /** Rows of the largest batch. */
  readonly rows: number;
  readonly threads: number;
  readonly trainImages: number;
  readonly testImages: number;
}

export class MemoryMap {
  /** Rows every batch matrix has room for: 6 more than whole sixteens, so that a tile's panels do not compete for the same cache sets. */
  readonly capacity: number;
  readonly control: number;
  readonly scratch: number;
  readonly lossSlots: number;
  readonly adamSlots: number;
  readonly order: number;
  readonly trainPixels: number;
  readonly testPixels: number;
  readonly reconstructionPartials: number;
  readonly pixelPartials: number;
  readonly klPartials: number;
  readonly latentSums: number;
  /** Where the batch's images are not zero; see assembly/sparse.ts. */
  readonly masks: number;
  readonly rowLists: number;
  readonly columnLists: number;
  readonly #layers = new Map<LayerParameters, LayerAddresses>();
  readonly #matrices = new Map<BatchMatrix, number>();
  #next = firstAddress;

  constructor(needs: MemoryNeeds) {
    const { plan, pixels, latent } = needs;
    this.capacity = needs.rows + ((22 - (needs.rows % 16)) % 16);
    this.control = this.reserve(CONTROL_BYTES);
    this.scratch = this.reserve(needs.threads * SCRATCH_BYTES);
    this.lossSlots = this.reserve(maximumStepsPerCall * STEP_LOSS_BYTES);
    this.adamSlots = this.reserve(maximumStepsPerCall * STEP_ADAM_BYTES);
    this.order = this.reserve(needs.trainImages * 4);
    this.trainPixels = this.reserve(needs.trainImages * pixels + PANEL);
    this.testPixels = this.reserve(needs.testImages * pixels + PANEL);
    this.reconstructionPartials = this.reserve(panelCount(pixels) * this.capacity * 8);
    this.pixelPartials = this.reserve(panelCount(pixels) * this.capacity * 8);
    this.klPartials = this.reserve(this.capacity * 8);
    this.latentSums = this.reserve(3 * latent * 8);
    const lines = (bytes: number): number => Math.ceil(bytes / cacheLine) * cacheLine;
    this.masks = this.reserve(panelCount(pixels) * this.capacity * 2);
    this.rowLists = this.reserve(Math.ceil(this.capacity / 6) * lines(pixels * 8 + 8));
    this.columnLists = this.reserve(panelCount(pixels) * 3 * lines(this.capacity * 4 + 8));
    const operations = [plan.train, plan.evaluate, plan.encode, plan.decode].flatMap(
      (program) => program.operations,
    );
    const needGradients = new Set<LayerParameters>();
    const needTransposed = new Set<LayerParameters>();
    for (const operation of operations) {
      if (operation.kind === "weightGradient") needGradients.add(operation.layer);
      if (operation.kind === "inputGradient" || operation.kind === "denseInputGradient")
        needTransposed.add(operation.layer);
    }
    for (const layer of plan.layers)
      this.#layers.set(layer, this.#placeLayer(layer, needGradients.has(layer), needTransposed.has(layer)));
    for (const operation of operations)
      for (const value of Object.values(operation))
        if (typeof value === "object" && value !== null && "blocks" in value && !("tensors" in value))
          this.#placeMatrix(value);
    for (const operation of operations)
      if (operation.kind === "dense" && operation.loss?.gradient) this.#placeMatrix(operation.loss.gradient);
  }

  /** Bytes in all. */
  get end(): number {
    return this.#next;
  }

  layer(layer: LayerParameters): LayerAddresses {
    return found(this.#layers.get(layer), layer.name);
  }

  matrix(matrix: BatchMatrix): number {
    return found(this.#matrices.get(matrix), matrix.name);
  }

  /** Room for `bytes` more, all zero. */
  reserve(bytes: number): number {
    const address = this.#next;
    this.#next = Math.ceil((address + bytes) / cacheLine) * cacheLine;
    if (this.#next > addressLimit)
      throw new Failure(
        "out-of-memory",
        `this experiment needs more than the ${(addressLimit / 2 ** 30).toFixed(0)} GiB the CPU engine can address`,
        "Lower training.batch or the widths in model.encoder and model.decoder, or use smaller images or fewer of them.",
      );
    return address;
  }

  #placeMatrix(matrix: BatchMatrix): void {
    if (this.#matrices.has(matrix)) return;
    this.#matrices.set(matrix, this.reserve(panelLength(this.capacity, storedColumns(matrix.blocks)) * 4));
  }

  #placeLayer(layer: LayerParameters, gradients: boolean, transposed: boolean): LayerAddresses {
    const columns = storedColumns(layer.blocks);
    const weightBytes = panelLength(layer.inputs, columns) * 4;
    const biasBytes = panelLength(1, columns) * 4;
    return {
      weight: this.reserve(weightBytes),
      weightM: this.reserve(weightBytes),
      weightV: this.reserve(weightBytes),
      bias: this.reserve(biasBytes),
      biasM: this.reserve(biasBytes),
      biasV: this.reserve(biasBytes),
      weightGradient: gradients ? this.reserve(weightBytes) : 0,
      biasGradient: this.reserve(biasBytes),
      transposed: transposed ? this.reserve(panelLength(panelCount(columns) * PANEL, layer.inputs) * 4) : 0,
    };
  }
}

function found(address: LayerAddresses | undefined, name: string): LayerAddresses;
function found(address: number | undefined, name: string): number;
function found<T>(address: T | undefined, name: string): T {
  if (address === undefined) throw new RangeError(`${name} is not part of the plan`);
  return address;
}
