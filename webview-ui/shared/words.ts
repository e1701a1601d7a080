/** Numbers, times and sizes as people read them. */
import { isLarge, withExponent } from "../../src/contract/large-number.ts";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const exactly = new Intl.NumberFormat("en-US", { maximumFractionDigits: 12 });

/** A loss or the like: four to five significant digits. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return "not finite";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (isLarge(value)) return withExponent(value, 4);
  if (size >= 10_000) return whole.format(value);
  if (size >= 10) return value.toFixed(2);
  if (size >= 1) return value.toFixed(3);
  if (size >= 0.001) return value.toFixed(4);
  return value.toExponential(2);
}

/** A tick of a value's axis, with the digits that it has. */
export function formatTick(tick: number): string {
  // What 3 × 0.1 = 0.30000000000000004 leaves behind is not the tick's own.
  const exact = Number(tick.toPrecision(12));
  const isTiny = exact !== 0 && Math.abs(exact) < 0.001;
  return isTiny || isLarge(exact) ? withExponent(exact) : exactly.format(exact);
}

export function formatCount(value: number): string {
  return Number.isFinite(value) ? whole.format(Math.round(value)) : "unknown";
}

export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return "unknown";
  const all = Math.max(0, Math.round(seconds));
  if (all < 60) return `${all} s`;
  if (all < 3600) return `${Math.floor(all / 60)} min ${all % 60} s`;
  return `${Math.floor(all / 3600)} h ${Math.floor((all % 3600) / 60)} min`;
}

/** ISO 8601 as the reader's own date and time. */
export function formatTime(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  return time.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** A part of a file name that the view protocol takes. */
export function fileNamePart(name: string): string {
  return name.replaceAll(/[^\w.-]+/g, "-").slice(0, 60) || "run";
}
