/**
 * A broken driver ends the process that asks it, with no error to catch, or never answers. So whoever asks one leaves a
 * mark in a folder, and takes it away however that ends but so: the next process finds the marks of those that died.
 *
 * Somebody's kill -9 looks the same, and so does on Windows every end that another process brings about, a cancelled
 * command's for one. So a single mark is forgiven, and an old one counts no more.
 */
import { rmSync, writeFileSync } from "node:fs";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../../contract/failure.ts";
import { processIdentity } from "../../contract/process.ts";
import { livenessOf, ownIdentity } from "../../system/process-identity.ts";
import { makeFolder } from "../folders.ts";

/** A second death in a row is the driver's doing. */
const convincing = 2;
const oldMilliseconds = 24 * 60 * 60 * 1000;
/** What ends a process that does not listen. */
const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"] as const;

/** The driver does not answer any more: whoever asks it next would wait in vain as well. */
export class DriverSilence extends Failure {
  constructor(message: string, hint: string) {
    super("engine-failed", message, hint);
  }
}

/** Also where others have said more about it. */
function isSilence(error: unknown): boolean {
  return error instanceof DriverSilence || (error instanceof Failure && isSilence(error.cause));
}

/** This process's mark of a silence: no other process of its number began when it did. */
const silenceEnding = "-silence.json";
const ownSilence = `${process.pid}-${Math.round(performance.timeOrigin)}${silenceEnding}`;

export class DriverTrials {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whether the driver has ended process after process, or left them without an answer. */
  async endInDeath(): Promise<boolean> {
    return (await this.#deaths()).length >= convincing;
  }

  /** Asks the driver. */
  async run<Result>(ask: () => Promise<Result>): Promise<Result> {
    const mark = join(this.#folder, `${process.pid}.json`);
    // Ctrl-C and an error that ends the process are no death of the driver's.
    const takeAway = () => removeNow(mark);
    process.once("exit", takeAway);
    const ignore = beforeSignalsEnd(takeAway);
    try {
      await this.#leave(mark);
      return await ask();
    } catch (error) {
      await this.remember(error);
      throw error;
    } finally {
      ignore();
      process.off("exit", takeAway);
      takeAway();
    }
  }

  /** Where the driver has fallen silent, that counts when this process has ended, as its death would. */
  async remember(error: unknown): Promise<void> {
    if (isSilence(error)) await this.#leave(join(this.#folder, ownSilence));
  }

  /**
   * The driver has answered, unless it fell silent: that it ended processes counts no more. Its silences do: it may be
   * quick to answer and hang in the midst of a training.
   */
  async answered(): Promise<void> {
    await this.#forget((mark) => !mark.endsWith(silenceEnding));
  }

  /** The driver has done all that was asked of it, unless it fell silent: nothing from before counts any more. */
  async passed(): Promise<void> {
    await this.#forget(() => true);
  }

  async #forget(isForgotten: (mark: string) => boolean): Promise<void> {
    const names = await readdir(this.#folder).catch((): string[] => []);
    if (names.includes(ownSilence)) return;
    for (const mark of (await this.#deaths()).filter(isForgotten)) await rm(mark, { force: true });
  }

  /** The marks of those that died lately. */
  async #deaths(): Promise<readonly string[]> {
    const names = await readdir(this.#folder).catch((): string[] => []);
    const marks = names.map((name) => join(this.#folder, name));
    const dead = await Promise.all(marks.map(isOfTheDead));
    return marks.filter((_, index) => dead[index]);
  }

  async #leave(mark: string): Promise<void> {
    try {
      await makeFolder(this.#folder);
      const identity = await ownIdentity();
      // At once: what is being written while the process exits is there afterwards.
      writeFileSync(mark, JSON.stringify(identity));
    } catch {
      // The driver is asked all the same.
    }
  }
}

/** Where nothing can be removed there is nothing. */
function removeNow(mark: string): void {
  try {
    rmSync(mark, { force: true });
  } catch {}
}

/** Has `act` done before a signal ends the process; the function that is returned ends that. */
function beforeSignalsEnd(act: () => void): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    // Whoever listens as well decides whether that is the end.
    if (process.listenerCount(signal) > 1) return;
    act();
    ignore();
    process.kill(process.pid, signal);
  };
  const ignore = () => {
    for (const signal of endingSignals) process.off(signal, onSignal);
  };
  for (const signal of endingSignals) process.on(signal, onSignal);
  return ignore;
}

async function isOfTheDead(mark: string): Promise<boolean> {
  try {
    const { mtime } = await stat(mark);
    if (Date.now() - mtime.getTime() > oldMilliseconds) {
      await rm(mark, { force: true });
      return false;
    }
    const identity = processIdentity().parse(JSON.parse(await readFile(mark, "utf8")));
    return (await livenessOf(identity, mtime.toISOString())) === "dead";
  } catch {
    // Being written or being taken away; or cut short by a death, which the next one will show.
    return false;
  }
}
