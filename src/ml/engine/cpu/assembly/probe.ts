// What the start-up self-test and the benchmark run: the machine's multiply-add peak, and one product.
import { rows } from "./tiles.generated";

/** `rounds` times 12 × 8 multiply-adds on registers, in pairs of neighbours; returns nothing, leaves sums at `at`. */
export function fmaPeak(at: usize, rounds: i32): void {
  let s0a = v128.load(at, 0);
  let s0b = v128.load(at, 16);
  let s1a = v128.load(at, 32);
  let s1b = v128.load(at, 48);
  let s2a = v128.load(at, 64);
  let s2b = v128.load(at, 80);
  let s3a = v128.load(at, 96);
  let s3b = v128.load(at, 112);
  let s4a = v128.load(at, 128);
  let s4b = v128.load(at, 144);
  let s5a = v128.load(at, 160);
  let s5b = v128.load(at, 176);
  let s6a = v128.load(at, 192);
  let s6b = v128.load(at, 208);
  let s7a = v128.load(at, 224);
  let s7b = v128.load(at, 240);
  let s8a = v128.load(at, 256);
  let s8b = v128.load(at, 272);
  let s9a = v128.load(at, 288);
  let s9b = v128.load(at, 304);
  let s10a = v128.load(at, 320);
  let s10b = v128.load(at, 336);
  let s11a = v128.load(at, 352);
  let s11b = v128.load(at, 368);
  const xa = v128.load(at, 384);
  const xb = v128.load(at, 400);
  const ya = v128.load(at, 416);
  const yb = v128.load(at, 432);
  while (rounds > 0) {
    s0a = f32x4.relaxed_madd(s0a, xa, ya);
    s0b = f32x4.relaxed_madd(s0b, xb, yb);
    s1a = f32x4.relaxed_madd(s1a, xa, ya);
    s1b = f32x4.relaxed_madd(s1b, xb, yb);
    s2a = f32x4.relaxed_madd(s2a, xa, ya);
    s2b = f32x4.relaxed_madd(s2b, xb, yb);
    s3a = f32x4.relaxed_madd(s3a, xa, ya);
    s3b = f32x4.relaxed_madd(s3b, xb, yb);
    s4a = f32x4.relaxed_madd(s4a, xa, ya);
    s4b = f32x4.relaxed_madd(s4b, xb, yb);
    s5a = f32x4.relaxed_madd(s5a, xa, ya);
    s5b = f32x4.relaxed_madd(s5b, xb, yb);
    s6a = f32x4.relaxed_madd(s6a, xa, ya);
    s6b = f32x4.relaxed_madd(s6b, xb, yb);
    s7a = f32x4.relaxed_madd(s7a, xa, ya);
    s7b = f32x4.relaxed_madd(s7b, xb, yb);
    s8a = f32x4.relaxed_madd(s8a, xa, ya);
    s8b = f32x4.relaxed_madd(s8b, xb, yb);
    s9a = f32x4.relaxed_madd(s9a, xa, ya);
    s9b = f32x4.relaxed_madd(s9b, xb, yb);
    s10a = f32x4.relaxed_madd(s10a, xa, ya);
    s10b = f32x4.relaxed_madd(s10b, xb, yb);
    s11a = f32x4.relaxed_madd(s11a, xa, ya);
    s11b = f32x4.relaxed_madd(s11b, xb, yb);
    rounds--;
  }
  v128.store(at, s0a, 0);
  v128.store(at, s0b, 16);
  v128.store(at, s1a, 32);
  v128.store(at, s1b, 48);
  v128.store(at, s2a, 64);
  v128.store(at, s2b, 80);
  v128.store(at, s3a, 96);
  v128.store(at, s3b, 112);
  v128.store(at, s4a, 128);
  v128.store(at, s4b, 144);
  v128.store(at, s5a, 160);
  v128.store(at, s5b, 176);
  v128.store(at, s6a, 192);
  v128.store(at, s6b, 208);
  v128.store(at, s7a, 224);
  v128.store(at, s7b, 240);
  v128.store(at, s8a, 256);
  v128.store(at, s8b, 272);
  v128.store(at, s9a, 288);
  v128.store(at, s9b, 304);
  v128.store(at, s10a, 320);
  v128.store(at, s10b, 336);
  v128.store(at, s11a, 352);
  v128.store(at, s11b, 368);
}

/**
 * `rounds` times 12 × 4 multiply-adds: the peak of 128-bit registers. Twelve sums hide the latency; `fmaPeak`'s
 * twenty-four would not fit into the sixteen registers of x64.
 */
export function narrowFmaPeak(at: usize, rounds: i32): void {
  let s0 = v128.load(at, 0);
  let s1 = v128.load(at, 16);
  let s2 = v128.load(at, 32);
  let s3 = v128.load(at, 48);
  let s4 = v128.load(at, 64);
  let s5 = v128.load(at, 80);
  let s6 = v128.load(at, 96);
  let s7 = v128.load(at, 112);
  let s8 = v128.load(at, 128);
  let s9 = v128.load(at, 144);
  let s10 = v128.load(at, 160);
  let s11 = v128.load(at, 176);
  const x = v128.load(at, 384);
  const y = v128.load(at, 416);
  while (rounds > 0) {
    s0 = f32x4.relaxed_madd(s0, x, y);
    s1 = f32x4.relaxed_madd(s1, x, y);
    s2 = f32x4.relaxed_madd(s2, x, y);
    s3 = f32x4.relaxed_madd(s3, x, y);
    s4 = f32x4.relaxed_madd(s4, x, y);
    s5 = f32x4.relaxed_madd(s5, x, y);
    s6 = f32x4.relaxed_madd(s6, x, y);
    s7 = f32x4.relaxed_madd(s7, x, y);
    s8 = f32x4.relaxed_madd(s8, x, y);
    s9 = f32x4.relaxed_madd(s9, x, y);
    s10 = f32x4.relaxed_madd(s10, x, y);
    s11 = f32x4.relaxed_madd(s11, x, y);
    rounds--;
  }
  v128.store(at, s0, 0);
  v128.store(at, s1, 16);
  v128.store(at, s2, 32);
  v128.store(at, s3, 48);
  v128.store(at, s4, 64);
  v128.store(at, s5, 80);
  v128.store(at, s6, 96);
  v128.store(at, s7, 112);
  v128.store(at, s8, 128);
  v128.store(at, s9, 144);
  v128.store(at, s10, 160);
  v128.store(at, s11, 176);
}

/** `repeats` tiles of `height` rows: `out` = A · B, see tiles.generated.ts. */
export function productSpeed(
  wide: bool,
  height: i32,
  a: usize,
  aPanel: usize,
  b: usize,
  inner: i32,
  out: usize,
  repeats: i32,
): void {
  for (let repeat = 0; repeat < repeats; repeat++) rows(wide, height, a, aPanel, b, inner, out);
}
