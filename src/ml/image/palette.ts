/**
 * The colours and the type of every picture we draw: charts, captioned pictures, the report. One set of roles in a
 * light and a dark variant, and a third that leaves the choice to the page a picture stands in.
 */

export interface Palette {
  readonly background: string;
  /** Titles and values. */
  readonly ink: string;
  /** Captions and tick labels. */
  readonly muted: string;
  /** Grid lines and frames. */
  readonly line: string;
  /** The training split. */
  readonly train: string;
  /** The test split. */
  readonly test: string;
  /** Bounds and baselines. */
  readonly floor: string;
}

/** Each series colour has a contrast of at least 4.5 : 1 to its background, so its labels can carry it. */
export const lightPalette: Palette = {
  background: "#ffffff",
  ink: "#16181d",
  muted: "#5f6673",
  line: "#e4e7ec",
  train: "#5a50d6",
  test: "#c2410c",
  floor: "#0f766e",
};

export const darkPalette: Palette = {
  background: "#14161b",
  ink: "#f1f3f6",
  muted: "#9aa3b2",
  line: "#2b303a",
  train: "#a5a0ff",
  test: "#ff9a62",
  floor: "#4fd1bd",
};

export const paletteRoles = ["background", "ink", "muted", "line", "train", "test", "floor"] as const;

/** Every colour is a CSS variable of the surrounding page, such as `var(--train)`: follows light and dark by itself. */
export const pagePalette: Palette = {
  background: "var(--background)",
  ink: "var(--ink)",
  muted: "var(--muted)",
  line: "var(--line)",
  train: "var(--train)",
  test: "var(--test)",
  floor: "var(--floor)",
};

/** Inter comes with the program for PNG files; a page without it falls back to the reader's own font. */
export const fontFamily = "Inter, system-ui, sans-serif";

/** About how wide text set in Inter comes out, in pixels: good enough to keep a label inside its margin. */
export function approximateTextWidth(text: string, fontSize: number): number {
  return text.length * fontSize * 0.58;
}
