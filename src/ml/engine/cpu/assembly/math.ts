// Elementary functions, four lanes at a time, to about two units in the last place of float32.
// Polynomials after Cephes (S. Moshier), in single precision.

@inline
function fused(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_madd(a, b, c);
}

/**
 * Constants of inner loops lie in memory and are loaded where they are used. A literal would cost more: V8 keeps none
 * in registers, it builds every one anew wherever it appears, a 256-bit one of eight instructions.
 */
@inline
export function constant(table: usize, index: i32): v128 {
  return v128.load32_splat(table + ((<usize>index) << 2));
}

/** At least `least`, and NaN where x is NaN. One instruction, where f32x4.max, minding the sign of zero, is many. */
@inline
export function atLeast(least: v128, x: v128): v128 {
  return f32x4.pmax(x, least);
}

/** At most `most`, and NaN where x is NaN. */
@inline
export function atMost(most: v128, x: v128): v128 {
  return f32x4.pmin(x, most);
}

const COMMON = memory.data<f32>([1, 1e-30, 12582912, 2]);

@inline
export function one(): v128 {
  return constant(COMMON, 0);
}

/**
 * Rounds what lies below about 1e-37 to zero and leaves alone what lies above 1e-22. A moment whose gradient has
 * ceased decays into the subnormal numbers and stays there, since 0.9 of the smallest is rounded back up to it; and
 * many processors multiply those by way of microcode, far slower. WebAssembly has no switch to flush them.
 */
@inline
export function withoutSubnormals(x: v128): v128 {
  const small = constant(COMMON, 1);
  return f32x4.sub(f32x4.add(x, small), small);
}

/** The nearest whole number for |x| < 2²²: below 1.5 · 2²³, float32 has no room for fractions. (The revectorizer knows no f32x4.nearest.) */
@inline
function nearest(x: v128): v128 {
  const shift = constant(COMMON, 2);
  return f32x4.sub(f32x4.add(x, shift), shift);
}

const EXP = memory.data<f32>([
  -87.0, 88.0, // the range of finite, normal results
  1.44269504, 12583039, // 1 / ln 2; 1.5 · 2²³ + 127
  -0.693359375, 2.12194440e-4, // ln 2 in two parts
  1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
]);

/** eˣ, x held within the range of finite, normal results. NaN stays NaN. */
@inline
export function exp4(x: v128): v128 {
  const held = atMost(constant(EXP, 1), atLeast(constant(EXP, 0), x));
  // n is the whole number nearest to x / ln 2. As a float32 above 2²³, n + 127 stands in the lowest bits.
  const shift = constant(EXP, 3);
  const shifted = fused(held, constant(EXP, 2), shift);
  const n = f32x4.sub(shifted, shift);
  let r = fused(n, constant(EXP, 4), held);
  r = fused(n, constant(EXP, 5), r);
  let p = constant(EXP, 6);
  p = fused(p, r, constant(EXP, 7));
  p = fused(p, r, constant(EXP, 8));
  p = fused(p, r, constant(EXP, 9));
  p = fused(p, r, constant(EXP, 10));
  p = fused(p, r, constant(EXP, 11));
  p = f32x4.add(fused(p, f32x4.mul(r, r), r), one());
  return f32x4.mul(p, i32x4.shl(shifted, 23));
}

const LOG = memory.data<f32>([
  7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
  -2.12194440e-4, -0.5, 0.693359375,
]);

/** ln x for normal x > 0. */
@inline
export function log4(x: v128): v128 {
  // x = m·2ᵉ with m in [√½, √2)
  const bits = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const exponent = f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23));
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(m, one());
  let p = constant(LOG, 0);
  p = fused(p, f, constant(LOG, 1));
  p = fused(p, f, constant(LOG, 2));
  p = fused(p, f, constant(LOG, 3));
  p = fused(p, f, constant(LOG, 4));
  p = fused(p, f, constant(LOG, 5));
  p = fused(p, f, constant(LOG, 6));
  p = fused(p, f, constant(LOG, 7));
  p = fused(p, f, constant(LOG, 8));
  const f2 = f32x4.mul(f, f);
  p = f32x4.mul(f32x4.mul(p, f), f2);
  p = fused(exponent, constant(LOG, 9), p);
  p = fused(f2, constant(LOG, 10), p);
  return fused(exponent, constant(LOG, 11), f32x4.add(f, p));
}

/** The logistic function: never a difference of near-equals, never an overflow. */
@inline
export function sigmoid4(x: v128): v128 {
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  const positive = f32x4.ge(x, f32x4.splat(0));
  return f32x4.div(v128.bitselect(one(), e, positive), f32x4.add(one(), e));
}

const TANH = memory.data<f32>([
  -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1,
  0.625,
]);

/** Cephes tanhf: a polynomial near zero, where 1 − 2/(e²ˣ + 1) would cancel. */
@inline
export function tanh4(x: v128): v128 {
  const size = f32x4.abs(x);
  const s = f32x4.mul(x, x);
  let p = constant(TANH, 0);
  p = fused(p, s, constant(TANH, 1));
  p = fused(p, s, constant(TANH, 2));
  p = fused(p, s, constant(TANH, 3));
  p = fused(p, s, constant(TANH, 4));
  const near = fused(f32x4.mul(p, s), x, x);
  const e = exp4(f32x4.add(size, size));
  const far = f32x4.sub(one(), f32x4.div(constant(COMMON, 3), f32x4.add(e, one())));
  const sign = f32x4.neg(f32x4.splat(0));
  const signed = v128.or(far, v128.and(x, sign));
  return v128.bitselect(near, signed, f32x4.lt(size, constant(TANH, 5)));
}

/** cos 2πu and sin 2πu for u in [0, 1): the turn is reduced exactly to an eighth either way. */
@inline
export function cosTurn4(u: v128): v128 {
  const quarter = nearest(f32x4.mul(u, f32x4.splat(4)));
  return turn(u, quarter, i32x4.trunc_sat_f32x4_s(quarter), 1);
}

@inline
export function sinTurn4(u: v128): v128 {
  const quarter = nearest(f32x4.mul(u, f32x4.splat(4)));
  return turn(u, quarter, i32x4.trunc_sat_f32x4_s(quarter), 0);
}

/** sin(2πu + shift·π/2). */
@inline
function turn(u: v128, quarter: v128, quadrant: v128, shift: i32): v128 {
  const angle = f32x4.mul(fused(quarter, f32x4.splat(-0.25), u), f32x4.splat(6.28318530718));
  const s = f32x4.mul(angle, angle);
  let sine = f32x4.splat(-1.9515295891e-4);
  sine = fused(sine, s, f32x4.splat(8.3321608736e-3));
  sine = fused(sine, s, f32x4.splat(-1.6666654611e-1));
  sine = fused(f32x4.mul(sine, s), angle, angle);
  let cosine = f32x4.splat(2.443315711809948e-5);
  cosine = fused(cosine, s, f32x4.splat(-1.388731625493765e-3));
  cosine = fused(cosine, s, f32x4.splat(4.166664568298827e-2));
  cosine = f32x4.add(fused(f32x4.mul(cosine, s), s, f32x4.mul(s, f32x4.splat(-0.5))), f32x4.splat(1));
  const q = i32x4.add(quadrant, i32x4.splat(shift));
  const odd = i32x4.ne(v128.and(q, i32x4.splat(1)), i32x4.splat(0));
  const sign = i32x4.shl(v128.and(q, i32x4.splat(2)), 30);
  return v128.xor(v128.bitselect(cosine, sine, odd), sign);
}
