// TILES: everything that makes one tile of a [batch, columns] matrix: a product with a weight (forward, or with the
// transposed weight the gradient by the input), and what follows while the tile is still in the nearest cache.
import * as at from "../layout";
import { atLeast, exp4, log4, one, sigmoid4, tanh4, withoutSubnormals } from "./math";
import { blockCount, blockHeight, blockStart, claim, reach, shareStart } from "./share";
import { rowsList } from "./sparse";
import { rows as productOfRows, someRows } from "./tiles.generated";

/**
 * Rows of a weight panel (64 bytes each) that are used up by all of a thread's tiles before the next ones: they and
 * a tile's input stay in a first-level cache of 32 KiB.
 */
const CHUNK = 288;

/** Chunks of whole panels, as even as can be. */
function chunkLength(inner: i32): i32 {
  const chunks = (inner + CHUNK - 1) / CHUNK;
  const panels = (inner + at.PANEL - 1) / at.PANEL;
  return ((panels + chunks - 1) / chunks) * at.PANEL;
}

/** Half a panel is claimed at a time. */
export function tiles(control: usize, record: usize, thread: i32, threads: i32, rows: i32): void {
  const blocksPerUnit = (blockCount(rows) + 1) / 2;
  const unitsPerPanel = (blockCount(rows) + blocksPerUnit - 1) / blocksPerUnit;
  const units = ((load<i32>(record, at.COLUMNS << 2) + at.PANEL - 1) / at.PANEL) * unitsPerPanel;
  for (let turn = 0; turn < reach(threads); turn++) {
    const owner = (thread + turn) % threads;
    const first = shareStart(units, owner, threads);
    const count = shareStart(units, owner + 1, threads) - first;
    for (let unit = claim(record, owner, count, threads); unit < count; unit = claim(record, owner, count, threads)) {
      const panel = (first + unit) / unitsPerPanel;
      const block = ((first + unit) % unitsPerPanel) * blocksPerUnit;
      tilesOfPanel(control, record, thread, panel, block, min(blockCount(rows), block + blocksPerUnit), rows);
    }
  }
}

/** First the product of all the tiles, then what follows. */
function tilesOfPanel(
  control: usize,
  record: usize,
  thread: i32,
  panel: i32,
  first: i32,
  last: i32,
  rows: i32,
): void {
  if (load<i32>(record, at.WEIGHT << 2)) {
    begin(control, record, panel, first, last, rows);
    product(control, record, panel, first, last, rows);
  }
  stages(control, record, thread, panel, first, last, rows);
}

/** Products add up: their tiles begin as the bias, or as nothing. */
function begin(control: usize, record: usize, panel: i32, first: i32, last: i32, rows: i32): void {
  const capacity = load<i32>(control, at.ROWS_CAPACITY);
  const blocks = blockCount(rows);
  const outOfPanel = <usize>load<u32>(record, at.OUT << 2) + ((<usize>(panel * capacity)) << 6);
  let tile = outOfPanel + ((<usize>blockStart(rows, blocks, first)) << 6);
  const end = outOfPanel + ((<usize>blockStart(rows, blocks, last)) << 6);
  const bias = load<u32>(record, at.BIAS << 2);
  if (bias == 0) {
    memory.fill(tile, 0, end - tile);
    return;
  }
  const row = <usize>bias + ((<usize>panel) << 6);
  const b0 = v128.load(row);
  const b1 = v128.load(row, 16);
  const b2 = v128.load(row, 32);
  const b3 = v128.load(row, 48);
  for (; tile < end; tile += 64) {
    v128.store(tile, b0);
    v128.store(tile, b1, 16);
    v128.store(tile, b2, 32);
    v128.store(tile, b3, 48);
  }
}

