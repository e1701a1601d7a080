/** A session whose errors are ours: TensorFlow throws texts in its own words wherever it fails. */
import { Failure, lineOf } from "../../../contract/failure.ts";
import type { Evaluation } from "../../../contract/losses.ts";
import type { SplitName } from "../../data/dataset.ts";
import type { Device, Session, StepLosses, TrainingState } from "../engine.ts";

/** What `work` returns. Throws a Failure (out-of-memory, engine-failed) for whatever TensorFlow throws. */
export async function guarded<T>(work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // A caller's mistake stays one; report-failure.ts knows which RangeErrors are memory's.
    if (error instanceof Failure || error instanceof RangeError) throw error;
    const message = lineOf(error).slice(0, 300);
    if (/\bOOM\b|out of memory|RESOURCE_EXHAUSTED|failed to allocate/i.test(message))
      throw new Failure(
        "out-of-memory",
        `TensorFlow has not enough memory (${message})`,
        "Make the model, the batch or the dataset smaller, or end what else uses the GPU.",
        { cause: error },
      );
    throw new Failure(
      "engine-failed",
      `TensorFlow failed (${message})`,
      "Try again, or choose another engine.",
      { cause: error },
    );
  }
}

export class GuardedSession implements Session {
  readonly device: Device;
  readonly arrangement: string | null;
  readonly #session: Session;

  constructor(session: Session) {
    this.device = session.device;
    this.arrangement = session.arrangement;
    this.#session = session;
  }

  train(steps: number): Promise<StepLosses> {
    return guarded(() => this.#session.train(steps));
  }

  evaluate(split: SplitName): Promise<Evaluation> {
    return guarded(() => this.#session.evaluate(split));
  }

  encode(images: Float32Array): Promise<Float32Array> {
    return guarded(() => this.#session.encode(images));
  }

  decode(latents: Float32Array): Promise<Float32Array> {
    return guarded(() => this.#session.decode(latents));
  }

  state(): Promise<TrainingState> {
    return guarded(() => this.#session.state());
  }

  restore(state: TrainingState): Promise<void> {
    return guarded(() => this.#session.restore(state));
  }

  close(): Promise<void> {
    return guarded(() => this.#session.close());
  }
}
