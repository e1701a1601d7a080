// The latent block of a VAE: sampling and its gradient, the mean, and statistics for evaluation.
// statistics = [μ | log σ²]; both blocks begin at a multiple of four columns, and four columns go at a time.

import * as at from "../layout";
import { atLeast, atMost, cosTurn4, exp4, log4, sinTurn4 } from "./math";
import { threefry4 } from "./random";
import { shareStart } from "./share";

const LOG_VARIANCE_MINIMUM: f32 = -30;
const LOG_VARIANCE_MAXIMUM: f32 = 20;

/** Address of (row, column) of a batch matrix. */
@inline
function element(matrix: usize, capacity: i32, row: i32, column: i32): usize {
  return matrix + (<usize>((column >> 4) * capacity + row) << 6) + (<usize>(column & 15) << 2);
}

@inline
function clampLogVariance(x: v128): v128 {
  return atMost(f32x4.splat(LOG_VARIANCE_MAXIMUM), atLeast(f32x4.splat(LOG_VARIANCE_MINIMUM), x));
}

/** −½ (1 + log σ² − μ² − σ²), a divergence a lane. */
@inline
function divergence(mu: v128, logVariance: v128, variance: v128): v128 {
  return f32x4.mul(
    f32x4.splat(0.5),
    f32x4.add(f32x4.mul(mu, mu), f32x4.sub(f32x4.sub(variance, logVariance), f32x4.splat(1))),
  );
}

export function sample(
  control: usize,
  record: usize,
  thread: i32,
  threads: i32,
  rows: i32,
  firstImage: i32,
  step: i32,
): void {
  const capacity = load<i32>(control, at.ROWS_CAPACITY);
  const statistics = <usize>load<u32>(record, at.STATISTICS << 2);
  const latent = load<i32>(record, at.LATENT << 2);
  const logVarianceColumn = load<i32>(record, at.LOG_VARIANCE_COLUMN << 2);
  const deviation = <usize>load<u32>(record, at.DEVIATION << 2);
  const out = <usize>load<u32>(record, at.OUT << 2);
  const partials = <usize>load<u32>(record, at.PARTIALS << 2);
  const byImage = load<i32>(record, at.NOISE_BY_IMAGE << 2) != 0;
  const stream = load<i32>(record, at.STREAM << 2);
  const seed = load<i32>(control, at.SEED);
  const counter1 = byImage ? 0 : load<i32>(control, at.GLOBAL_STEP) + step;
  const scratch = <usize>load<u32>(control, at.SCRATCH) + <usize>thread * at.SCRATCH_BYTES;
  const pairs = (latent + 1) / 2;
  const end = shareStart(rows, thread + 1, threads);
  for (let row = shareStart(rows, thread, threads); row < end; row++) {
    const firstPair = (byImage ? firstImage + row : row) * pairs;
    let sum = f32x4.splat(0);
    for (let column = 0; column < latent; column += 4) {
      if ((column & 7) == 0) normals(seed, stream, firstPair + (column >> 1), counter1, scratch);
      const noise = v128.load(scratch + (<usize>(column & 4) << 2));
      const mu = v128.load(element(statistics, capacity, row, column));
      const logVariance = clampLogVariance(
        v128.load(element(statistics, capacity, row, logVarianceColumn + column)),
      );
      const half = exp4(f32x4.mul(logVariance, f32x4.splat(0.5)));
      const moved = f32x4.mul(noise, half);
      v128.store(element(deviation, capacity, row, column), moved);
      v128.store(element(out, capacity, row, column), f32x4.add(mu, moved));
      sum = f32x4.add(sum, divergence(mu, logVariance, f32x4.mul(half, half)));
    }
    const total =
      <f64>f32x4.extract_lane(sum, 0) +
      <f64>f32x4.extract_lane(sum, 1) +
      (<f64>f32x4.extract_lane(sum, 2) + <f64>f32x4.extract_lane(sum, 3));
    store<f64>(partials + (<usize>row << 3), total);
  }
}

/** Eight standard normals to `out`: four blocks of the generator, two normals each (see ../../../model/latent-noise.ts). */
function normals(seed: i32, stream: i32, firstPair: i32, counter1: i32, out: usize): void {
  threefry4(seed, stream, i32x4.add(i32x4.splat(firstPair), i32x4(0, 1, 2, 3)), counter1, out);
  const tiny = f32x4.splat(5.9604644775390625e-8); // 2⁻²⁴
  const first = f32x4.convert_i32x4_u(
    i32x4.add(i32x4.shr_u(v128.load(out), 8), i32x4.splat(1)),
  );
  const turns = f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(v128.load(out, 16), 8)), tiny);
  const radius = f32x4.sqrt(f32x4.mul(f32x4.splat(-2), log4(f32x4.mul(first, tiny))));
  const even = f32x4.mul(radius, cosTurn4(turns));
  const odd = f32x4.mul(radius, sinTurn4(turns));
  v128.store(out, v128.shuffle<f32>(even, odd, 0, 4, 1, 5));
  v128.store(out, v128.shuffle<f32>(even, odd, 2, 6, 3, 7), 16);
}

