// UPDATE: the gradient of one layer's weight and bias, and Adam's step along it. Fused, a tile of the gradient is
// used up while it is still in the nearest cache, and no gradient is ever stored.
import * as at from "../layout";
import { shareStart } from "./share";
import { columns as productOfColumns } from "./tiles.generated";

/** Sixteen rows of a weight panel are cut into three tiles: 6, 5 and 5 rows. */
const TILES_PER_PANEL = 3;

export function update(control: usize, record: usize, thread: i32, threads: i32, rows: i32, step: i32): void {
  const inner = load<i32>(record, at.INNER << 2);
  const columns = load<i32>(record, at.COLUMNS << 2);
  const takeBias = load<i32>(record, at.BIAS_GRADIENT << 2) != 0;
  const takeWeight = load<i32>(record, at.WEIGHT << 2) != 0;
  const inputPanels = (inner + at.PANEL - 1) / at.PANEL;
  const tasksPerPanel = inputPanels * TILES_PER_PANEL + 1; // the last one is the bias
  const total = ((columns + at.PANEL - 1) / at.PANEL) * tasksPerPanel;
  const adam = <usize>load<u32>(control, at.ADAM_SLOTS) + <usize>step * at.STEP_ADAM_BYTES;
  const end = shareStart(total, thread + 1, threads);
  for (let task = shareStart(total, thread, threads); task < end; task++) {
    const panel = task / tasksPerPanel;
    const tile = task % tasksPerPanel;
    if (tile == tasksPerPanel - 1) {
      if (takeBias) updateBias(control, record, rows, panel, adam);
    } else if (takeWeight) {
      const inputPanel = tile / TILES_PER_PANEL;
      const part = tile % TILES_PER_PANEL;
      const valid = min(at.PANEL, inner - inputPanel * at.PANEL);
      const first = part * (valid / TILES_PER_PANEL) + min(part, valid % TILES_PER_PANEL);
      const next = (part + 1) * (valid / TILES_PER_PANEL) + min(part + 1, valid % TILES_PER_PANEL);
      if (next > first)
        updateTile(control, record, thread, rows, panel, inputPanel, first, next - first, adam);
    }
  }
}

function updateTile(
  control: usize,
  record: usize,
  thread: i32,
  rows: i32,
  panel: i32,
  inputPanel: i32,
  first: i32,
  height: i32,
  adam: usize,
): void {
  const capacity = load<i32>(control, at.ROWS_CAPACITY);
  const inner = load<i32>(record, at.INNER << 2);
  const offset = (<usize>(panel * inner + inputPanel * at.PANEL + first)) << 6;
  const kept = <usize>load<u32>(record, at.WEIGHT_GRADIENT << 2);
  const gradient = kept
    ? kept + offset
    : <usize>load<u32>(control, at.SCRATCH) + <usize>thread * at.SCRATCH_BYTES;
  if (load<i32>(record, at.TAKE_WEIGHT_GRADIENT << 2)) {
    const input =
      <usize>load<u32>(record, at.INPUT << 2) +
      ((<usize>(inputPanel * capacity)) << 6) +
      ((<usize>first) << 2);
    const outputGradient = <usize>load<u32>(record, at.GRADIENT << 2) + ((<usize>(panel * capacity)) << 6);
    productOfColumns(load<i32>(control, at.WIDE) != 0, height, input, outputGradient, rows, gradient);
  }
  if (load<i32>(record, at.TAKE_ADAM_STEP << 2)) {
    const weight = <usize>load<u32>(record, at.WEIGHT << 2) + offset;
    adamStep(
      control,
      adam,
      weight,
      <usize>load<u32>(record, at.WEIGHT_M << 2) + offset,
      <usize>load<u32>(record, at.WEIGHT_V << 2) + offset,
      gradient,
      height,
    );
    const transposed = <usize>load<u32>(record, at.TRANSPOSED << 2);
    if (transposed) {
      const columns = ((load<i32>(record, at.COLUMNS << 2) + at.PANEL - 1) / at.PANEL) * at.PANEL;
      const column = (<usize>(inputPanel * columns + panel * at.PANEL)) << 6;
      transpose(weight, height, transposed + column + ((<usize>first) << 2));
    }
  }
}

/** Rows of a tile become columns of the transposed copy. */
function transpose(tile: usize, height: i32, to: usize): void {
  for (let row = 0; row < height; row++) {
    let target = to;
    for (let column: usize = 0; column < 64; column += 4) {
      store<f32>(target, load<f32>(tile + column));
      target += 64;
    }
    tile += 64;
    to += 4;
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
    const m0 = f32x4.relaxed_madd(v128.load(m), beta1, f32x4.mul(g0, rest1));
    const m1 = f32x4.relaxed_madd(v128.load(m, 16), beta1, f32x4.mul(g1, rest1));
    v128.store(m, m0);
    v128.store(m, m1, 16);
    const v0 = f32x4.relaxed_madd(v128.load(v), beta2, f32x4.mul(f32x4.mul(g0, g0), rest2));
    const v1 = f32x4.relaxed_madd(v128.load(v, 16), beta2, f32x4.mul(f32x4.mul(g1, g1), rest2));
    v128.store(v, v0);
    v128.store(v, v1, 16);
    const d0 = f32x4.relaxed_madd(f32x4.sqrt(v0), correction, epsilon);
    const d1 = f32x4.relaxed_madd(f32x4.sqrt(v1), correction, epsilon);
    v128.store(weight, f32x4.relaxed_madd(f32x4.div(m0, d0), stepSize, v128.load(weight)));
    v128.store(weight, f32x4.relaxed_madd(f32x4.div(m1, d1), stepSize, v128.load(weight, 16)), 16);
    weight += 32;
    gradient += 32;
    m += 32;
    v += 32;
    const g2 = v128.load(gradient);
    const g3 = v128.load(gradient, 16);
    const m2 = f32x4.relaxed_madd(v128.load(m), beta1, f32x4.mul(g2, rest1));
    const m3 = f32x4.relaxed_madd(v128.load(m, 16), beta1, f32x4.mul(g3, rest1));
    v128.store(m, m2);
    v128.store(m, m3, 16);
    const v2 = f32x4.relaxed_madd(v128.load(v), beta2, f32x4.mul(f32x4.mul(g2, g2), rest2));
    const v3 = f32x4.relaxed_madd(v128.load(v, 16), beta2, f32x4.mul(f32x4.mul(g3, g3), rest2));
    v128.store(v, v2);
    v128.store(v, v3, 16);
    const d2 = f32x4.relaxed_madd(f32x4.sqrt(v2), correction, epsilon);
    const d3 = f32x4.relaxed_madd(f32x4.sqrt(v3), correction, epsilon);
    v128.store(weight, f32x4.relaxed_madd(f32x4.div(m2, d2), stepSize, v128.load(weight)));
    v128.store(weight, f32x4.relaxed_madd(f32x4.div(m3, d3), stepSize, v128.load(weight, 16)), 16);
    weight += 32;
    gradient += 32;
    m += 32;
    v += 32;
  }
}
