// The CPU engine's interpreter: runs a lowered Program (../lower.ts) step after step, on every thread at once,
// without going back to JavaScript. Each operation is cut into tiles of its output, which threads claim or share out.
// A tile is computed whole by one thread and sums are added up in a fixed order, so the results are
// the same bits for any number of threads.

import * as at from "../layout";
import { barrier } from "./barrier";
import { gather } from "./gather";
import { latentStatistics, mean, sample, sampleGradient } from "./latent";
import { tiles } from "./layers";
import { compact } from "./sparse";
import { update } from "./update";

export { fmaPeak, narrowFmaPeak, productSpeed } from "./probe";

/** Runs `steps` steps of the program in `control`'s records. Every thread calls this with its own number. */
export function run(control: usize, thread: i32, threads: i32, steps: i32): void {
  const records = <usize>load<u32>(control, at.RECORDS);
  const end = records + <usize>load<u32>(control, at.RECORD_COUNT) * at.RECORD_BYTES;
  const batch = load<i32>(control, at.BATCH);
  const images = load<i32>(control, at.IMAGE_COUNT);
  const epochStep = load<i32>(control, at.EPOCH_STEP);
  for (let step = 0; step < steps; step++) {
    const firstImage = (epochStep + step) * batch;
    const rows = min(batch, images - firstImage);
    for (let record = records; record < end; record += at.RECORD_BYTES) {
      if (load<i32>(record, at.BARRIER << 2)) barrier(control, threads);
      switch (load<i32>(record)) {
        case at.TILES:
          tiles(control, record, thread, threads, rows);
          break;
        case at.UPDATE:
          update(control, record, thread, threads, rows, step);
          break;
        case at.GATHER:
          gather(control, record, thread, threads, rows, firstImage);
          break;
        case at.COMPACT:
          compact(control, record, thread, threads, rows);
          break;
        case at.SAMPLE:
          sample(control, record, thread, threads, rows, firstImage, step);
          break;
        case at.SAMPLE_GRADIENT:
          sampleGradient(control, record, thread, threads, rows);
          break;
        case at.MEAN:
          mean(control, record, thread, threads, rows);
          break;
        case at.LATENT_STATISTICS:
          latentStatistics(control, record, thread, threads, rows);
          break;
        case at.REDUCE:
          if (thread == 0) reduce(control, record, rows, step);
          break;
      }
    }
  }
}

/** Adds the tiles' partial sums up, in float64 and always in the same order. */
function reduce(control: usize, record: usize, rows: i32, step: i32): void {
  const capacity = load<i32>(control, at.ROWS_CAPACITY);
  const panels = (load<i32>(control, at.PIXELS) + at.PANEL - 1) / at.PANEL;
  const blocks = (rows + 5) / 6;
  const slot = <usize>load<u32>(control, at.LOSS_SLOTS) + <usize>step * at.STEP_LOSS_BYTES;
  store<f64>(slot, sumPartials(load<u32>(record, at.RECONSTRUCTION_PARTIALS << 2), panels, blocks, capacity));
  store<f64>(slot, sumPartials(load<u32>(record, at.KL_PARTIALS << 2), 1, rows, capacity), 8);
  store<f64>(slot, sumPartials(load<u32>(record, at.PIXEL_PARTIALS << 2), panels, blocks, capacity), 16);
}

function sumPartials(partials: usize, groups: i32, perGroup: i32, stride: i32): f64 {
  if (partials == 0) return 0;
  let sum: f64 = 0;
  for (let group = 0; group < groups; group++)
    for (let index = 0; index < perGroup; index++)
      sum += load<f64>(partials + ((<usize>(group * stride + index)) << 3));
  return sum;
}
