/** Rows as text: tables in Markdown that also read well in a terminal. */
import type { Row } from "./measurement.ts";

const columns: readonly (readonly [string, (row: Row) => string])[] = [
  ["line", (row) => row.line],
  ["ours", (row) => row.ours],
  ["peer", (row) => row.peer],
  ["ratio", (row) => row.ratio],
  ["target", (row) => row.target],
  ["reached", (row) => (row.reached === null ? "" : row.reached ? "yes" : "no")],
];

export function table(rows: readonly Row[]): string {
  return tableOf(
    columns.map(([title]) => title),
    rows.map((row) => columns.map(([, read]) => read(row))),
  );
}

export function tableOf(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [titles, ...rows];
  const widths = titles.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  const [head = [], ...body] = cells;
  return [line(head), rule, ...body.map(line)].join("\n");
}
