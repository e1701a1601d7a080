/**
 * Whether a picture is dark ink on light paper, while models that draw see light on dark. Looks at grey pixels; where
 * they come from is decode.ts's subject.
 */

/** A small picture of whatever proportions. */
export interface Sheet {
  readonly width: number;
  readonly height: number;
  /** [height, width, 2]: grey and opacity, 0 to 255. */
  readonly pixels: Uint8Array;
}

/** Less difference between dark and light, in levels, is the grain of a sheet with nothing on it. */
const leastContrast = 16;
const middle = 128;
/** Of the rim that must be light: in a drawing nearly all of it is paper. With less it is a picture of something else. */
const leastShareOfPaper = 2 / 3;

/**
 * The rule: what is transparent is background, and if most of the rim is, everything else is ink: dark when it is
 * darker than a middle grey on average. Otherwise the rim shows the paper: it is light if two thirds of the rim are
 * above the level that parts the picture's dark from its light best (Otsu, "A Threshold Selection Method from
 * Gray-Level Histograms", IEEE Transactions on Systems, Man, and Cybernetics 9(1), 1979). Where nothing differs, light is
 * above a middle grey.
 */
export function isInkOnPaper(sheet: Sheet): boolean {
  const opaque = greysOf(sheet, () => true);
  const rim = greysOf(sheet, (row, col) => isRim(sheet, row, col));
  const rimPixels = sheet.width * sheet.height - Math.max(0, sheet.width - 2) * Math.max(0, sheet.height - 2);
  if (2 * rim.length < rimPixels) return opaque.length > 0 && mean(opaque) < middle;
  const level = parting(opaque);
  return rim.filter((grey) => grey > level).length >= leastShareOfPaper * rim.length;
}

/** The grey levels of opaque pixels among those that are `wanted`. */
function greysOf({ width, height, pixels }: Sheet, wanted: (row: number, col: number) => boolean): number[] {
  const greys: number[] = [];
  for (let row = 0; row < height; row++)
    for (let col = 0; col < width; col++) {
      const at = 2 * (row * width + col);
      if ((pixels[at + 1] as number) >= middle && wanted(row, col)) greys.push(pixels[at] as number);
    }
  return greys;
}

function isRim({ width, height }: Sheet, row: number, col: number): boolean {
  return row === 0 || col === 0 || row === height - 1 || col === width - 1;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Levels up to this one are dark, levels above it light: Otsu's threshold, or a middle grey where nothing differs. */
function parting(greys: readonly number[]): number {
  const counts = new Uint32Array(256);
  for (const grey of greys) counts[grey] = (counts[grey] as number) + 1;
  const total = mean(greys) * greys.length;
  let best = { between: 0, level: middle, contrast: 0 };
  let dark = 0;
  let darkSum = 0;
  for (let level = 0; level < 255; level++) {
    const count = counts[level] as number;
    dark += count;
    darkSum += count * level;
    const light = greys.length - dark;
    if (dark === 0 || light === 0) continue;
    const contrast = (total - darkSum) / light - darkSum / dark;
    const between = dark * light * contrast ** 2;
    if (between > best.between) best = { between, level, contrast };
  }
  return best.contrast < leastContrast ? middle : best.level;
}
