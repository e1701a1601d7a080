// GATHER: the batch's images out of the resident uint8 dataset, as float32 in 0..1. Panel by panel: where an image's
// pixels are zero is noted on the way, since the products with the images skip those (sparse.ts).
import * as at from "../layout";
import { constant } from "./math";
import { shareStart } from "./share";

export function gather(
  control: usize,
  record: usize,
  thread: i32,
  threads: i32,
  rows: i32,
  firstImage: i32,
): void {
  const capacity = load<i32>(control, at.ROWS_CAPACITY);
  const pixels = load<i32>(control, at.PIXELS);
  const dataset = <usize>load<u32>(control, at.DATASET);
  const order = <usize>load<u32>(control, at.ORDER);
  const out = <usize>load<u32>(record, at.OUT << 2);
  const masks = <usize>load<u32>(record, at.MASKS << 2);
  const panels = (pixels + at.PANEL - 1) / at.PANEL;
  const first = shareStart(panels, thread, threads);
  const end = shareStart(panels, thread + 1, threads);
  const panelBytes = (<usize>capacity) << 6;
  // Beyond the last pixel lies the next image, or the slack behind the last one: not ours.
  const lanes = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (let row = 0; row < rows; row++) {
    const place = <usize>(firstImage + row);
    const image = order ? <usize>load<u32>(order + (place << 2)) : place;
    const source = dataset + image * <usize>pixels;
    let target = out + <usize>first * panelBytes + ((<usize>row) << 6);
    let mask = masks + ((<usize>(first * capacity + row)) << 1);
    for (let panel = first; panel < end; panel++) {
      const inside = i8x16.lt_u(lanes, i8x16.splat(<i8>min(at.PANEL, pixels - panel * at.PANEL)));
      const bytes = v128.and(v128.load(source + <usize>(panel * at.PANEL)), inside);
      const low = i16x8.extend_low_i8x16_u(bytes);
      const high = i16x8.extend_high_i8x16_u(bytes);
      v128.store(target, unit(i32x4.extend_low_i16x8_u(low)));
      v128.store(target, unit(i32x4.extend_high_i16x8_u(low)), 16);
      v128.store(target, unit(i32x4.extend_low_i16x8_u(high)), 32);
      v128.store(target, unit(i32x4.extend_high_i16x8_u(high)), 48);
      store<u16>(mask, <u16>i8x16.bitmask(i8x16.ne(bytes, i8x16.splat(0))));
      target += panelBytes;
      mask += (<usize>capacity) << 1;
    }
  }
}

const BYTE = memory.data<f32>([255]);

@inline
function unit(bytes: v128): v128 {
  return f32x4.div(f32x4.convert_i32x4_s(bytes), constant(BYTE, 0));
}
