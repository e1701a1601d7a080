/**
 * A GPU device: buffers, pipelines, submissions and readback, with everything that can go wrong as a Failure. After a
 * failure (the device was lost or fell silent, its memory cannot be read) every later call ends with the same one, and
 * whoever asks for a device gets a new one. Until then one serves the whole process, and what it has compiled is compiled.
 */
import { Failure, firstLine, lineOf } from "../../../contract/failure.ts";
import { type FoundAdapter, findAdapter, requireWished, type WebgpuWishes } from "./adapter.ts";
import { Answers, patienceSeconds, remedy } from "./answers.ts";
import { bufferUsage, computeStage, mapModeRead } from "./dawn.ts";
import { arenas } from "./wgsl/prelude.ts";

export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly groups: readonly [number, number];
}

/** Submissions that may wait in the GPU's queue: enough to keep it busy, few enough to stop soon. */
const mostInFlight = 3;

/** Bytes on their way to the GPU, or from it, at once: they take memory twice. */
export const mostOnTheWay = 2 ** 26;
const leastStaged = 2 ** 16;

/** By what is wished for, but for whether it may be in software. */
const devices = new Map<string, Promise<GpuDevice>>();

function keyOf({ checks, adapter = "" }: WebgpuWishes): string {
  return `${checks} ${adapter}`;
}

/** Lets go of the process's device, and of all that it holds; who asks for one gets another. */
export async function closeDevice(wishes: WebgpuWishes): Promise<void> {
  const key = keyOf(wishes);
  const opening = devices.get(key);
  devices.delete(key);
  const known = await opening?.catch(() => null);
  known?.close();
}

/** The process's device. Throws a Failure (engine-unavailable). */
export async function openDevice(wishes: WebgpuWishes): Promise<GpuDevice> {
  const key = keyOf(wishes);
  const known = devices.get(key);
  if ((await known)?.hasFailed && devices.get(key) === known) await closeDevice(wishes);
  const device = await (devices.get(key) ?? opened(wishes));
  await requireWished(device.found, wishes);
  return device;
}

/** Whoever asks meanwhile waits for the same one, or hears why there is none; who asks later has it tried again. */
function opened(wishes: WebgpuWishes): Promise<GpuDevice> {
  const key = keyOf(wishes);
  const opening = findAdapter(wishes).then((found) => GpuDevice.open(found));
  devices.set(key, opening);
  opening.catch(() => {
    if (devices.get(key) === opening) devices.delete(key);
  });
  return opening;
}

export class GpuDevice {
  readonly found: FoundAdapter;
  readonly #device: GPUDevice;
  readonly #inFlight: Promise<unknown>[] = [];
  readonly #answers: Answers;
  readonly #layout: GPUBindGroupLayout;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  #failure: Failure | null = null;
  #staging: GPUBuffer | null = null;
  /** Bytes that were uploaded since nothing was on its way. */
  #onTheWay = 0;

  /** Throws a Failure (engine-unavailable) where the driver refuses. */
  static async open(
    found: FoundAdapter,
    patience: number = patienceSeconds[found.software ? "software" : "hardware"],
  ): Promise<GpuDevice> {
    const { limits } = found.adapter;
    try {
      const device = await new Answers(patience).wait(
        found.adapter.requestDevice({
          requiredLimits: {
            maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
            maxBufferSize: limits.maxBufferSize,
            maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
          },
        }),
      );
      return new GpuDevice(found, device, patience);
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure(
        "engine-unavailable",
        `the GPU cannot be opened (${lineOf(error)})`,
        "Close what else uses it and try again; or use the CPU engine: --engine cpu.",
        { cause: error },
      );
    }
  }

