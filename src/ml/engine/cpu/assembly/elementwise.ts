// What is done to a tile element by element: bias, activations and their derivatives. Loops load two neighbours before
// they store two: only then can V8's revectorizer pair them.
import * as at from "../layout";
import { atLeast, one, sigmoid4, tanh4 } from "./math";

export function addBias(tile: usize, end: usize, bias: usize): void {
  const b0 = v128.load(bias);
  const b1 = v128.load(bias, 16);
  const b2 = v128.load(bias, 32);
  const b3 = v128.load(bias, 48);
  for (; tile < end; tile += 64) {
    const x0 = f32x4.add(v128.load(tile), b0);
    const x1 = f32x4.add(v128.load(tile, 16), b1);
    const x2 = f32x4.add(v128.load(tile, 32), b2);
    const x3 = f32x4.add(v128.load(tile, 48), b3);
    v128.store(tile, x0);
    v128.store(tile, x1, 16);
    v128.store(tile, x2, 32);
    v128.store(tile, x3, 48);
  }
}

export function activate(activation: i32, tile: usize, end: usize): void {
  const zero = f32x4.splat(0);
  switch (activation) {
    case at.RELU:
      for (; tile < end; tile += 32) {
        const x0 = atLeast(zero, v128.load(tile));
        const x1 = atLeast(zero, v128.load(tile, 16));
        v128.store(tile, x0);
        v128.store(tile, x1, 16);
      }
      break;
    case at.TANH:
      for (; tile < end; tile += 32) {
        const x0 = tanh4(v128.load(tile));
        const x1 = tanh4(v128.load(tile, 16));
        v128.store(tile, x0);
        v128.store(tile, x1, 16);
      }
      break;
    case at.SIGMOID:
      for (; tile < end; tile += 32) {
        const x0 = sigmoid4(v128.load(tile));
        const x1 = sigmoid4(v128.load(tile, 16));
        v128.store(tile, x0);
        v128.store(tile, x1, 16);
      }
      break;
  }
}

/** tile ⊙= activation′, written in terms of the activation's output y. */
export function activateGradient(activation: i32, tile: usize, end: usize, output: usize): void {
  const zero = f32x4.splat(0);
  switch (activation) {
    case at.RELU: // 1 where y > 0
      for (; tile < end; tile += 32, output += 32) {
        const d0 = v128.and(v128.load(tile), f32x4.gt(v128.load(output), zero));
        const d1 = v128.and(v128.load(tile, 16), f32x4.gt(v128.load(output, 16), zero));
        v128.store(tile, d0);
        v128.store(tile, d1, 16);
      }
      break;
    case at.TANH: // 1 − y²
      for (; tile < end; tile += 32, output += 32) {
        const y0 = v128.load(output);
        const y1 = v128.load(output, 16);
        const d0 = f32x4.mul(v128.load(tile), f32x4.sub(one(), f32x4.mul(y0, y0)));
        const d1 = f32x4.mul(v128.load(tile, 16), f32x4.sub(one(), f32x4.mul(y1, y1)));
        v128.store(tile, d0);
        v128.store(tile, d1, 16);
      }
      break;
    case at.SIGMOID: // y(1 − y)
      for (; tile < end; tile += 32, output += 32) {
        const y0 = v128.load(output);
        const y1 = v128.load(output, 16);
        const d0 = f32x4.mul(v128.load(tile), f32x4.mul(y0, f32x4.sub(one(), y0)));
        const d1 = f32x4.mul(v128.load(tile, 16), f32x4.mul(y1, f32x4.sub(one(), y1)));
        v128.store(tile, d0);
        v128.store(tile, d1, 16);
      }
      break;
  }
}
