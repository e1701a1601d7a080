/**
 * One worker thread of the CPU engine: an instance of the kernels on the shared memory, waiting for work.
 * All it ever does between two messages happens inside WebAssembly.
 */
import { parentPort, workerData } from "node:worker_threads";
import { instantiate } from "./kernels.ts";
import type { WorkerReply, WorkerSetup, WorkerTask } from "./worker-pool.ts";

const { module, memory, control, thread, threads }: WorkerSetup = workerData;
const kernels = instantiate(module, memory);
const port = parentPort;
if (port === null) throw new Error("this module runs as a worker thread");

const reply = (message: WorkerReply): void => port.postMessage(message);
port.on("message", ({ steps }: WorkerTask) => {
  try {
    kernels.run(control, thread, threads, steps);
    reply({ ok: true });
  } catch (error) {
    reply({ ok: false, message: error instanceof Error ? error.message : String(error) });
  }
});