  private constructor(found: FoundAdapter, device: GPUDevice, patience: number) {
    this.found = found;
    this.#device = device;
    this.#answers = new Answers(patience, (silence) => {
      this.#failure ??= silence;
    });
    void device.lost.then(({ reason, message }) => {
      this.#answers.end(this.#fail(`the GPU was lost (${firstLine(message) || reason})`, afterLoss));
    });
    device.addEventListener("uncapturederror", ({ error }) => {
      if (error.constructor.name === "GPUOutOfMemoryError") this.#failure ??= exhausted(error.message);
      else this.#fail(`the GPU's driver reports an error (${firstLine(error.message)})`);
    });
    this.#layout = device.createBindGroupLayout({
      entries: arenas.map(({ access }, binding) => ({
        binding,
        visibility: computeStage,
        buffer: { type: access === "read" ? "read-only-storage" : "storage" },
      })),
    });
  }

  /** Bytes of memory that a workgroup can have. */
  get workgroupMemory(): number {
    return this.#device.limits.maxComputeWorkgroupStorageSize;
  }

  /** Whether nothing can be done with it any more. */
  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  /** Zeroed memory that kernels can use. Throws a Failure (out-of-memory). */
  async buffer(name: string, bytes: number): Promise<GPUBuffer> {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#device.limits;
    if (size > Math.min(maxStorageBufferBindingSize, maxBufferSize)) throw tooLarge(name, size);
    return this.#create(
      name,
      size,
      bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyDestination,
    );
  }

  async #create(label: string, size: number, usage: number): Promise<GPUBuffer> {
    this.#device.pushErrorScope("out-of-memory");
    const buffer = this.#device.createBuffer({ label, size, usage });
    if ((await this.#orLost(this.#device.popErrorScope())) !== null) throw tooLarge(label, size);
    return buffer;
  }

  /** The same as `write` of what may be large: waits where too much would be on its way. */
  async upload(buffer: GPUBuffer, offset: number, data: ArrayBufferView<ArrayBuffer>): Promise<void> {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < bytes.length; at += mostOnTheWay) {
      const piece = bytes.subarray(at, at + mostOnTheWay);
      if (this.#onTheWay + piece.length > mostOnTheWay) await this.written();
      this.write(buffer, offset + at, piece);
      this.#onTheWay += piece.length;
    }
  }

  write(buffer: GPUBuffer, offset: number, data: ArrayBufferView<ArrayBuffer>): void {
    this.#requireAlive();
    this.#device.queue.writeBuffer(buffer, offset, data.buffer, data.byteOffset, data.byteLength);
  }

  /** Zeroes all of a buffer. */
  clear(buffer: GPUBuffer): void {
    this.#requireAlive();
    const encoder = this.#device.createCommandEncoder();
    encoder.clearBuffer(buffer);
    this.#device.queue.submit([encoder.finish()]);
  }

  /** Resolves when all that was written is in the GPU's memory, and no copy of it elsewhere. */
  async written(): Promise<void> {
    this.#requireAlive();
    this.#onTheWay = 0;
    this.#device.queue.submit([]);
    await this.#orLost(this.#device.queue.onSubmittedWorkDone());
  }

  /** `buffers`: one per arena, in their order. */
  bind(buffers: readonly GPUBuffer[]): GPUBindGroup {
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    return this.#device.createBindGroup({ layout: this.#layout, entries });
  }

  /** Compiles WGSL, once. Throws a Failure (engine-failed); what is refused harms nothing else. */
  compile(name: string, source: string): Promise<GPUComputePipeline> {
    const known = this.#pipelines.get(source);
    if (known !== undefined) return known;
    const compiling = this.#compile(name, source);
    this.#pipelines.set(source, compiling);
    return compiling;
  }

  async #compile(name: string, source: string): Promise<GPUComputePipeline> {
    this.#requireAlive();
    const module = this.#device.createShaderModule({ label: name, code: source });
    const pipelineLayout = this.#device.createPipelineLayout({ bindGroupLayouts: [this.#layout] });
    try {
      return await this.#orLost(
        this.#device.createComputePipelineAsync({
          label: name,
          layout: pipelineLayout,
          compute: { module, entryPoint: "main" },
        }),
        (answers, compiled) => answers.waitForCompiler(compiled),
      );
    } catch (error) {
      if (error instanceof Failure) throw error;
      const message = `the GPU's driver cannot compile "${name}" (${lineOf(error)})`;
      throw new Failure("engine-failed", message, remedy, { cause: error });
    }
  }

  /** Runs the pipelines one after the other, `times` times. Waits while too much is in flight already. */
  async submit(bindings: GPUBindGroup, pipelines: readonly Pipeline[], times: number): Promise<void> {
    while (this.#inFlight.length >= mostInFlight)
      await this.#orLost(Promise.all(this.#inFlight.splice(0, 1)));
    this.#requireAlive();
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setBindGroup(0, bindings);
    for (let time = 0; time < times; time++)
      for (const { pipeline, groups } of pipelines) {
        pass.setPipeline(pipeline);
        pass.dispatchWorkgroups(...groups);
      }
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
    this.#inFlight.push(this.#device.queue.onSubmittedWorkDone());
  }

  /** The same once, each pipeline by itself: nothing that the GPU is given takes longer than the longest of them. */
  async submitApart(bindings: GPUBindGroup, pipelines: readonly Pipeline[]): Promise<void> {
    for (const pipeline of pipelines) await this.submit(bindings, [pipeline], 1);
  }

  /** Resolves when everything submitted is done. */
  async finish(): Promise<void> {
    await this.#orLost(Promise.all(this.#inFlight.splice(0)));
    this.#requireAlive();
  }

  /** A copy of `bytes` of `buffer` from `offset` on, after everything submitted before. Both multiples of four. */
  async read(buffer: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    const copy = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += mostOnTheWay)
      await this.#readInto(copy.subarray(at, at + mostOnTheWay), buffer, offset + at);
    return copy.buffer;
  }

  async #readInto(target: Uint8Array, buffer: GPUBuffer, offset: number): Promise<void> {
    this.#requireAlive();
    const { length } = target;
    const known = this.#staging;
    // Where there is one already, the copy is on its way before the caller goes on.
    const staging = known !== null && known.size >= length ? known : await this.#newStaging(length);
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, length);
    this.#device.queue.submit([encoder.finish()]);
    try {
      await this.#orLost(staging.mapAsync(mapModeRead, 0, length));
      target.set(new Uint8Array(staging.getMappedRange(0, length)));
      staging.unmap();
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw this.#fail(`the GPU's memory cannot be read (${lineOf(error)})`);
    }
    // A kernel that was refused leaves old numbers in the buffer.
    this.#requireAlive();
  }

  /** Ends whatever is under way, with a Failure. */
  close(): void {
    this.#fail("the GPU's device is closed");
    // Which would wait for what is under way.
    if (!this.#answers.isSilent) this.#device.destroy();
  }

  async #newStaging(bytes: number): Promise<GPUBuffer> {
    this.#staging?.destroy();
    this.#staging = null;
    const size = 2 ** Math.ceil(Math.log2(Math.max(bytes, leastStaged)));
    const usage = bufferUsage.mapRead | bufferUsage.copyDestination;
    this.#staging = await this.#create("copy of its results", size, usage);
    return this.#staging;
  }

  /** The answer of the GPU, or why there will be none. */
  #orLost<T>(
    answer: Promise<T>,
    wait: (answers: Answers, answer: Promise<T>) => Promise<T> = (answers, each) => answers.wait(each),
  ): Promise<T> {
    if (this.#failure === null) return wait(this.#answers, answer);
    // Those who come later are told by nobody; nor does anybody hear of this one.
    answer.catch(() => {});
    return Promise.reject(this.#failure);
  }

  #requireAlive(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  #fail(message: string, hint: string = remedy): Failure {
    this.#failure ??= new Failure("engine-failed", message, hint);
    return this.#failure;
  }
}

const afterLoss =
  "A computer that slept and a driver that was restarted lose it; if neither was so, take a smaller batch, update the driver, or do without the GPU: --engine cpu.";

const useLess =
  "Use a smaller batch, narrower layers, smaller images or fewer of them; or the CPU engine: --engine cpu.";

function tooLarge(name: string, bytes: number): Failure {
  const size = `${(bytes / 2 ** 20).toFixed(0)} MiB in one piece`;
  return new Failure("out-of-memory", `the GPU has no room for the ${name} (${size})`, useLess);
}

/** Where no particular thing was asked for: what is copied to the GPU takes memory on its way. */
function exhausted(message: string): Failure {
  return new Failure("out-of-memory", `the GPU has no memory left (${firstLine(message)})`, useLess);
}
