// GATHER: the batch's images out of the resident uint8 dataset, as float32 in 0..1.
import * as at from "../layout";
import { shareStart } from "./share";

export function gather(
  control: usize,
  record: usize,
  thread: i32,
  threads: i32,
  rows: i32,
  firstImage: i32,
): void {
  const out = <usize>load<u32>(record, at.OUT << 2);
  const panelBytes = <usize>load<u32>(control, at.ROWS_CAPACITY) << 6;
  const pixels = load<i32>(control, at.PIXELS);
  const dataset = <usize>load<u32>(control, at.DATASET);
  const order = <usize>load<u32>(control, at.ORDER);
  const wholePanels = pixels / at.PANEL;
  const rest = pixels % at.PANEL;
  const end = shareStart(rows, thread + 1, threads);
  for (let row = shareStart(rows, thread, threads); row < end; row++) {
    const place = <usize>(firstImage + row);
    const image = order ? <usize>load<u32>(order + (place << 2)) : place;
    let source = dataset + image * <usize>pixels;
    let target = out + (<usize>row << 6);
    for (let panel = 0; panel < wholePanels; panel++) {
      const bytes = v128.load(source);
      const low = i16x8.extend_low_i8x16_u(bytes);
      const high = i16x8.extend_high_i8x16_u(bytes);
      v128.store(target, unit(i32x4.extend_low_i16x8_u(low)));
      v128.store(target, unit(i32x4.extend_high_i16x8_u(low)), 16);
      v128.store(target, unit(i32x4.extend_low_i16x8_u(high)), 32);
      v128.store(target, unit(i32x4.extend_high_i16x8_u(high)), 48);
      source += at.PANEL;
      target += panelBytes;
    }
    for (let column = 0; column < rest; column++)
      store<f32>(target + (<usize>column << 2), <f32>load<u8>(source + column) / 255);
  }
}

@inline
function unit(bytes: v128): v128 {
  return f32x4.div(f32x4.convert_i32x4_u(bytes), f32x4.splat(255));
}
