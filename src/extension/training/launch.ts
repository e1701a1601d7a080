/**
 * Starts a training process of its own, detached, and waits until it says where it listens. It outlives this window;
 * whoever comes later finds it by its control file.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ControlFile } from "../../contract/control.ts";
import { Failure, storageFailure } from "../../contract/failure.ts";
import { readControlFile } from "./control-connection.ts";
import { giveWay } from "./priority.ts";
import { processEnvironment } from "./process-environment.ts";
import { started, type Tool, unstartable } from "./tool.ts";

/** From the start of the process to its control file. */
const patienceMilliseconds = 30_000;
const pollMilliseconds = 50;

/** Where a process's control file and what it prints are kept: one folder a process. */
const outputFile = "output.log";

export interface Launch {
  readonly program: Tool;
  /** After `train`. */
  readonly args: readonly string[];
  /** The workspace folder it runs in. */
  readonly folder: string;
  /** Of all control files. */
  readonly controlRoot: string;
}

export interface Launched {
  readonly control: ControlFile;
  /** The control file. */
  readonly path: string;
}

/** Throws a Failure: engine-failed where the process dies or hangs before it can be reached; storage-*; usage. */
export async function launchTraining({ program, args, folder, controlRoot }: Launch): Promise<Launched> {
  const { script, runtimes } = program;
  const node = await runtimes.find();
  const own = join(controlRoot, randomUUID());
  try {
    await mkdir(own, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storageFailure(error, own, "write");
  }
  const output = await open(join(own, outputFile), "a", 0o600);
  try {
    const child = started(node.path, () =>
      spawn(node.path, [script, "train", ...args, "--json", "--control", own], {
        cwd: folder,
        env: processEnvironment(node),
        detached: true,
        stdio: ["ignore", "ignore", output.fd],
      }),
    );
    if (child.pid !== undefined) void giveWay(child.pid);
    const launched = await reached(child, own, node.path);
    child.unref();
    return launched;
  } catch (error) {
    void runtimes.forget(node);
    throw error;
  } finally {
    await output.close();
  }
}

async function reached(child: ChildProcess, own: string, nodePath: string): Promise<Launched> {
  let startError: Error | null = null;
  child.once("error", (error) => {
    startError = error;
  });
  const deadline = Date.now() + patienceMilliseconds;
  for (;;) {
    const found = await findControlFile(own);
    if (found !== null) return found;
    if (startError !== null) throw unstartable(nodePath, startError);
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Failure(
        "engine-failed",
        `the training process ended at once: ${(await lastWords(own)) || `exit code ${child.exitCode}`}`,
        "Try again; if it happens again, name another Node in the setting latentLab.node.",
      );
    if (Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Failure(
        "engine-failed",
        `the training process did not answer within ${patienceMilliseconds / 1000} s and was ended`,
        "Try again when the machine is less busy.",
      );
    }
    await delay(pollMilliseconds);
  }
}

/** The control file in a process's folder, once it is there. */
export async function findControlFile(own: string): Promise<Launched | null> {
  const names = await readdir(own).catch((): string[] => []);
  for (const name of names.filter((candidate) => candidate.endsWith(".json"))) {
    const path = join(own, name);
    const control = await readControlFile(path);
    if (control !== null) return { control, path };
  }
  return null;
}

/** The last line a process printed before it ended. */
async function lastWords(own: string): Promise<string> {
  const text = await readFile(join(own, outputFile), "utf8").catch(() => "");
  return text.trim().split("\n").at(-1)?.slice(0, 500) ?? "";
}
