// How rows are cut into tiles and tiles into threads' shares.
import * as at from "../layout";

/** How many threads' shares a thread goes through: its own first, then its neighbours'. */
@inline
export function reach(threads: i32): i32 {
  return min(threads, 4);
}

/**
 * The next of `count` units in `owner`'s share of a record's work, or `count` and above when there are none left.
 * A thread first takes its own share, whose weights its caches may still hold from the step before, then what its
 * neighbours have not begun: one that shares its core with another program is helped. Which thread computes a tile
 * changes no bit of it. Every share is asked by `reach` threads, and each is refused exactly once a step; the last to
 * be refused sets the count back for the next step.
 */
@inline
export function claim(record: usize, owner: i32, count: i32, threads: i32): i32 {
  const counter = <usize>load<u32>(record, at.CLAIMS << 2) + ((<usize>owner) << 6);
  const unit = atomic.add<i32>(counter, 1);
  if (unit == count + reach(threads) - 1) atomic.store<i32>(counter, 0);
  return unit;
}

/** First of a thread's tasks out of `total`; the next thread's first is where it ends. */
@inline
export function shareStart(total: i32, thread: i32, threads: i32): i32 {
  return <i32>((<i64>total * thread) / threads);
}

/** Rows are cut into the fewest blocks of at most six, as even as can be: 128 = 18 × 6 + 4 × 5. */
@inline
export function blockCount(rows: i32): i32 {
  return (rows + 5) / 6;
}

/** Rows of block `index`: as blockStart has it, without a division. `least` is rows / blocks, `longer` rows % blocks. */
@inline
export function blockHeight(least: i32, longer: i32, index: i32): i32 {
  return least + <i32>(index < longer);
}

/** First row of block `index` of `blocks`. */
@inline
export function blockStart(rows: i32, blocks: i32, index: i32): i32 {
  return index * (rows / blocks) + min(index, rows % blocks);
}

/** Sixteen rows of a weight panel are cut into three tiles: 6, 5 and 5 rows. */
export const TILES_PER_PANEL = 3;

/** First of the `valid` rows of a weight panel that belongs to tile `index`. */
@inline
export function tileStart(valid: i32, index: i32): i32 {
  return index * (valid / TILES_PER_PANEL) + min(index, valid % TILES_PER_PANEL);
}
