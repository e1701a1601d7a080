/** What was measured before: in the cache folder, the fastest tile of each product, by GPU. */
import * as z from "zod/mini";
import { CacheFile } from "../../data/cache-file.ts";

/** By GPU, then by product: the name of a tile. */
const remembered = z.record(z.string(), z.record(z.string(), z.string()));

export class TileMemory {
  readonly #file: CacheFile<z.infer<typeof remembered>>;
  readonly #gpu: string;
  /** Found out by this process: it is remembered here where the file cannot be written. */
  readonly #found = new Map<string, string>();

  /** `gpu` names all that the measurements hold for. */
  constructor(path: string, gpu: string) {
    this.#file = new CacheFile(path, remembered);
    this.#gpu = gpu;
  }

  /** Names of tiles by product. */
  async recall(): Promise<ReadonlyMap<string, string>> {
    return new Map([...Object.entries((await this.#file.read())[this.#gpu] ?? {}), ...this.#found]);
  }

  async remember(product: string, tile: string): Promise<void> {
    this.#found.set(product, tile);
    await this.#file.change((all) => ({ ...all, [this.#gpu]: { ...all[this.#gpu], [product]: tile } }));
  }
}
