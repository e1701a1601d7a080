/**
 * The matrix kernel as a share of what the machine's multiply-adds can do, both measured in turns: 256-bit where V8 can
 * revectorize, and 128-bit, each in a process of its own because V8's flags hold for a whole process. Both are speeds
 * of the machine undisturbed, so the best timing of each counts; the median share shows how undisturbed it was. (A
 * neighbour on the same core halves what the core decodes: that hurts the kernel, which also loads, and not the peak.)
 */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { compilerFlags } from "../src/ml/engine/cpu/kernels.ts";
import type { BenchContext, Outcome, Row, SoloMeasurement } from "./measurement.ts";
import { Peer } from "./peer.ts";
import { type KernelSpeeds, kernelSpeedsSchema, type ProductSpeeds } from "./peers/kernel-speeds.ts";
import { median } from "./statistics.ts";

const turns = 15;
const target = 0.85;
const revectorize = "--experimental-wasm-revectorize";

interface Width {
  readonly bits: 128 | 256;
  readonly flags: readonly string[];
}

export const kernelShare: SoloMeasurement = {
  name: "kernel",
  title: "matrix kernel against the machine's multiply-add peak, 256-bit and 128-bit; target 85 %",
  async measure(context: BenchContext): Promise<Outcome> {
    const widths = widthsHere();
    const speeds = new Map<Width, KernelSpeeds[]>(widths.map((width) => [width, []]));
    const peers = await Promise.all(
      widths.map(async (width) => ({ width, peer: await Peer.start(commandOf(width)) })),
    );
    try {
      for (let turn = 1; turn <= turns; turn++)
        for (const { width, peer } of peers) {
          await sleep(50);
          const measured = kernelSpeedsSchema.parse(await peer.ask({}));
          speeds.get(width)?.push(measured);
          const share = Math.max(...measured.products.map((product) => summarise([product]).bestShare));
          context.say(`  turn ${turn}/${turns}  ${width.bits}-bit: ${percent(share)}`);
        }
    } finally {
      await Promise.all(peers.map(({ peer }) => peer.close()));
    }
    return {
      rows: [...speeds].flatMap(([width, samples]) => rows(width, samples)),
      notes: widths.some(({ bits }) => bits === 256)
        ? ["The engine uses the 256-bit kernel here; the 128-bit one serves where V8 cannot revectorize."]
        : ["This Node or machine cannot revectorize: the 256-bit kernel was not measured."],
      raw: [...speeds].map(([{ bits }, samples]) => ({ bits, samples })),
    };
  },
};

/** The engine's own flags, which ask for 256 bits where that can be had; without that one, 128. */
function widthsHere(): readonly Width[] {
  const flags = compilerFlags();
  const narrow: Width = { bits: 128, flags: flags.filter((flag) => flag !== revectorize) };
  return flags.includes(revectorize) ? [{ bits: 256, flags }, narrow] : [narrow];
}

function commandOf({ bits, flags }: Width) {
  const script = fileURLToPath(new URL("peers/kernel-speed.ts", import.meta.url));
  return {
    program: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", ...flags, script, String(bits)],
  };
}

function rows({ bits }: Width, turnsOfWidth: readonly KernelSpeeds[]): readonly Row[] {
  const inners = turnsOfWidth[0]?.products.map(({ inner }) => inner) ?? [];
  return inners.map((inner) => {
    const all = turnsOfWidth.flatMap(({ products }) => products.filter((each) => each.inner === inner));
    const { bestKernel, bestPeak, bestShare, medianShare } = summarise(all);
    return {
      line: `${bits}-bit kernel, K = ${inner}`,
      ours: `${bestKernel.toFixed(1)} GFLOP/s`,
      peer: `${bestPeak.toFixed(1)} GFLOP/s (multiply-add peak)`,
      ratio: `${percent(bestShare)} (median ${percent(medianShare)})`,
      target: `${percent(target)} of peak`,
      reached: bestShare >= target,
    };
  });
}

function summarise(products: readonly ProductSpeeds[]) {
  const timings = products.flatMap((product) => product.timings);
  const bestKernel = Math.max(...timings.map(({ kernel }) => kernel));
  const bestPeak = Math.max(...timings.map(({ peak }) => peak));
  return {
    bestKernel,
    bestPeak,
    bestShare: bestKernel / bestPeak,
    medianShare: median(timings.map(({ kernel, peak }) => kernel / peak)),
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
