/** Runs the built program as users do, in a folder of its own, with nothing of this machine's settings. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const program = fileURLToPath(new URL("../../dist/latent-lab.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly folder: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** The command line's main file; left out, the one that was built here. */
  readonly program?: string;
  /** The Node that runs it; left out, this one. */
  readonly node?: string;
  /** Left out, it has none. */
  readonly stdin?: "pipe";
  /** Where its output goes; left out, what it printed is in the result. */
  readonly stdout?: number;
  /** Called with all that stdout has held so far. */
  readonly onOutput?: (child: ChildProcess, stdout: string) => void;
}

/** An environment without caches, data folders, proxies or colours; what is needed to start a program stays. */
export function plainEnvironment(folder: string): NodeJS.ProcessEnv {
  const { PATH, SYSTEMROOT, TEMP, TMPDIR } = process.env;
  // No download may leave this machine: the proxy is a port on which nothing listens.
  const closed = "http://127.0.0.1:9";
  return {
    PATH,
    SYSTEMROOT,
    TEMP,
    TMPDIR,
    HOME: folder,
    LOCALAPPDATA: folder,
    HTTPS_PROXY: closed,
    HTTP_PROXY: closed,
  };
}

export function runCli(args: readonly string[], options: CliOptions): Promise<Ended> {
  const { folder, environment = {}, node = process.execPath, onOutput } = options;
  const main = options.program ?? program;
  return new Promise((resolve, reject) => {
    const child = spawn(node, [main, ...args], {
      cwd: folder,
      env: { ...plainEnvironment(folder), ...environment },
      stdio: [options.stdin ?? "ignore", options.stdout ?? "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      onOutput?.(child, stdout);
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** A training run of a second: drawn digits, few and small. */
export const tinyTraining = [
  ...["train", "--preset", "mnist-vae"],
  ...["--set", "dataset.kind=drawn-digits", "--set", "dataset.train=500", "--set", "dataset.test=100"],
  ...["--set", "model.encoder=784,32,4", "--epochs", "2", "--batch", "50"],
];
