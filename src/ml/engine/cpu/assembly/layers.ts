// TILES: everything that makes one tile of a [batch, columns] matrix: a product with a weight (forward, or with the
// transposed weight the gradient by the input), and what follows while the tile is still in the nearest cache.
import * as at from "../layout";
import { activate, activateGradient, addBias } from "./elementwise";
import { crossEntropy, squaredError } from "./losses";
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
