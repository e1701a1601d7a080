/**
 * The CPU engine's worker threads. Compute happens only here; the thread that talks to the user stays free.
 */
import { Worker } from "node:worker_threads";
import { Failure, firstLine } from "../../../contract/failure.ts";
import { assetPath } from "../../assets.ts";

export interface WorkerSetup {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Address of the control block. */
  readonly control: number;
  readonly thread: number;
  readonly threads: number;
}

export interface WorkerTask {
  readonly steps: number;
}

export type WorkerReply = { readonly ok: true } | { readonly ok: false; readonly message: string };

export class WorkerPool {
  readonly #workers: readonly Worker[];
  #failure: Failure | null = null;
  #fail: (failure: Failure) => void = () => {};

  constructor(setup: Omit<WorkerSetup, "thread">) {
    this.#workers = Array.from({ length: setup.threads }, (_, thread) => {
      const worker = new Worker(assetPath("cpu-worker.js"), {
        name: `latent-lab compute ${thread}`,
        workerData: { ...setup, thread } satisfies WorkerSetup,
      });
      worker.on("error", (error) => this.#onFailure(firstLine(error.message)));
      worker.on("exit", (code) => this.#onFailure(`a worker thread ended with code ${code}`));
      worker.unref(); // an idle pool keeps no process alive; a task does
      return worker;
    });
  }

  /** Runs `steps` steps of the records the control block names, on all threads. */
  run(steps: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      let waiting = this.#workers.length;
      this.#fail = reject;
      for (const worker of this.#workers) {
        worker.ref();
        worker.once("message", (message: WorkerReply) => {
          worker.unref();
          if (!message.ok) this.#onFailure(message.message);
          else if (--waiting === 0) resolve();
        });
        worker.postMessage({ steps } satisfies WorkerTask);
      }
    });
  }

  async close(): Promise<void> {
    this.#failure ??= new Failure("engine-failed", "the CPU engine's session is closed", "Open a new one.");
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #onFailure(detail: string): void {
    if (this.#failure) return;
    this.#failure = new Failure(
      "engine-failed",
      `the CPU engine stopped: ${detail}`,
      "Try again; with --threads 1 it needs less memory.",
    );
    this.#fail(this.#failure);
    // The others would wait for the lost one for ever.
    for (const worker of this.#workers) void worker.terminate();
  }
}
