/**
 * The most memory that training MNIST takes, from the command to the finished run folder, report and all: the kernel's
 * own high-water mark of every process of the command.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemNode } from "./machine.ts";
import type { BenchContext, Outcome, SoloMeasurement } from "./measurement.ts";
import { trainArguments } from "./start.ts";

const targetMegabytes = 350;
/** The mark only grows, so little is missed between two looks. */
const pauseMilliseconds = 20;

export const memory: SoloMeasurement = {
  name: "memory",
  title: "peak resident memory of training MNIST by the command line; target 350 MB",
  async measure(context: BenchContext): Promise<Outcome> {
    if (process.platform !== "linux")
      return { rows: [], notes: ["Memory is measured on Linux only (/proc/PID/status)."], raw: null };
    const peaks = await peaksOfTraining(context);
    const [training = 0, ...others] = [...peaks.values()].toSorted((a, b) => b - a);
    const rest = others.reduce((sum, each) => sum + each, 0);
    return {
      rows: [
        {
          line: "peak memory, training process",
          ours: `${training.toFixed(0)} MB`,
          peer: "",
          ratio: "",
          target: `${targetMegabytes} MB`,
          reached: training <= targetMegabytes,
        },
      ],
      notes:
        others.length === 0
          ? []
          : [`The Node that handed over to the training process: ${rest.toFixed(0)} MB.`],
      raw: { megabytes: [training, ...others] },
    };
  },
};

/** Megabytes (10⁶ bytes) by process id. */
async function peaksOfTraining({ data, say }: BenchContext): Promise<ReadonlyMap<number, number>> {
  say("  training mnist-vae to its end …");
  const child = spawn(systemNode(process.env), trainArguments(data, join(data.root, "memory")), {
    cwd: data.root,
    env: data.environment,
    stdio: ["ignore", "ignore", "ignore"],
  });
  const ended = once(child, "exit");
  const peaks = new Map<number, number>();
  while (child.exitCode === null && child.signalCode === null) {
    for (const pid of await processTree(child.pid))
      peaks.set(pid, Math.max(peaks.get(pid) ?? 0, await highWaterMark(pid)));
    await sleep(pauseMilliseconds);
  }
  await ended;
  if (child.exitCode !== 0) throw new Error(`latent-lab train ended with code ${child.exitCode}`);
  return peaks;
}

async function processTree(pid: number | undefined): Promise<readonly number[]> {
  if (pid === undefined) return [];
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const children = text.split(" ").filter(Boolean).map(Number);
  return [pid, ...(await Promise.all(children.map(processTree))).flat()];
}

/** proc(5): VmHWM, the peak resident set size, in KiB. Returns 10⁶ bytes; 0 when the process is gone. */
async function highWaterMark(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kibibytes = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  return (kibibytes * 1024) / 1e6;
}
