/**
 * The Node that runs the training process, found when it is needed first. What was chosen holds for the window's life;
 * which Nodes have proved themselves is kept for later windows, so that they start trainings at once.
 */
import { stat } from "node:fs/promises";
import * as z from "zod/mini";
import { runtimeVerdictSchema } from "../../contract/runtime.ts";
import { askRuntime } from "./ask-runtime.ts";
import {
  type Answer,
  type Candidate,
  candidatesOf,
  chooseRuntime,
  hasGpuLibrary,
  isBest,
  type Log,
} from "./choose-runtime.ts";

export interface NodeRuntime {
  readonly path: string;
  /** What the process needs besides its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A part of VS Code's Memento. */
export interface Memory {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

export interface RuntimeParts {
  /** The command line tool's script. */
  readonly script: string;
  /** The extension's. */
  readonly version: string;
  readonly memory: Memory;
  readonly log: Log;
  /** What the setting latentLab.node says now. */
  readonly setting: () => string;
}

const memoryKey = "runtimes";
const maximumRemembered = 16;

const rememberedSchema = z.lazy(() =>
  z.record(z.string(), z.object({ stamp: z.string(), verdict: runtimeVerdictSchema })),
);
type Remembered = z.infer<typeof rememberedSchema>;

export class NodeRuntimes {
  readonly #parts: RuntimeParts;
  readonly #withGpu: boolean;
  #chosen: { readonly setting: string; readonly runtime: Promise<NodeRuntime> } | null = null;

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
    this.#withGpu = hasGpuLibrary(parts.script);
  }

  /** Throws a Failure (usage) where the setting names what cannot be run. */
  find(): Promise<NodeRuntime> {
    const setting = this.#parts.setting();
    if (this.#chosen?.setting === setting) return this.#chosen.runtime;
    const runtime = this.#choose(setting);
    const chosen = { setting, runtime };
    this.#chosen = chosen;
    runtime.catch(() => {
      // Tomorrow the file may be there.
      if (this.#chosen === chosen) this.#chosen = null;
    });
    return runtime;
  }

  /** It did not do what it should have: the next time, all are asked anew. */
  async forget({ path }: NodeRuntime): Promise<void> {
    this.#chosen = null;
    const { [path]: _, ...others } = this.#remembered();
    await this.#keep(others);
  }

  #choose(setting: string): Promise<NodeRuntime> {
    const { script, log } = this.#parts;
    const { execPath, platform, env, versions } = process;
    const surroundings = { setting, script, execPath, platform, electron: versions.electron };
    const candidates = candidatesOf({ ...surroundings, searchPath: env.PATH ?? "" });
    return chooseRuntime(candidates, this.#withGpu, (candidate) => this.#ask(candidate), log);
  }

  /** Only the best answers are kept: a worse one may have had a reason that has passed. */
  async #ask(candidate: Candidate): Promise<Answer> {
    const { script } = this.#parts;
    const stamp = await this.#stampOf(candidate.path);
    const remembered = this.#remembered()[candidate.path];
    if (stamp !== null && remembered?.stamp === stamp && isBest(remembered.verdict, this.#withGpu))
      return { kind: "verdict", verdict: remembered.verdict };
    const answer = await askRuntime(script, candidate);
    if (stamp === null || answer.kind !== "verdict" || !isBest(answer.verdict, this.#withGpu)) return answer;
    const { [candidate.path]: _, ...others } = this.#remembered();
    const kept = Object.entries(others).slice(1 - maximumRemembered);
    const all = Object.fromEntries([...kept, [candidate.path, { stamp, verdict: answer.verdict }]]);
    await this.#keep(all);
    return answer;
  }

  /** Another when the file or the extension has changed; null where there is no such file. */
  async #stampOf(path: string): Promise<string | null> {
    return stat(path).then(
      ({ mtimeMs, size }) => `${this.#parts.version} ${mtimeMs} ${size}`,
      () => null,
    );
  }

  async #keep(remembered: Remembered): Promise<void> {
    try {
      await this.#parts.memory.update(memoryKey, remembered);
    } catch {
      // The next window asks again.
    }
  }

  #remembered(): Remembered {
    const remembered = rememberedSchema.safeParse(this.#parts.memory.get(memoryKey));
    return remembered.success ? remembered.data : {};
  }
}
