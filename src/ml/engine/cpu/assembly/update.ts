// UPDATE: the gradient of one layer's weight and bias, and Adam's step along it. Fused, a tile of the gradient is
// used up while it is still in the nearest cache, and no gradient is ever stored.
import * as at from "../layout";
import { claim, reach, shareStart, TILES_PER_PANEL, tileStart } from "./share";
import { withoutSubnormals } from "./math";
import { columnsList } from "./sparse";
import { columns as productOfColumns, someColumns } from "./tiles.generated";

/** Tiles that a thread claims at a time. */
const TILES_PER_UNIT = 16;

export function update(control: usize, record: usize, thread: i32, threads: i32, rows: i32, step: i32): void {
  const panels = (load<i32>(record, at.COLUMNS << 2) + at.PANEL - 1) / at.PANEL;
  const tiles = panels * tilesPerPanel(record);
  const units = (tiles + TILES_PER_UNIT - 1) / TILES_PER_UNIT;
  for (let turn = 0; turn < reach(threads); turn++) {
    const owner = (thread + turn) % threads;
    const first = shareStart(units, owner, threads);
    const count = shareStart(units, owner + 1, threads) - first;
    for (let unit = claim(record, owner, count, threads); unit < count; unit = claim(record, owner, count, threads)) {
      const tile = (first + unit) * TILES_PER_UNIT;
      updateTiles(control, record, thread, rows, step, tile, min(tiles, tile + TILES_PER_UNIT));
    }
  }
}

/** Tiles of one panel of the weight, and one more for the panel's bias. */
function tilesPerPanel(record: usize): i32 {
  return ((load<i32>(record, at.INNER << 2) + at.PANEL - 1) / at.PANEL) * TILES_PER_PANEL + 1;
}

function updateTiles(
  control: usize,
  record: usize,
  thread: i32,
  rows: i32,
  step: i32,
  first: i32,
  last: i32,
): void {
  const perPanel = tilesPerPanel(record);
  const takeBias = load<i32>(record, at.BIAS_GRADIENT << 2) != 0;
  const takeWeight = load<i32>(record, at.WEIGHT << 2) != 0;
  const adam = <usize>load<u32>(control, at.ADAM_SLOTS) + <usize>step * at.STEP_ADAM_BYTES;
  for (let panel = first / perPanel; panel * perPanel < last; panel++) {
    const start = max(0, first - panel * perPanel);
    const end = min(perPanel, last - panel * perPanel);
    if (takeWeight) updateWeight(control, record, thread, rows, panel, start, min(end, perPanel - 1), adam);
    if (takeBias && end == perPanel) updateBias(control, record, rows, panel, adam);
  }
}

/** Tiles `start` to `end` of one panel of the weight. */
function updateWeight(
  control: usize,
  record: usize,
  thread: i32,
  rows: i32,
  panel: i32,
  start: i32,
  end: i32,
  adam: usize,
): void {
  const wide = load<i32>(control, at.WIDE) != 0;
  const capacity = load<i32>(control, at.ROWS_CAPACITY);
  const panelBytes = (<usize>capacity) << 6;
  const scratch = <usize>load<u32>(control, at.SCRATCH) + <usize>thread * at.SCRATCH_BYTES;
  const inner = load<i32>(record, at.INNER << 2);
  const takeGradient = load<i32>(record, at.TAKE_WEIGHT_GRADIENT << 2) != 0;
  const takeStep = load<i32>(record, at.TAKE_ADAM_STEP << 2) != 0;
  const input = <usize>load<u32>(record, at.INPUT << 2);
  const outputGradient = <usize>load<u32>(record, at.GRADIENT << 2) + <usize>panel * panelBytes;
  const lists = <usize>load<u32>(record, at.COLUMN_LISTS << 2);
  const kept = <usize>load<u32>(record, at.WEIGHT_GRADIENT << 2);
  const weight = <usize>load<u32>(record, at.WEIGHT << 2);
  const m = <usize>load<u32>(record, at.WEIGHT_M << 2);
  const v = <usize>load<u32>(record, at.WEIGHT_V << 2);
  const columns = ((load<i32>(record, at.COLUMNS << 2) + at.PANEL - 1) / at.PANEL) * at.PANEL;
  const transposed = <usize>load<u32>(record, at.TRANSPOSED << 2);
  for (let tile = start; tile < end; tile++) {
    const inputPanel = tile / TILES_PER_PANEL;
    const part = tile % TILES_PER_PANEL;
    const valid = min(at.PANEL, inner - inputPanel * at.PANEL);
    const first = tileStart(valid, part);
    const height = tileStart(valid, part + 1) - first;
    if (height == 0) continue;
    const offset = (<usize>(panel * inner + inputPanel * at.PANEL + first)) << 6;
    const gradient = kept ? kept + offset : scratch;
    if (takeGradient) {
      const inputOfPanel = input + <usize>inputPanel * panelBytes;
      if (lists) {
        const list = columnsList(lists, capacity, tile);
        someColumns(wide, height, outputGradient - inputOfPanel - (first << 2), list + 8, load<i32>(list), gradient);
      } else productOfColumns(wide, height, inputOfPanel + ((<usize>first) << 2), outputGradient, rows, gradient);
    }
    if (takeStep) {
      adamStep(control, adam, weight + offset, m + offset, v + offset, gradient, height);
      if (transposed) {
        const column = (<usize>(inputPanel * columns + panel * at.PANEL)) << 6;
        transpose(weight + offset, height, transposed + column + ((<usize>first) << 2));
      }
    }
  }
}

