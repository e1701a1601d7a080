/** Numbers, paths and tables as people read them. */
import { relative, sep } from "node:path";
import { isLarge, withExponent } from "../../contract/large-number.ts";

/** Thousands apart: "43,210". */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A count in two or three leading digits: "43,200". Speeds jitter; more digits would only flicker. */
export function rounded(value: number): string {
  if (!(value > 0)) return "0";
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 2);
  return grouped(Math.round(value / unit) * unit);
}

/** A loss with digits enough to see it fall: "164.91", "0.0828", "3.134e9". */
export function lossInWords(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (isLarge(value)) return withExponent(value, 4);
  const size = Math.abs(value);
  return value.toFixed(size >= 10 ? 2 : size >= 1 ? 3 : 4);
}

/** "26 ms", "1.4 s", "3 min 05 s", "2 h 10 min". */
export function durationInWords(seconds: number): string {
  if (!Number.isFinite(seconds)) return "unknown";
  if (seconds > 0 && seconds < 0.0995) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** "9.9 MB", powers of ten as disks and downloads count. */
export function bytesInWords(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

/** A ratio: "24.5×". */
export function ratioInWords(ratio: number): string {
  return `${ratio >= 100 ? Math.round(ratio) : Number(ratio.toFixed(1))}×`;
}

/**
 * How something compares with another that is `ratio` times as much: ["smaller", "larger", "as large"] give
 * "24.5× smaller", "1.3× larger" for a ratio below 1, and "as large".
 */
export function comparedInWords(
  ratio: number,
  [less, more, same]: readonly [string, string, string],
): string {
  const [factor, word] = ratio < 1 ? [1 / ratio, more] : [ratio, less];
  const words = ratioInWords(factor);
  return words === "1×" ? same : `${words} ${word}`;
}

/** A path as short as it can be said from here. */
export function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere === "" || fromHere === ".." || fromHere.startsWith(`..${sep}`) ? path : fromHere;
}

/** Rows in columns as wide as their widest entry; the last column is left ragged. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
