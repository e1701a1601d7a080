// COMPACT: which pixels of the batch are not zero, as lists that the products with the images walk along. Leaving
// out zeros changes no bit of a result: x + 0·w is x. MNIST is 81 % zeros, and they come together.
//
// For the forward product, per block of rows: every pixel that is not zero in one of them (someRows).
// For the weight gradient, per tile of neighbouring pixels: every row where one of them is not zero (someColumns).
// A list is the number of its entries, and eight bytes on the entries.
import * as at from "../layout";
import { blockCount, blockStart, shareStart, TILES_PER_PANEL, tileStart } from "./share";

/** Lists begin on a cache line. */
@inline
export function rowsList(lists: usize, pixels: i32, block: i32): usize {
  return lists + <usize>block * ((<usize>pixels * 8 + 8 + 63) & ~63);
}

@inline
export function columnsList(lists: usize, capacity: i32, tile: i32): usize {
  return lists + <usize>tile * ((<usize>capacity * 4 + 8 + 63) & ~63);
}

export function compact(control: usize, record: usize, thread: i32, threads: i32, rows: i32): void {
  const panels = (load<i32>(control, at.PIXELS) + at.PANEL - 1) / at.PANEL;
  const blocks = blockCount(rows);
  const wantColumns = load<i32>(record, at.COLUMN_LISTS << 2) != 0;
  const total = blocks + (wantColumns ? panels : 0);
  const end = shareStart(total, thread + 1, threads);
  for (let task = shareStart(total, thread, threads); task < end; task++)
    if (task < blocks) listPixels(control, record, rows, blocks, task);
    else listRows(control, record, rows, task - blocks);
}

function listPixels(control: usize, record: usize, rows: i32, blocks: i32, block: i32): void {
  const capacity = load<i32>(control, at.ROWS_CAPACITY);
  const pixels = load<i32>(control, at.PIXELS);
  const masks = <usize>load<u32>(record, at.MASKS << 2);
  const list = rowsList(<usize>load<u32>(record, at.ROW_LISTS << 2), pixels, block);
  const images = <usize>load<u32>(record, at.INPUT << 2);
  const first = blockStart(rows, blocks, block);
  const last = blockStart(rows, blocks, block + 1);
  const panels = (pixels + at.PANEL - 1) / at.PANEL;
  let entry = list + 8;
  for (let panel = 0; panel < panels; panel++) {
    let mask: u32 = 0;
    for (let row = first; row < last; row++) mask |= load<u16>(masks + (<usize>(panel * capacity + row) << 1));
    while (mask) {
      const lane = ctz(mask);
      store<u32>(entry, images + ((<usize>(panel * capacity + first)) << 6) + (lane << 2));
      store<u32>(entry, (<u32>(panel * at.PANEL) + lane) << 6, 4);
      entry += 8;
      mask &= mask - 1;
    }
  }
  store<i32>(list, <i32>(entry - list - 8) >> 3);
}

function listRows(control: usize, record: usize, rows: i32, panel: i32): void {
  const capacity = load<i32>(control, at.ROWS_CAPACITY);
  const valid = min(at.PANEL, load<i32>(control, at.PIXELS) - panel * at.PANEL);
  const masks = <usize>load<u32>(record, at.MASKS << 2) + (<usize>(panel * capacity) << 1);
  const lists = <usize>load<u32>(record, at.COLUMN_LISTS << 2);
  const images = <usize>load<u32>(record, at.INPUT << 2) + ((<usize>(panel * capacity)) << 6);
  for (let tile = 0; tile < TILES_PER_PANEL; tile++) {
    const first = tileStart(valid, tile);
    const bits = ((1 << tileStart(valid, tile + 1)) - 1) & ~((1 << first) - 1);
    const list = columnsList(lists, capacity, panel * TILES_PER_PANEL + tile);
    let entry = list + 8;
    for (let row = 0; row < rows; row++) {
      store<u32>(entry, images + (<usize>row << 6) + (first << 2));
      // Written always, kept only where a pixel is not zero: no branch to mispredict.
      entry += (<i32>load<u16>(masks + (<usize>row << 1)) & bits) != 0 ? 4 : 0;
    }
    store<i32>(list, <i32>(entry - list - 8) >> 2);
  }
}
