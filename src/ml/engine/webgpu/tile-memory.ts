/**
 * What was measured before: a file of the cache folder with the fastest tile of each product, by GPU. Where it cannot be
 * read or written, measuring is done again, and nothing else is lost.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod/mini";

/** By GPU, then by product: the name of a tile. */
const remembered = z.record(z.string(), z.record(z.string(), z.string()));
type Remembered = z.infer<typeof remembered>;

export class TileMemory {
  readonly #file: string;
  readonly #gpu: string;

  /** `gpu` names all that the measurements hold for. */
  constructor(file: string, gpu: string) {
    this.#file = file;
    this.#gpu = gpu;
  }

  /** Names of tiles by product. */
  async recall(): Promise<ReadonlyMap<string, string>> {
    return new Map(Object.entries((await this.#read())[this.#gpu] ?? {}));
  }

  /** Other processes may have found out something meanwhile. */
  async remember(product: string, tile: string): Promise<void> {
    const all = await this.#read();
    const text = JSON.stringify({ ...all, [this.#gpu]: { ...all[this.#gpu], [product]: tile } }, null, 2);
    const temporary = `${this.#file}.${process.pid}`;
    try {
      await mkdir(dirname(this.#file), { recursive: true });
      await writeFile(temporary, text);
      await rename(temporary, this.#file);
    } catch {
      // A cache that cannot be written is none.
    }
  }

  async #read(): Promise<Remembered> {
    try {
      const { success, data } = remembered.safeParse(JSON.parse(await readFile(this.#file, "utf8")));
      return success ? data : {};
    } catch {
      // Not there, or not ours.
      return {};
    }
  }
}
