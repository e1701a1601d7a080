/**
 * How much memory a GPU has, of which WebGPU does not tell: from the driver's own tool or the system, where one of them
 * says so.
 */
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { windowsProgram } from "../../../system/windows.ts";

const patienceMilliseconds = 2000;
const mebibyte = 2 ** 20;

export interface GpuSystem {
  readonly platform: NodeJS.Platform;
  /** Where Linux lists graphics devices. */
  readonly devices: string;
  /** The program that NVIDIA's drivers bring along. */
  readonly nvidiaTool: string;
}

const thisSystem: GpuSystem = {
  platform: process.platform,
  devices: "/sys/class/drm",
  nvidiaTool: process.platform === "win32" ? windowsProgram("nvidia-smi.exe") : "nvidia-smi",
};

/** In bytes; null where nobody says. `name` as the adapter has it: "NVIDIA H200", "Apple M4 Max". */
export async function gpuMemory(name: string, system: GpuSystem = thisSystem): Promise<number | null> {
  if (/nvidia/i.test(name)) return nvidiaMemory(name, system.nvidiaTool);
  // Processor and GPU share it.
  if (system.platform === "darwin" && /apple/i.test(name)) return totalmem();
  if (system.platform === "linux" && /amd|radeon/i.test(name)) return amdMemory(system.devices);
  return null;
}

async function nvidiaMemory(name: string, tool: string): Promise<number | null> {
  const query = ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"];
  const answer = await promisify(execFile)(tool, query, { timeout: patienceMilliseconds }).catch(() => null);
  const gpus = [...(answer?.stdout ?? "").matchAll(/^(.+), *(\d+) *$/gm)].map(
    ([, model = "", mebibytes]) => ({
      model,
      bytes: Number(mebibytes) * mebibyte,
    }),
  );
  const wanted = gpus.filter(({ model }) => model.toLowerCase() === name.toLowerCase());
  const [first, ...others] = wanted.length > 0 ? wanted : gpus;
  // Of several it is not known which one is meant, unless they are alike.
  return first !== undefined && others.every(({ bytes }) => bytes === first.bytes) ? first.bytes : null;
}

/** amdgpu writes it down for every card; the largest is the one that a high-performance adapter is. */
async function amdMemory(devices: string): Promise<number | null> {
  const cards = (await readdir(devices).catch((): string[] => [])).filter((card) => /^card\d+$/.test(card));
  const sizes = await Promise.all(
    cards.map(async (card) =>
      Number(await readFile(join(devices, card, "device", "mem_info_vram_total"), "utf8").catch(() => "0")),
    ),
  );
  const largest = Math.max(0, ...sizes.filter(Number.isFinite));
  return largest > 0 ? largest : null;
}
