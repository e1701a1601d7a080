/**
 * Whether a TensorFlow package can be believed, found out in a throw-away process with a time limit: loading it runs
 * native code that was built for some other machine, which may hang, die, or compute without the GPU it is there for.
 */
import { spawn } from "node:child_process";
import { totalmem } from "node:os";
import { Failure, lineOf } from "../../../contract/failure.ts";
import { assetPath } from "../../assets.ts";
import type { Device, Unavailable } from "../engine.ts";
import type { TensorflowPackage } from "./find-package.ts";
import { type ProbeReport, probeReportSchema } from "./probe-report.ts";

const patienceMilliseconds = 20_000;
/** Of each of the process's outputs, the last so many characters. */
const keptLength = 2 ** 20;

export interface ProbeOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** From the start of the process to its answer; left out, twenty seconds. */
  readonly patienceMilliseconds?: number | undefined;
  /** Aborting ends the process; what is returned then means nothing. */
  readonly signal?: AbortSignal | undefined;
}

export interface Probe {
  /** Whether it could be loaded and computes rightly, on whatever. */
  readonly loads: boolean;
  readonly usesGpu: boolean;
  readonly device: Device | Unavailable;
}

/** How the process ended, and what it wrote. */
interface Ended {
  readonly isOverdue: boolean;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Throws a Failure (engine-unavailable) where no process can be started. */
export async function probePackage(found: TensorflowPackage, options: ProbeOptions): Promise<Probe> {
  const patience = options.patienceMilliseconds ?? patienceMilliseconds;
  const ended = await runProbe(found.folder, patience, options);
  const report = reportIn(ended.stdout);
  const where = `${found.name} ${found.version}`;
  const unusable = (reason: string, hint: string): Probe => ({
    loads: false,
    usesGpu: false,
    device: { available: false, reason, hint },
  });
  if (report === null) {
    if (ended.isOverdue)
      return unusable(
        `${where} did not answer within ${patience / 1000} s of being loaded, and was ended`,
        "GPUs newer than its CUDA 11.2 may need minutes to start, or never do: choose another engine.",
      );
    const how = ended.signal === null ? `exit code ${ended.code}` : ended.signal;
    return unusable(
      `${where} ended its process while it was loaded (${how})`,
      "It does not suit this machine: install it anew, or choose another engine.",
    );
  }
  if (report.outcome === "unloadable")
    return unusable(
      `${where} cannot be loaded by Node ${process.versions.node} (${onOneLine(report.message)})`,
      "Its install script may not have run, or it needs another Node or CUDA: install it anew.",
    );
  if (report.outcome === "wrong")
    return unusable(
      `${where} computes wrongly here (${onOneLine(report.message)})`,
      "Install it anew, or choose another engine.",
    );
  return {
    loads: true,
    usesGpu: report.gpu,
    device: judge(where, report, ended.stderr, options.environment),
  };
}

function judge(
  where: string,
  { backend, gpu }: Extract<ProbeReport, { outcome: "right" }>,
  log: string,
  environment: NodeJS.ProcessEnv,
): Device | Unavailable {
  if (gpu) {
    const { name, memory } = gpuIn(log);
    return { available: true, description: `${name}, ${where}`, threads: 0, memory, driver: null };
  }
  if (environment.LATENT_LAB_TENSORFLOW_ALLOW_CPU === "1")
    return {
      available: true,
      description: `no GPU, ${where}, backend ${backend}`,
      threads: 0,
      memory: totalmem(),
      driver: null,
    };
  const missing = /Could not load dynamic library '([^']{1,80})'/.exec(log)?.[1];
  return {
    available: false,
    reason: `${where} loads but reports no GPU${missing === undefined ? "" : ` (${missing} is missing)`}`,
    hint: "It needs an NVIDIA GPU with CUDA 11.2 and cuDNN 8.1. LATENT_LAB_TENSORFLOW_ALLOW_CPU=1 does without.",
  };
}

/** TensorFlow names the device only in its log: "…device:GPU:0 with 38412 MB memory:  -> device: 0, name: NVIDIA A100, …". */
function gpuIn(log: string): { readonly name: string; readonly memory: number | null } {
  const match = /device:GPU:\d+ with (\d+) MB memory:\s+-> device: \d+, name: ([^,\n]{1,100})/.exec(log);
  if (match === null) return { name: "a GPU", memory: null };
  return { name: match[2] ?? "", memory: Number(match[1]) * 2 ** 20 };
}

function runProbe(
  folder: string,
  patience: number,
  { environment, signal: abort }: ProbeOptions,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [assetPath("tensorflow-probe.js"), folder], {
      // At 0 TensorFlow tells which GPU it found, and which library it missed.
      env: { ...environment, TF_CPP_MIN_LOG_LEVEL: "0" },
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        output[stream] = (output[stream] + text).slice(-keptLength);
      });
    const forget = () => {
      clearTimeout(timer);
      abort?.removeEventListener("abort", kill);
    };
    const end = (isOverdue: boolean, code: number | null, signal: NodeJS.Signals | null) => {
      forget();
      resolve({ isOverdue, code, signal, ...output });
    };
    const kill = () => child.kill("SIGKILL");
    const timer = setTimeout(() => {
      kill();
      // Not when its outputs are closed: a process of its own making could hold them open.
      end(true, null, null);
    }, patience);
    abort?.addEventListener("abort", kill, { once: true });
    child.once("error", (error) => {
      forget();
      reject(unstartable(error));
    });
    child.once("close", (code, signal) => end(false, code, signal));
    if (abort?.aborted) kill();
  });
}

function unstartable(error: Error): Failure {
  return new Failure(
    "engine-unavailable",
    `no process can be started to try TensorFlow out (${lineOf(error)})`,
    "End other programs and try again, or choose another engine.",
    { cause: error },
  );
}

/** The last line that is a report: what is loaded may print as well. */
function reportIn(stdout: string): ProbeReport | null {
  for (const line of stdout.split("\n").reverse()) {
    const report = probeReportSchema.safeParse(jsonOf(line));
    if (report.success) return report.data;
  }
  return null;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function onOneLine(message: string): string {
  const line = message.replaceAll(/\s+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
