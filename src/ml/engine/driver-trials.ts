/**
 * A broken driver ends the process that asks it, with no error to catch. So whoever asks one leaves a mark in a folder,
 * and takes it away however that ends but by such a death: the next process finds the marks of those that died.
 */
import { rmSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "../folders.ts";
import { livenessOf, ownIdentity, processIdentitySchema } from "../process-identity.ts";

/** A death may have been somebody's kill -9, or the machine's end; a second one is the driver's doing. */
const convincing = 2;

export class DriverTrials {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whether the driver has ended process after process. */
  async endInDeath(): Promise<boolean> {
    return (await this.#deaths()).length >= convincing;
  }

  /** Asks the driver. Where no mark can be left, it is asked all the same. */
  async run<Result>(ask: () => Promise<Result>): Promise<Result> {
    const mark = join(this.#folder, `${process.pid}.json`);
    // Ctrl-C and an error that ends the process are no death of the driver's.
    const takeAway = () => rmSync(mark, { force: true });
    if (!(await this.#leave(mark))) return ask();
    process.once("exit", takeAway);
    try {
      return await ask();
    } finally {
      process.off("exit", takeAway);
      await rm(mark, { force: true });
    }
  }

  /** The driver has done all that was asked of it: what it did before counts no more. */
  async passed(): Promise<void> {
    for (const mark of await this.#deaths()) await rm(mark, { force: true });
  }

  /** The marks of those that died. */
  async #deaths(): Promise<readonly string[]> {
    const names = await readdir(this.#folder).catch((): string[] => []);
    const marks = names.map((name) => join(this.#folder, name));
    const dead = await Promise.all(marks.map(isOfTheDead));
    return marks.filter((_, index) => dead[index]);
  }

  async #leave(mark: string): Promise<boolean> {
    try {
      await makeFolder(this.#folder);
      await writeFile(mark, JSON.stringify(await ownIdentity()));
      return true;
    } catch {
      return false;
    }
  }
}

async function isOfTheDead(mark: string): Promise<boolean> {
  try {
    const identity = processIdentitySchema.parse(JSON.parse(await readFile(mark, "utf8")));
    return (await livenessOf(identity)) === "dead";
  } catch {
    // Being written or being taken away; or cut short by a death, which the next one will show.
    return false;
  }
}