export function sampleGradient(control: usize, record: usize, thread: i32, threads: i32, rows: i32): void {
  const capacity = load<i32>(control, at.ROWS_CAPACITY);
  const statistics = <usize>load<u32>(record, at.STATISTICS << 2);
  const latent = load<i32>(record, at.LATENT << 2);
  const logVarianceColumn = load<i32>(record, at.LOG_VARIANCE_COLUMN << 2);
  const deviation = <usize>load<u32>(record, at.DEVIATION << 2);
  const latentGradient = <usize>load<u32>(record, at.LATENT_GRADIENT << 2);
  const out = <usize>load<u32>(record, at.OUT << 2);
  let scale = load<f32>(control, at.KL_SCALE);
  if (load<i32>(control, at.KL_PER_IMAGE)) scale /= <f32>rows;
  const beta = f32x4.splat(scale);
  const end = shareStart(rows, thread + 1, threads);
  for (let row = shareStart(rows, thread, threads); row < end; row++) {
    for (let column = 0; column < latent; column += 4) {
      const dz = v128.load(element(latentGradient, capacity, row, column));
      const mu = v128.load(element(statistics, capacity, row, column));
      const logVariance = v128.load(element(statistics, capacity, row, logVarianceColumn + column));
      const held = clampLogVariance(logVariance);
      const half = exp4(f32x4.mul(held, f32x4.splat(0.5)));
      const variance = f32x4.mul(half, half);
      v128.store(element(out, capacity, row, column), f32x4.add(dz, f32x4.mul(beta, mu)));
      const slope = f32x4.add(
        f32x4.mul(dz, v128.load(element(deviation, capacity, row, column))),
        f32x4.mul(beta, f32x4.sub(variance, f32x4.splat(1))),
      );
      // Where the clamp holds, log σ² has no influence.
      const free = f32x4.eq(held, logVariance);
      v128.store(
        element(out, capacity, row, logVarianceColumn + column),
        v128.and(f32x4.mul(f32x4.splat(0.5), slope), free),
      );
    }
  }
}

export function mean(control: usize, record: usize, thread: i32, threads: i32, rows: i32): void {
  const capacity = load<i32>(control, at.ROWS_CAPACITY);
  const statistics = <usize>load<u32>(record, at.STATISTICS << 2);
  const latent = load<i32>(record, at.LATENT << 2);
  const out = <usize>load<u32>(record, at.OUT << 2);
  const end = shareStart(rows, thread + 1, threads);
  for (let row = shareStart(rows, thread, threads); row < end; row++)
    for (let column = 0; column < latent; column += 4)
      v128.store(
        element(out, capacity, row, column),
        v128.load(element(statistics, capacity, row, column)),
      );
}

/** Per latent dimension, added to what earlier batches left: KL divergence, Σ μ, Σ μ². One thread a dimension. */
export function latentStatistics(control: usize, record: usize, thread: i32, threads: i32, rows: i32): void {
  const capacity = load<i32>(control, at.ROWS_CAPACITY);
  const statistics = <usize>load<u32>(record, at.STATISTICS << 2);
  const latent = load<i32>(record, at.LATENT << 2);
  const logVarianceColumn = load<i32>(record, at.LOG_VARIANCE_COLUMN << 2);
  const sums = <usize>load<u32>(record, at.SUMS << 2);
  const array = <usize>latent << 3;
  const end = shareStart(latent, thread + 1, threads);
  for (let column = shareStart(latent, thread, threads); column < end; column++) {
    const sum = sums + (<usize>column << 3);
    let kl = load<f64>(sum);
    let total = load<f64>(sum + array);
    let squares = load<f64>(sum + 2 * array);
    for (let row = 0; row < rows; row++) {
      const mu = load<f32>(element(statistics, capacity, row, column));
      const logVariance = clampLogVariance(
        v128.load32_splat(element(statistics, capacity, row, logVarianceColumn + column)),
      );
      kl += <f64>f32x4.extract_lane(divergence(f32x4.splat(mu), logVariance, exp4(logVariance)), 0);
      total += <f64>mu;
      squares += <f64>mu * <f64>mu;
    }
    store<f64>(sum, kl);
    store<f64>(sum + array, total);
    store<f64>(sum + 2 * array, squares);
  }
}
