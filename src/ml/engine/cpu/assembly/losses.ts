// The reconstruction losses of a tile and their derivatives.
import * as at from "../layout";
import { atLeast, exp4, log4, one, sigmoid4, withoutSubnormals } from "./math";

/** Sixteen words of all ones, then sixteen zeros: loaded from 16 − valid words on, a mask of the valid columns. */
const VALID_COLUMNS = memory.data<i32>([
  -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0,
]);

/**
 * Sum of the binary cross-entropies of a tile of logits x against its targets t, max(x, 0) − x·t + log(1 + e^−|x|);
 * their derivative σ(x) − t, times `scale`, goes to `gradient` (which may be the tile itself).
 * Columns from `valid` on are padding. The logarithms of a lane are taken together, as one of their product: at most
 * twenty-four factors between 1 and 2. `scratch` takes 64 bytes.
 */
export function crossEntropy(
  tile: usize,
  end: usize,
  target: usize,
  gradient: usize,
  scale: f32,
  valid: i32,
  scratch: usize,
): f64 {
  const zero = f32x4.splat(0);
  const scales = f32x4.splat(scale);
  const masks = VALID_COLUMNS + ((<usize>(at.PANEL - valid)) << 2);
  let sum0 = zero;
  let sum1 = zero;
  let product0 = one();
  let product1 = one();
  for (let half: usize = 0; tile < end; half ^= 32) {
    const inside0 = v128.load(masks + half);
    const inside1 = v128.load(masks + half, 16);
    const x0 = v128.load(tile);
    const x1 = v128.load(tile, 16);
    const t0 = v128.load(target);
    const t1 = v128.load(target, 16);
    const e0 = exp4(f32x4.neg(f32x4.abs(x0)));
    const e1 = exp4(f32x4.neg(f32x4.abs(x1)));
    const factor0 = f32x4.add(one(), e0);
    const factor1 = f32x4.add(one(), e1);
    const sigmoid0 = f32x4.div(v128.bitselect(one(), e0, f32x4.ge(x0, zero)), factor0);
    const sigmoid1 = f32x4.div(v128.bitselect(one(), e1, f32x4.ge(x1, zero)), factor1);
    product0 = f32x4.mul(product0, v128.bitselect(factor0, one(), inside0));
    product1 = f32x4.mul(product1, v128.bitselect(factor1, one(), inside1));
    sum0 = f32x4.add(sum0, v128.and(f32x4.sub(atLeast(zero, x0), f32x4.mul(x0, t0)), inside0));
    sum1 = f32x4.add(sum1, v128.and(f32x4.sub(atLeast(zero, x1), f32x4.mul(x1, t1)), inside1));
    const slope0 = v128.and(withoutSubnormals(f32x4.mul(f32x4.sub(sigmoid0, t0), scales)), inside0);
    const slope1 = v128.and(withoutSubnormals(f32x4.mul(f32x4.sub(sigmoid1, t1), scales)), inside1);
    v128.store(gradient, slope0);
    v128.store(gradient, slope1, 16);
    tile += 32;
    target += 32;
    gradient += 32;
  }
  // By way of memory: what ends in neighbouring stores is what the revectorizer pairs.
  v128.store(scratch, sum0);
  v128.store(scratch, sum1, 16);
  v128.store(scratch, product0, 32);
  v128.store(scratch, product1, 48);
  const sum = f32x4.add(v128.load(scratch), v128.load(scratch, 16));
  const product = f32x4.mul(v128.load(scratch, 32), v128.load(scratch, 48));
  return total(f32x4.add(sum, log4(product)));
}

/** As crossEntropy, for (y − t)² with y = σ(x) or x itself. */
export function squaredError(
  ofSigmoid: bool,
  tile: usize,
  end: usize,
  target: usize,
  gradient: usize,
  scale: f32,
  valid: i32,
  scratch: usize,
): f64 {
  const scales = f32x4.splat(scale);
  const masks = VALID_COLUMNS + ((<usize>(at.PANEL - valid)) << 2);
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  for (let half: usize = 0; tile < end; half ^= 32) {
    let y0 = v128.load(tile);
    let y1 = v128.load(tile, 16);
    if (ofSigmoid) {
      y0 = sigmoid4(y0);
      y1 = sigmoid4(y1);
    }
    const difference0 = v128.and(f32x4.sub(y0, v128.load(target)), v128.load(masks + half));
    const difference1 = v128.and(f32x4.sub(y1, v128.load(target, 16)), v128.load(masks + half, 16));
    sum0 = f32x4.relaxed_madd(difference0, difference0, sum0);
    sum1 = f32x4.relaxed_madd(difference1, difference1, sum1);
    let slope0 = f32x4.add(difference0, difference0);
    let slope1 = f32x4.add(difference1, difference1);
    if (ofSigmoid) {
      slope0 = f32x4.mul(slope0, f32x4.mul(y0, f32x4.sub(one(), y0)));
      slope1 = f32x4.mul(slope1, f32x4.mul(y1, f32x4.sub(one(), y1)));
    }
    slope0 = withoutSubnormals(f32x4.mul(slope0, scales));
    slope1 = withoutSubnormals(f32x4.mul(slope1, scales));
    v128.store(gradient, slope0);
    v128.store(gradient, slope1, 16);
    tile += 32;
    target += 32;
    gradient += 32;
  }
  v128.store(scratch, sum0);
  v128.store(scratch, sum1, 16);
  return total(f32x4.add(v128.load(scratch), v128.load(scratch, 16)));
}

function total(lanes: v128): f64 {
  return (
    <f64>f32x4.extract_lane(lanes, 0) +
    <f64>f32x4.extract_lane(lanes, 1) +
    (<f64>f32x4.extract_lane(lanes, 2) + <f64>f32x4.extract_lane(lanes, 3))
  );
}
