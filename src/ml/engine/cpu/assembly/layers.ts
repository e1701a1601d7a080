// TILES: everything that makes one tile of a [batch, columns] matrix: a product with a weight (forward, or with the
// transposed weight the gradient by the input), and what follows while the tile is still in the nearest cache.

import * as at from "../layout";
import { exp4, log4, sigmoid4, sigmoidFrom, tanh4 } from "./math";
import { blockCount, blockStart, shareStart } from "./share";
import { rows as productOfRows } from "./tiles.generated";

export function tiles(control: usize, record: usize, thread: i32, threads: i32, rows: i32): void {
  const capacity = load<i32>(control, at.ROWS_CAPACITY);
  const wide = load<i32>(control, at.WIDE) != 0;
  const out = <usize>load<u32>(record, at.OUT << 2);
  const columns = load<i32>(record, at.COLUMNS << 2);
  const input = <usize>load<u32>(record, at.INPUT << 2);
  const weight = <usize>load<u32>(record, at.WEIGHT << 2);
  const inner = load<i32>(record, at.INNER << 2);
  const weightPanel = (<usize>load<u32>(record, at.WEIGHT_ROWS << 2)) << 6;
  const bias = <usize>load<u32>(record, at.BIAS << 2);
  const activation = load<i32>(record, at.ACTIVATE << 2);
  const through = load<i32>(record, at.THROUGH << 2);
  const throughOutput = <usize>load<u32>(record, at.THROUGH_OUTPUT << 2);
  const loss = load<i32>(record, at.LOSS << 2);
  const target = <usize>load<u32>(record, at.TARGET << 2);
  const gradient = <usize>load<u32>(record, at.GRADIENT << 2);
  const partials = <usize>load<u32>(record, at.PARTIALS << 2);
  let scale = load<f32>(record, at.SCALE << 2);
  if (load<i32>(record, at.PER_IMAGE << 2)) scale /= <f32>rows;

  const inputPanel = (<usize>capacity) << 6;
  const blocks = blockCount(rows);
  const panels = (columns + at.PANEL - 1) / at.PANEL;
  const total = panels * blocks;
  const end = shareStart(total, thread + 1, threads);
  for (let task = shareStart(total, thread, threads); task < end; task++) {
    const panel = task / blocks;
    const block = task % blocks;
    const row = blockStart(rows, blocks, block);
    const height = blockStart(rows, blocks, block + 1) - row;
    const offset = (<usize>(panel * capacity + row)) << 6;
    const tile = out + offset;
    if (weight)
      productOfRows(
        wide,
        height,
        input + ((<usize>row) << 6),
        inputPanel,
        weight + <usize>panel * weightPanel,
        inner,
        tile,
      );
    const tileEnd = tile + ((<usize>height) << 6);
    if (bias) addBias(tile, tileEnd, bias + ((<usize>panel) << 6));
    if (activation) activate(activation, tile, tileEnd);
    if (through) activateGradient(through, tile, tileEnd, throughOutput + offset);
    if (loss) {
      const valid = min(at.PANEL, columns - panel * at.PANEL);
      const sum = lossOfTile(
        loss,
        tile,
        tileEnd,
        target + offset,
        gradient ? gradient + offset : 0,
        scale,
        valid,
      );
      store<f64>(partials + ((<usize>(panel * capacity + block)) << 3), sum);
    }
  }
}

function addBias(tile: usize, end: usize, bias: usize): void {
  const b0 = v128.load(bias);
  const b1 = v128.load(bias, 16);
  const b2 = v128.load(bias, 32);
  const b3 = v128.load(bias, 48);
  while (tile < end) {
    v128.store(tile, f32x4.add(v128.load(tile), b0));
    v128.store(tile, f32x4.add(v128.load(tile, 16), b1), 16);
    v128.store(tile, f32x4.add(v128.load(tile, 32), b2), 32);
    v128.store(tile, f32x4.add(v128.load(tile, 48), b3), 48);
    tile += 64;
  }
}