function product(control: usize, record: usize, panel: i32, first: i32, last: i32, rows: i32): void {
  const wide = load<i32>(control, at.WIDE) != 0;
  const panelBytes = (<usize>load<u32>(control, at.ROWS_CAPACITY)) << 6;
  const inner = load<i32>(record, at.INNER << 2);
  const lists = <usize>load<u32>(record, at.ROW_LISTS << 2);
  const weightPanel = (<usize>load<u32>(record, at.WEIGHT_ROWS << 2)) << 6;
  const weight = <usize>load<u32>(record, at.WEIGHT << 2) + <usize>panel * weightPanel;
  const out = <usize>load<u32>(record, at.OUT << 2) + <usize>panel * panelBytes;
  const blocks = blockCount(rows);
  const least = rows / blocks;
  const longer = rows % blocks;
  const firstOffset = (<usize>blockStart(rows, blocks, first)) << 6;
  const chunkRows = lists ? inner : chunkLength(inner);
  for (let k = 0; k < inner; k += chunkRows) {
    const input = <usize>load<u32>(record, at.INPUT << 2) + <usize>(k / at.PANEL) * panelBytes;
    const chunk = weight + ((<usize>k) << 6);
    const count = min(chunkRows, inner - k);
    let offset = firstOffset;
    for (let block = first; block < last; block++) {
      const height = blockHeight(least, longer, block);
      if (lists) {
        const list = rowsList(lists, inner, block);
        someRows(wide, height, weight, list + 8, load<i32>(list), out + offset);
      } else productOfRows(wide, height, input + offset, panelBytes, chunk, count, out + offset);
      offset += (<usize>height) << 6;
    }
  }
}

/** What follows a product, or stands alone: bias (which a product has begun with), activation, its derivative, loss. */
function stages(
  control: usize,
  record: usize,
  thread: i32,
  panel: i32,
  first: i32,
  last: i32,
  rows: i32,
): void {
  const scratch = <usize>load<u32>(control, at.SCRATCH) + <usize>thread * at.SCRATCH_BYTES;
  const capacity = load<i32>(control, at.ROWS_CAPACITY);
  const out = <usize>load<u32>(record, at.OUT << 2);
  const bias: usize = load<u32>(record, at.WEIGHT << 2) ? 0 : <usize>load<u32>(record, at.BIAS << 2);
  const activation = load<i32>(record, at.ACTIVATE << 2);
  const through = load<i32>(record, at.THROUGH << 2);
  const throughOutput = <usize>load<u32>(record, at.THROUGH_OUTPUT << 2);
  const loss = load<i32>(record, at.LOSS << 2);
  const target = <usize>load<u32>(record, at.TARGET << 2);
  const gradient = <usize>load<u32>(record, at.GRADIENT << 2);
  const partials = <usize>load<u32>(record, at.PARTIALS << 2);
  const valid = min(at.PANEL, load<i32>(record, at.COLUMNS << 2) - panel * at.PANEL);
  let scale = load<f32>(record, at.SCALE << 2);
  if (load<i32>(record, at.PER_IMAGE << 2)) scale /= <f32>rows;
  const blocks = blockCount(rows);
  const least = rows / blocks;
  const longer = rows % blocks;
  let offset = (<usize>(panel * capacity + blockStart(rows, blocks, first))) << 6;
  for (let block = first; block < last; block++) {
    const tile = out + offset;
    const bytes = (<usize>blockHeight(least, longer, block)) << 6;
    const end = tile + bytes;
    if (bias) addBias(tile, end, bias + ((<usize>panel) << 6));
    if (activation) activate(activation, tile, end);
    if (through) activateGradient(through, tile, end, throughOutput + offset);
    if (loss) {
      // Where nobody wants the gradient it is written all the same: to where the next tile's will be.
      const slope = gradient ? gradient + offset : scratch + at.LOSS_SCRATCH;
      const sum =
        loss == at.BCE
          ? crossEntropy(tile, end, target + offset, slope, scale, valid, scratch)
          : squaredError(
              loss == at.SQUARED_ERROR_OF_SIGMOID,
              tile,
              end,
              target + offset,
              slope,
              scale,
              valid,
              scratch,
            );
      store<f64>(partials + ((<usize>(panel * capacity + block)) << 3), sum);
    }
    offset += bytes;
  }
}

// Elementwise loops load two neighbours before they store two: only then can V8's revectorizer pair them.

function addBias(tile: usize, end: usize, bias: usize): void {
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

function activate(activation: i32, tile: usize, end: usize): void {
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
function activateGradient(activation: i32, tile: usize, end: usize, output: usize): void {
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
function crossEntropy(
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
function squaredError(
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