/** Rows of a tile become columns of the transposed copy: four at a time, then two, then one. */
function transpose(tile: usize, height: i32, to: usize): void {
  let row = 0;
  for (; row + 4 <= height; row += 4, tile += 256, to += 16) transpose4(tile, to);
  for (; row + 2 <= height; row += 2, tile += 128, to += 8) transpose2(tile, to);
  if (row < height)
    for (let column: usize = 0; column < 16; column++)
      store<f32>(to + (column << 6), load<f32>(tile + (column << 2)));
}

function transpose4(tile: usize, to: usize): void {
  for (let quarter = 0; quarter < 4; quarter++, tile += 16, to += 256) {
    const r0 = v128.load(tile);
    const r1 = v128.load(tile, 64);
    const r2 = v128.load(tile, 128);
    const r3 = v128.load(tile, 192);
    const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
    const b = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    const c = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const d = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f64>(a, c, 0, 2));
    v128.store(to, v128.shuffle<f64>(a, c, 1, 3), 64);
    v128.store(to, v128.shuffle<f64>(b, d, 0, 2), 128);
    v128.store(to, v128.shuffle<f64>(b, d, 1, 3), 192);
  }
}

function transpose2(tile: usize, to: usize): void {
  for (let quarter = 0; quarter < 4; quarter++, tile += 16, to += 256) {
    const r0 = v128.load(tile);
    const r1 = v128.load(tile, 64);
    const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
    const b = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    v128.store64_lane(to, a, 0);
    v128.store64_lane(to, a, 1, 64);
    v128.store64_lane(to, b, 0, 128);
    v128.store64_lane(to, b, 1, 192);
  }
}

function updateBias(control: usize, record: usize, rows: i32, panel: i32, adam: usize): void {
  const offset = (<usize>panel) << 6;
  const gradient = <usize>load<u32>(record, at.BIAS_GRADIENT << 2) + offset;
  if (load<i32>(record, at.TAKE_BIAS_GRADIENT << 2)) {
    const capacity = load<i32>(control, at.ROWS_CAPACITY);
    let row = <usize>load<u32>(record, at.GRADIENT << 2) + ((<usize>(panel * capacity)) << 6);
    const end = row + ((<usize>rows) << 6);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (; row < end; row += 64) {
      s0 = f32x4.add(s0, v128.load(row));
      s1 = f32x4.add(s1, v128.load(row, 16));
      s2 = f32x4.add(s2, v128.load(row, 32));
      s3 = f32x4.add(s3, v128.load(row, 48));
    }
    v128.store(gradient, s0);
    v128.store(gradient, s1, 16);
    v128.store(gradient, s2, 32);
    v128.store(gradient, s3, 48);
  }
  if (load<i32>(record, at.TAKE_ADAM_STEP << 2))
    adamStep(
      control,
      adam,
      <usize>load<u32>(record, at.BIAS << 2) + offset,
      <usize>load<u32>(record, at.BIAS_M << 2) + offset,
      <usize>load<u32>(record, at.BIAS_V << 2) + offset,
      gradient,
      1,
    );
}

/**
 * Adam (Kingma and Ba 2015, algorithm 1) on `rows` times sixteen parameters. The bias corrections, which depend on
 * the step alone, come from outside: w −= stepSize · m / (√v · correction + epsilon).
 */
function adamStep(
  control: usize,
  slot: usize,
  weight: usize,
  m: usize,
  v: usize,
  gradient: usize,
  rows: i32,
): void {
  const stepSize = f32x4.splat(-load<f32>(slot));
  const correction = f32x4.splat(load<f32>(slot, 4));
  const epsilon = f32x4.splat(load<f32>(slot, 8));
  const beta1 = f32x4.splat(load<f32>(control, at.BETA1));
  const beta2 = f32x4.splat(load<f32>(control, at.BETA2));
  const rest1 = f32x4.splat(load<f32>(control, at.ONE_MINUS_BETA1));
  const rest2 = f32x4.splat(load<f32>(control, at.ONE_MINUS_BETA2));
  const end = weight + ((<usize>rows) << 6);
  while (weight != end) {
    const g0 = v128.load(gradient);
    const g1 = v128.load(gradient, 16);
    const m0 = withoutSubnormals(f32x4.relaxed_madd(v128.load(m), beta1, f32x4.mul(g0, rest1)));
    const m1 = withoutSubnormals(f32x4.relaxed_madd(v128.load(m, 16), beta1, f32x4.mul(g1, rest1)));
    const v0 = withoutSubnormals(f32x4.relaxed_madd(v128.load(v), beta2, f32x4.mul(f32x4.mul(g0, g0), rest2)));
    const v1 = withoutSubnormals(f32x4.relaxed_madd(v128.load(v, 16), beta2, f32x4.mul(f32x4.mul(g1, g1), rest2)));
    const d0 = f32x4.relaxed_madd(f32x4.sqrt(v0), correction, epsilon);
    const d1 = f32x4.relaxed_madd(f32x4.sqrt(v1), correction, epsilon);
    const w0 = f32x4.relaxed_madd(f32x4.div(m0, d0), stepSize, v128.load(weight));
    const w1 = f32x4.relaxed_madd(f32x4.div(m1, d1), stepSize, v128.load(weight, 16));
    v128.store(m, m0);
    v128.store(m, m1, 16);
    v128.store(v, v0);
    v128.store(v, v1, 16);
    v128.store(weight, w0);
    v128.store(weight, w1, 16);
    weight += 32;
    gradient += 32;
    m += 32;
    v += 32;
  }
}
