/**
 * From numbers to positions and back to readable text: axis scales with round ticks, and number formatting.
 * What every chart needs and no chart is.
 */
import { isLarge, withExponent } from "../../contract/large-number.ts";

/** Maps a value to 0 (low end) … 1 (high end), and says where ticks belong. */
export interface NumberScale {
  readonly position: (value: number) => number;
  readonly ticks: readonly number[];
}

export interface ValueScale extends NumberScale {
  /** In powers of ten. */
  readonly logarithmic: boolean;
}

/** A scale of equal steps from `low` to `high`, its ends not rounded: for an axis that must fit its data exactly. */
export function linearScale(low: number, high: number, tickCount: number): NumberScale {
  const span = high - low || 1;
  return { position: (value) => (value - low) / span, ticks: roundTicks(low, high, tickCount) };
}

/** Epochs 1 … last: ticks on whole numbers, the first and the last epoch always among them. */
export function epochScale(first: number, last: number, tickCount: number): NumberScale {
  const step = Math.max(1, roundStep(last - first, tickCount));
  const inner = multiplesOf(step, first, last).filter(
    (tick) => tick - first >= step * 0.6 && last - tick >= step * 0.6,
  );
  const ticks = first === last ? [first] : [first, ...inner, last];
  const span = last - first;
  return { position: (value) => (span === 0 ? 0.5 : (value - first) / span), ticks };
}

/**
 * A scale that holds all `values` with a little air. It counts in powers of ten when the values span more than a
 * factor of 50, since on equal steps all but the first epochs of such a curve would lie flat on the axis.
 */
export function valueScale(values: readonly number[], tickCount: number): ValueScale {
  const low = extreme(values, Math.min);
  const high = extreme(values, Math.max);
  if (low > 0 && high / low > 50) return { ...logarithmicScale(low, high, tickCount), logarithmic: true };
  // Equal values, or ones apart by rounding only, still get a band to lie in the middle of.
  const spread = Math.max(high - low, Math.max(Math.abs(low), Math.abs(high)) * 1e-6, 1e-30);
  const padded = { low: low - spread * 0.06, high: high + spread * 0.06 };
  if (low >= 0) padded.low = Math.max(0, padded.low);
  return { ...linearScale(padded.low, padded.high, tickCount), logarithmic: false };
}

function logarithmicScale(low: number, high: number, tickCount: number): NumberScale {
  const from = Math.log10(low);
  const to = Math.log10(high);
  const pad = (to - from) * 0.06;
  const scale = linearScale(from - pad, to + pad, tickCount);
  const step = Math.max(1, Math.ceil((to - from) / tickCount));
  const powersEvery = (count: number) => multiplesOf(count, from - pad, to + pad).map((power) => 10 ** power);
  const withThrees = [1, 3]
    .flatMap((digit) =>
      multiplesOf(1, from - pad - Math.log10(digit), to + pad - Math.log10(digit)).map(
        (power) => digit * 10 ** power,
      ),
    )
    .sort((a, b) => a - b)
    .map(withoutNoise);
  return {
    position: (value) => scale.position(Math.log10(value)),
    ticks: firstWithEnough([powersEvery(step), powersEvery(Math.ceil(step / 2)), powersEvery(1), withThrees]),
  };
}

function extreme(values: readonly number[], choose: (a: number, b: number) => number): number {
  return values.reduce((found, value) => choose(found, value), values[0] ?? 0);
}

/** Fewer do not show how an axis runs. */
const leastTicks = 3;

/** Multiples of 1, 2 or 5 times a power of ten within low … high, about `count` of them. */
export function roundTicks(low: number, high: number, count: number): readonly number[] {
  return firstWithEnough(
    [1, 2, 4].map((finer) => multiplesOf(roundStep(high - low, finer * count), low, high)),
  );
}

/** The first of ever closer ticks that are enough; where none are, the closest. */
function firstWithEnough(choices: readonly (readonly number[])[]): readonly number[] {
  return choices.find((ticks) => ticks.length >= leastTicks) ?? choices.at(-1) ?? [];
}

/** The round number (1, 2, 5 × 10ⁿ) nearest above span / count. */
function roundStep(span: number, count: number): number {
  const rough = span / count;
  if (!(rough > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5].find((candidate) => candidate * power >= rough * 0.999) ?? 10;
  return factor * power;
}

function multiplesOf(step: number, low: number, high: number): number[] {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    withoutNoise((first + index) * step),
  );
}

/** Twelve digits: what 3 × 0.1 = 0.30000000000000004 leaves behind is not the number's own. */
function withoutNoise(value: number): number {
  return Number(value.toPrecision(12));
}

/** Four significant digits, as people read measurements: 164.7, 0.08284, 12,345, 3.134e9, 1.200e−7. */
export function formatValue(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const magnitude = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (magnitude === 0) return "0";
  if (!isPlain(magnitude)) return sign + scientific(magnitude, digits);
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(magnitude)));
  return sign + grouped(magnitude.toFixed(decimals));
}

/** The ticks of one axis, all with as many decimals as the finest needs: 0.1 and 0.15 become 0.10, 0.15; or all as 1e6, 1e8. */
export function formatTicks(ticks: readonly number[]): string[] {
  const magnitudes = ticks.map((tick) => withoutNoise(Math.abs(tick)));
  const plain = magnitudes.every(isPlain);
  const decimals = Math.max(0, ...magnitudes.map((magnitude) => decimalsOf(magnitude)));
  return magnitudes.map((magnitude, index) => {
    const sign = (ticks[index] ?? 0) < 0 ? "−" : "";
    if (!plain && magnitude !== 0) return sign + scientific(magnitude);
    return sign + grouped(magnitude.toFixed(plain ? decimals : 0));
  });
}

function decimalsOf(magnitude: number): number {
  return String(magnitude).split(".")[1]?.length ?? 0;
}

/** A whole number with its thousands apart: 60,000. */
export function formatCount(value: number): string {
  return grouped(String(Math.round(value)));
}

/** Whether a number reads well without an exponent. */
function isPlain(magnitude: number): boolean {
  return magnitude === 0 || (magnitude >= 1e-4 && !isLarge(magnitude));
}

function scientific(magnitude: number, digits?: number): string {
  return withExponent(magnitude, digits).replace("e-", "e−");
}

/** By hand, so that no machine's locale changes a picture. */
function grouped(digits: string): string {
  const [whole = "", fraction] = digits.split(".");
  const separated = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction === undefined ? separated : `${separated}.${fraction}`;
}
