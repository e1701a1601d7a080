/**
 * Elementary functions in WGSL, to about two units in the last place of float32. The language leaves its own so much
 * room (cos may be off by 2⁻¹¹) that two GPUs could train visibly different models. Polynomials after Cephes
 * (S. Moshier), in single precision, as in the CPU engine. Of four values at a time, but for those that noise is made
 * of.
 */

export const mathFunctions = `
fn isNan(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); }
/** From the negative number next to zero to minus infinity; not NaN. */
fn isNegative(x: vec4f) -> vec4<bool> { return bitcast<vec4u>(x) - vec4u(0x80000001u) < vec4u(0x7f800000u); }
/** At least "least", and NaN where x is NaN. */
fn atLeast(least: f32, x: vec4f) -> vec4f { return select(x, vec4f(least), (x < vec4f(least)) & !isNan(x)); }
fn atMost(most: f32, x: vec4f) -> vec4f { return select(x, vec4f(most), (x > vec4f(most)) & !isNan(x)); }

/** eˣ, x held within the range of finite, normal results. NaN stays NaN. */
fn exponential(x: vec4f) -> vec4f {
  let held = atMost(88.0, atLeast(-87.0, x));
  let n = floor(fma(held, vec4f(1.44269504), vec4f(0.5)));
  var r = fma(n, vec4f(-0.693359375), held);
  r = fma(n, vec4f(2.12194440e-4), r);
  var p = vec4f(1.9875691500e-4);
  p = fma(p, r, vec4f(1.3981999507e-3));
  p = fma(p, r, vec4f(8.3334519073e-3));
  p = fma(p, r, vec4f(4.1665795894e-2));
  p = fma(p, r, vec4f(1.6666665459e-1));
  p = fma(p, r, vec4f(5.0000001201e-1));
  p = fma(p, r * r, r) + 1.0;
  return p * bitcast<vec4f>(vec4u(vec4i(n) + 127) << vec4u(23u));
}

${logarithm("logarithm", "f32", "i32", "u32")}
${logarithm("logarithms", "vec4f", "vec4i", "vec4u")}
fn sigmoid(x: vec4f) -> vec4f {
  let e = exponential(-abs(x));
  return select(e, vec4f(1.0), x >= vec4f()) / (1.0 + e);
}

/** A polynomial near zero, where 1 − 2/(e²ˣ + 1) would cancel. */
fn hyperbolicTangent(x: vec4f) -> vec4f {
  let size = abs(x);
  let s = x * x;
  var p = vec4f(-5.70498872745e-3);
  p = fma(p, s, vec4f(2.06390887954e-2));
  p = fma(p, s, vec4f(-5.37397155531e-2));
  p = fma(p, s, vec4f(1.33314422036e-1));
  p = fma(p, s, vec4f(-3.33332819422e-1));
  let near = fma(p * s, x, x);
  let far = 1.0 - 2.0 / (exponential(size + size) + 1.0);
  return select(select(far, -far, x < vec4f()), near, size < vec4f(0.625));
}

/** (cos 2πu, sin 2πu) for u in [0, 1): the turn is reduced exactly to an eighth either way. */
fn turn(u: f32) -> vec2f {
  let quarter = floor(fma(u, 4.0, 0.5));
  let angle = fma(quarter, -0.25, u) * 6.28318530718;
  let s = angle * angle;
  var sine = -1.9515295891e-4;
  sine = fma(sine, s, 8.3321608736e-3);
  sine = fma(sine, s, -1.6666654611e-1);
  sine = fma(sine * s, angle, angle);
  var cosine = 2.443315711809948e-5;
  cosine = fma(cosine, s, -1.388731625493765e-3);
  cosine = fma(cosine, s, 4.166664568298827e-2);
  cosine = fma(cosine * s, s, s * -0.5) + 1.0;
  let quadrant = u32(quarter) & 3u;
  let odd = (quadrant & 1u) == 1u;
  let c = select(cosine, sine, odd);
  let d = select(sine, cosine, odd);
  return vec2f(select(c, -c, quadrant == 1u || quadrant == 2u), select(d, -d, quadrant >= 2u));
}
`;

/** ln x for normal x > 0: x = m·2ᵉ with m in [√½, √2). */
function logarithm(name: string, float: string, integer: string, unsigned: string): string {
  return `fn ${name}(x: ${float}) -> ${float} {
  let bits = bitcast<${integer}>(x) - 0x3f3504f3;
  let exponent = ${float}(bits >> ${unsigned}(23u));
  let f = bitcast<${float}>((bits & ${integer}(0x007fffff)) + 0x3f3504f3) - 1.0;
  var p = ${float}(7.0376836292e-2);
  p = fma(p, f, ${float}(-1.1514610310e-1));
  p = fma(p, f, ${float}(1.1676998740e-1));
  p = fma(p, f, ${float}(-1.2420140846e-1));
  p = fma(p, f, ${float}(1.4249322787e-1));
  p = fma(p, f, ${float}(-1.6668057665e-1));
  p = fma(p, f, ${float}(2.0000714765e-1));
  p = fma(p, f, ${float}(-2.4999993993e-1));
  p = fma(p, f, ${float}(3.3333331174e-1));
  let f2 = f * f;
  p = p * f * f2;
  p = fma(exponent, ${float}(-2.12194440e-4), p);
  p = fma(f2, ${float}(-0.5), p);
  return fma(exponent, ${float}(0.693359375), f + p);
}
`;
}
