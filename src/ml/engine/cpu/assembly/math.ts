// Elementary functions, four lanes at a time, to about two units in the last place of float32.
// Polynomials after Cephes (S. Moshier), in single precision.

@inline
function fused(a: v128, b: v128, c: v128): v128 {
  return f32x4.relaxed_madd(a, b, c);
}

/**
 * Rounds what lies below about 1e-37 to zero and leaves alone what lies above 1e-22. A moment whose gradient has
 * ceased decays into the subnormal numbers and stays there, since 0.9 of the smallest is rounded back up to it; and
 * many processors multiply those by way of microcode, far slower. WebAssembly has no switch to flush them.
 */
@inline
export function withoutSubnormals(x: v128): v128 {
  const small = f32x4.splat(1e-30);
  return f32x4.sub(f32x4.add(x, small), small);
}

/** The nearest whole number for |x| < 2²²: below, float32 has no room for fractions. (The revectorizer knows no f32x4.nearest.) */
@inline
function nearest(x: v128): v128 {
  const shift = f32x4.splat(12582912); // 1.5 · 2²³
  return f32x4.sub(f32x4.add(x, shift), shift);
}

/** eˣ, x held within the range of finite, normal results. */
@inline
export function exp4(x: v128): v128 {
  const held = f32x4.min(f32x4.max(x, f32x4.splat(-87.0)), f32x4.splat(88.0));
  const n = nearest(f32x4.mul(held, f32x4.splat(1.44269504)));
  let r = fused(n, f32x4.splat(-0.693359375), held); // ln 2 in two parts
  r = fused(n, f32x4.splat(2.12194440e-4), r);
  let p = f32x4.splat(1.9875691500e-4);
  p = fused(p, r, f32x4.splat(1.3981999507e-3));
  p = fused(p, r, f32x4.splat(8.3334519073e-3));
  p = fused(p, r, f32x4.splat(4.1665795894e-2));
  p = fused(p, r, f32x4.splat(1.6666665459e-1));
  p = fused(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(fused(p, f32x4.mul(r, r), r), f32x4.splat(1.0));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  const result = f32x4.mul(p, power);
  return v128.bitselect(result, x, f32x4.eq(x, x)); // NaN stays NaN
}

/** ln x for normal x > 0. */
@inline
export function log4(x: v128): v128 {
  // x = m·2ᵉ with m in [√½, √2)
  const bits = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const exponent = f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23));
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(m, f32x4.splat(1.0));
  let p = f32x4.splat(7.0376836292e-2);
  p = fused(p, f, f32x4.splat(-1.1514610310e-1));
  p = fused(p, f, f32x4.splat(1.1676998740e-1));
  p = fused(p, f, f32x4.splat(-1.2420140846e-1));
  p = fused(p, f, f32x4.splat(1.4249322787e-1));
  p = fused(p, f, f32x4.splat(-1.6668057665e-1));
  p = fused(p, f, f32x4.splat(2.0000714765e-1));
  p = fused(p, f, f32x4.splat(-2.4999993993e-1));
  p = fused(p, f, f32x4.splat(3.3333331174e-1));
  const f2 = f32x4.mul(f, f);
  p = f32x4.mul(f32x4.mul(p, f), f2);
  p = fused(exponent, f32x4.splat(-2.12194440e-4), p);
  p = fused(f2, f32x4.splat(-0.5), p);
  return fused(exponent, f32x4.splat(0.693359375), f32x4.add(f, p));
}

/** The logistic function: never a difference of near-equals, never an overflow. */
@inline
export function sigmoid4(x: v128): v128 {
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  const positive = f32x4.ge(x, f32x4.splat(0));
  return f32x4.div(v128.bitselect(f32x4.splat(1), e, positive), f32x4.add(f32x4.splat(1), e));
}

/** Cephes tanhf: a polynomial near zero, where 1 − 2/(e²ˣ + 1) would cancel. */
@inline
export function tanh4(x: v128): v128 {
  const size = f32x4.abs(x);
  const s = f32x4.mul(x, x);
  let p = f32x4.splat(-5.70498872745e-3);
  p = fused(p, s, f32x4.splat(2.06390887954e-2));
  p = fused(p, s, f32x4.splat(-5.37397155531e-2));
  p = fused(p, s, f32x4.splat(1.33314422036e-1));
  p = fused(p, s, f32x4.splat(-3.33332819422e-1));
  const near = fused(f32x4.mul(p, s), x, x);
  const e = exp4(f32x4.add(size, size));
  const far = f32x4.sub(
    f32x4.splat(1),
    f32x4.div(f32x4.splat(2), f32x4.add(e, f32x4.splat(1))),
  );
  const signed = v128.or(far, v128.and(x, i32x4.splat(0x80000000)));
  return v128.bitselect(near, signed, f32x4.lt(size, f32x4.splat(0.625)));
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
