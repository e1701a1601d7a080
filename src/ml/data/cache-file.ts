/**
 * A small file of the cache folder, as JSON: what was found out and need not be found out again. Where it cannot be read
 * or written, or holds something else, that is lost, and nothing more.
 */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type * as z from "zod/mini";

export class CacheFile<Content extends Record<string, unknown>> {
  readonly #path: string;
  readonly #schema: z.ZodMiniType<Content>;

  constructor(path: string, schema: z.ZodMiniType<Content>) {
    this.#path = path;
    this.#schema = schema;
  }

  async read(): Promise<Partial<Content>> {
    try {
      const { success, data } = this.#schema.safeParse(JSON.parse(await readFile(this.#path, "utf8")));
      return success ? data : {};
    } catch {
      // Not there, or not ours.
      return {};
    }
  }

  /** `change` is given what other processes may have written meanwhile. */
  async change(change: (content: Partial<Content>) => Partial<Content>): Promise<void> {
    const text = JSON.stringify(change(await this.read()), null, 2);
    const temporary = `${this.#path}.${process.pid}`;
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      await writeFile(temporary, text);
      await rename(temporary, this.#path);
    } catch {
      // A cache that cannot be written is none.
      await rm(temporary, { force: true }).catch(() => {});
    }
  }
}
