/**
 * npm, as the user's machine has it: finding it, and running it without a shell, so that no path and no name is ever
 * read as a command. On Windows that means its script, for npm itself is a batch file there.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import * as z from "zod/mini";
import { Failure } from "../../../contract/failure.ts";
import { windowsProgram } from "../../../system/windows.ts";

/** Of each of its outputs, the last so many characters. */
const keptLength = 2 ** 20;
/** From the request to end to the end by force. */
const patienceMilliseconds = 3000;

export interface Npm {
  readonly command: string;
  readonly args: readonly string[];
}

/** The one on PATH, else the one that came with this Node. Throws a Failure (engine-unavailable). */
export async function findNpm(environment: NodeJS.ProcessEnv): Promise<Npm> {
  const onPath = (environment.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const own = dirname(process.execPath);
  for (const folder of [...onPath, own]) {
    const program = join(folder, "npm");
    if (process.platform !== "win32" && (await isThere(program, constants.X_OK)))
      return { command: program, args: [] };
    const script = join(folder, "node_modules/npm/bin/npm-cli.js");
    if (process.platform === "win32" && (await isThere(script, constants.R_OK)))
      return { command: process.execPath, args: [script] };
  }
  throw new Failure(
    "engine-unavailable",
    "there is no npm on the PATH, and TensorFlow is installed with it",
    "Install Node with its npm, or name a folder that has TensorFlow: LATENT_LAB_TENSORFLOW, in VS Code latentLab.tensorflow.",
  );
}

export interface NpmRun {
  /** The project it works on. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

export interface NpmEnded {
  readonly code: number | null;
  /** What went wrong, in npm's words; null where it named nothing. */
  readonly error: NpmError | null;
}

const errorSchema = z.object({
  /** "ECONNREFUSED", or the exit code of a package's script. */
  code: z.union([z.string(), z.number()]),
  summary: z.string(),
  detail: z.string(),
});
export type NpmError = z.infer<typeof errorSchema>;

/** Runs npm to its end. Aborting ends it and all that it has started. */
export function runNpm(npm: Npm, args: readonly string[], run: NpmRun): Promise<NpmEnded> {
  return new Promise((resolve, reject) => {
    const child = spawn(npm.command, [...npm.args, ...args, "--json"], {
      cwd: run.folder,
      env: run.environment,
      stdio: ["ignore", "pipe", "ignore"],
      // A group of its own, which can be ended as one: packages' scripts start further processes.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    let stdout = "";
    let force: NodeJS.Timeout | undefined;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout = (stdout + text).slice(-keptLength);
    });
    const abort = () => {
      endGroup(child, "SIGTERM");
      force = setTimeout(() => endGroup(child, "SIGKILL"), patienceMilliseconds);
    };
    // This process may be told to leave at once.
    const leave = () => endGroup(child, "SIGKILL");
    const settle = () => {
      clearTimeout(force);
      run.signal?.removeEventListener("abort", abort);
      process.off("exit", leave);
    };
    process.once("exit", leave);
    run.signal?.addEventListener("abort", abort, { once: true });
    child.once("error", (error) => {
      settle();
      reject(error);
    });
    child.once("close", (code) => {
      settle();
      resolve({ code, error: errorIn(stdout) });
    });
    if (run.signal?.aborted) abort();
  });
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  if (process.platform === "win32") {
    spawn(windowsProgram("taskkill.exe"), ["/pid", String(child.pid), "/T", "/F"], {
      stdio: "ignore",
      windowsHide: true,
    });
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** npm prints one object; what scripts print comes before it. */
function errorIn(stdout: string): NpmError | null {
  const start = stdout.search(/^\{$/m);
  try {
    const parsed = z.object({ error: errorSchema }).safeParse(JSON.parse(stdout.slice(start)));
    return parsed.success ? parsed.data.error : null;
  } catch {
    return null;
  }
}

function isThere(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
