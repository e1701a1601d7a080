/**
 * The speed of the matrix kernel and of multiply-adds on registers, on one thread, in turns. The process's V8 flags
 * decide the width; argument: 256 or 128. Operands stay in the nearest cache that holds them, as in a tile's loop.
 */
import { readFileSync } from "node:fs";
import { assetPath } from "../../src/ml/assets.ts";
import { instantiate } from "../../src/ml/engine/cpu/kernels.ts";
import type { KernelSpeeds } from "./kernel-speeds.ts";
import { serve } from "./protocol.ts";

const inners = [128, 256, 400, 784];
const height = 6;
const columns = 16;
/** Work of one timing: some 4 ms, so that many fall between other processes' turns. */
const flopPerTiming = 3e8;
const timingsPerTurn = 5;

const wide = process.argv[2] === "256";
const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
const kernels = instantiate(new WebAssembly.Module(readFileSync(assetPath("cpu-kernels.wasm"))), memory);
const floats = new Float32Array(memory.buffer);

// Byte addresses, pages apart, and not at the same place within one.
const registers = 0;
const left = 65_536;
const right = 2 * 65_536 + 1024;
const out = 6 * 65_536 + 2048;

/** Sums that stay near 2: s ← s · ½ + 1. */
function fillRegisters(): void {
  floats.fill(1, registers / 4, registers / 4 + 128);
  floats.fill(0.5, registers / 4 + 96, registers / 4 + 104);
}

/** GFLOP/s of work that takes `flop` a repetition. */
function rate(flop: number, work: (repeats: number) => void): number {
  const repeats = Math.ceil(flopPerTiming / flop);
  const start = performance.now();
  work(repeats);
  return (repeats * flop) / (performance.now() - start) / 1e6;
}

function peakSpeed(): number {
  fillRegisters();
  return wide
    ? rate(12 * 8 * 2, (rounds) => kernels.fmaPeak(registers, rounds))
    : rate(12 * 4 * 2, (rounds) => kernels.narrowFmaPeak(registers, rounds));
}

function productSpeed(inner: number): number {
  floats.fill(0, out / 4, out / 4 + height * columns);
  const aPanel = height * columns * 4;
  return rate(2 * height * columns * inner, (repeats) =>
    kernels.productSpeed(wide, height, left, aPanel, right, inner, out, repeats),
  );
}

function measure(): KernelSpeeds {
  const timings = Array.from({ length: timingsPerTurn });
  return {
    products: inners.map((inner) => ({
      inner,
      timings: timings.map(() => ({ peak: peakSpeed(), kernel: productSpeed(inner) })),
    })),
  };
}

for (let index = left / 4; index < out / 4; index++) floats[index] = ((index * 7) % 11) / 8 - 0.625;
measure();
await serve(`matrix kernel, ${wide ? 256 : 128}-bit, Node ${process.versions.node}`, async () => measure());