function activate(activation: i32, tile: usize, end: usize): void {
  const zero = f32x4.splat(0);
  switch (activation) {
    case at.RELU:
      while (tile < end) {
        v128.store(tile, f32x4.max(v128.load(tile), zero));
        v128.store(tile, f32x4.max(v128.load(tile, 16), zero), 16);
        v128.store(tile, f32x4.max(v128.load(tile, 32), zero), 32);
        v128.store(tile, f32x4.max(v128.load(tile, 48), zero), 48);
        tile += 64;
      }
      break;
    case at.TANH:
      for (; tile < end; tile += 16) v128.store(tile, tanh4(v128.load(tile)));
      break;
    case at.SIGMOID:
      for (; tile < end; tile += 16) v128.store(tile, sigmoid4(v128.load(tile)));
      break;
  }
}

/** tile ⊙= activation′, written in terms of the activation's output y. */
function activateGradient(activation: i32, tile: usize, end: usize, output: usize): void {
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  for (; tile < end; tile += 16, output += 16) {
    const gradient = v128.load(tile);
    const y = v128.load(output);
    let result = gradient;
    switch (activation) {
      case at.RELU: // 1 where y > 0
        result = v128.and(gradient, f32x4.gt(y, zero));
        break;
      case at.TANH: // 1 − y²
        result = f32x4.mul(gradient, f32x4.sub(one, f32x4.mul(y, y)));
        break;
      case at.SIGMOID: // y(1 − y)
        result = f32x4.mul(gradient, f32x4.mul(y, f32x4.sub(one, y)));
        break;
    }
    v128.store(tile, result);
  }
}

/**
 * Sum of the losses of a tile of logits against its targets; the gradient by the logits, times `scale`, goes to
 * `gradient` (which may be the tile itself) unless that is 0. Columns from `valid` on are padding.
 */
function lossOfTile(
  loss: i32,
  tile: usize,
  end: usize,
  target: usize,
  gradient: usize,
  scale: f32,
  valid: i32,
): f64 {
  let sum = f32x4.splat(0);
  const scales = f32x4.splat(scale);
  const lanes = i32x4(0, 1, 2, 3);
  for (let at16 = 0; tile < end; tile += 16, target += 16, at16 = (at16 + 4) & 15) {
    const inside = i32x4.lt_s(i32x4.add(lanes, i32x4.splat(at16)), i32x4.splat(valid));
    const x = v128.load(tile);
    const t = v128.load(target);
    let value = f32x4.splat(0);
    let slope = f32x4.splat(0);
    if (loss == at.BCE) {
      // max(x, 0) − x·t + log(1 + e^−|x|); its derivative is σ(x) − t.
      const e = exp4(f32x4.neg(f32x4.abs(x)));
      value = f32x4.add(
        f32x4.sub(f32x4.max(x, f32x4.splat(0)), f32x4.mul(x, t)),
        log4(f32x4.add(f32x4.splat(1), e)),
      );
      slope = f32x4.sub(sigmoidFrom(x, e), t);
    } else if (loss == at.SQUARED_ERROR_OF_SIGMOID) {
      const y = sigmoid4(x);
      const difference = f32x4.sub(y, t);
      value = f32x4.mul(difference, difference);
      slope = f32x4.mul(f32x4.add(difference, difference), f32x4.mul(y, f32x4.sub(f32x4.splat(1), y)));
    } else {
      const difference = f32x4.sub(x, t);
      value = f32x4.mul(difference, difference);
      slope = f32x4.add(difference, difference);
    }
    sum = f32x4.add(sum, v128.and(value, inside));
    if (gradient) {
      v128.store(gradient, v128.and(f32x4.mul(slope, scales), inside));
      gradient += 16;
    }
  }
  return (
    <f64>f32x4.extract_lane(sum, 0) +
    <f64>f32x4.extract_lane(sum, 1) +
    (<f64>f32x4.extract_lane(sum, 2) + <f64>f32x4.extract_lane(sum, 3))
  );
}
