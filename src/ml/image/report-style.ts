/**
 * How the report looks: its style sheet, following the reader's choice of light or dark. What it says is report.ts.
 */
import { darkPalette, lightPalette, type Palette, paletteRoles } from "./palette.ts";

/** An image on the page, in CSS pixels. */
export interface TileSize {
  readonly width: number;
  readonly height: number;
}

export interface TileSizes {
  /** Where there is room. */
  readonly large: TileSize;
  /** On a telephone. */
  readonly small: TileSize;
  /** Whether a pixel of an image becomes several of the page, which should then be seen. */
  readonly enlarged: boolean;
}

/** Between tiles, in CSS pixels. */
const tileGap = 4;
/** A pair is no narrower than the number below it. */
const leastPairWidth = 52;

/** The whole style sheet. Sizes that depend on the data are in it too: the page's policy allows no other styles. */
export function reportStyle(tiles: TileSizes): string {
  const { large, enlarged } = tiles;
  return `:root { color-scheme: light dark; --page: #f5f6f8; --gap: ${tileGap}px; --rendering: ${enlarged ? "pixelated" : "auto"}; ${tileVariables(large)} ${variables(lightPalette)} }
@media (prefers-color-scheme: dark) { :root { --page: #0c0d10; ${variables(darkPalette)} } }
${rules}${tileRules(tiles)}`;
}

/** How many tiles stand in a row: what fits, yet never seven and then three. */
function tileRules({ large, small }: TileSizes): string {
  const from = (count: number, column: number, rule: string) =>
    `@container (min-width: ${count * (column + tileGap) - tileGap + 2}px) { ${rule} }\n`;
  const pairs = (columns: number) =>
    `.pairs { grid-template-columns: repeat(${columns}, var(--pair-width)); }`;
  return `.pairs { ${tileVariables(small)} }
${from(5, pairWidth(small), pairs(5))}${from(5, pairWidth(large), `.pairs { ${tileVariables(large)} }`)}${from(10, pairWidth(large), pairs(10))}${from(8, large.width, ".samples { grid-template-columns: repeat(8, var(--tile-width)); }")}`;
}

function tileVariables(tile: TileSize): string {
  return `--tile-width: ${tile.width}px; --tile-height: ${tile.height}px; --pair-width: ${pairWidth(tile)}px;`;
}

function pairWidth(tile: TileSize): number {
  return Math.max(tile.width, leastPairWidth);
}

function variables(palette: Palette): string {
  return paletteRoles.map((role) => `--${role}: ${palette[role]};`).join(" ");
}

const rules = `* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.55 Inter, system-ui, -apple-system, "Segoe UI", sans-serif; -webkit-text-size-adjust: 100%; }
main { max-width: 1120px; margin: 0 auto; padding: 48px 24px 64px; }
header { margin: 0 4px 32px; }
.kicker { margin: 0 0 8px; color: var(--muted); font-size: 13px; font-weight: 600; letter-spacing: .02em; }
.kicker b { color: var(--train); font-weight: 600; }
h1 { margin: 0 0 8px; font-size: 34px; line-height: 1.15; letter-spacing: -.02em; font-weight: 650; overflow-wrap: anywhere; }
h2 { margin: 0 0 4px; font-size: 17px; font-weight: 600; letter-spacing: -.005em; }
.lead { margin: 0; max-width: 90ch; color: var(--muted); font-size: 16px; text-wrap: pretty; }
.note { margin: 0 0 18px; max-width: 100ch; color: var(--muted); font-size: 13.5px; text-wrap: pretty; }
section { background: var(--background); border: 1px solid var(--line); border-radius: 14px; padding: 24px 28px; margin: 0 0 20px; min-width: 0; }
.numbers { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1px; padding: 0; margin: 0 0 20px; overflow: hidden; background: var(--line); border: 1px solid var(--line); border-radius: 14px; }
.figures-5 div:first-child { grid-column: span 2; }
@media (min-width: 700px) {
  .numbers { grid-template-columns: repeat(6, minmax(0, 1fr)); }
  .numbers div { grid-column: span 2; }
  .figures-4 div, .figures-5 div:nth-child(-n+2) { grid-column: span 3; }
}
.numbers div { padding: 18px 22px 16px; background: var(--background); }
.numbers dt { color: var(--muted); font-size: 13px; }
.numbers dd { margin: 0; }
.numbers .value { margin: 2px 0; font-size: 27px; line-height: 1.25; font-weight: 600; letter-spacing: -.02em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.numbers .value small { font-size: 14px; font-weight: 500; letter-spacing: 0; color: var(--muted); }
.numbers .detail { color: var(--muted); font-size: 12.5px; line-height: 1.45; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 20px; }
@media (min-width: 960px) { .columns { grid-template-columns: minmax(0, max-content) minmax(440px, 1fr); } .columns > :only-child { grid-column: span 2; } }
.scroll { overflow: auto; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--train); outline-offset: 3px; border-radius: 4px; }
.wide svg, .narrow svg { display: block; width: 100%; height: auto; }
.narrow svg { max-width: 560px; }
.bars .wide svg { max-width: 660px; }
.wide { display: none; }
@container (min-width: 660px) { .curves .wide { display: block; } .curves .narrow { display: none; } }
@container (min-width: 520px) { .bars .wide { display: block; } .bars .narrow { display: none; } }
img { display: block; width: var(--tile-width); height: var(--tile-height); image-rendering: var(--rendering); background: #000; outline: 1px solid var(--line); }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, min(100%, var(--pair-width))); gap: 16px var(--gap); margin: 0; padding: 1px; list-style: none; }
.pairs li { text-align: center; }
.pairs img { max-width: 100%; height: auto; margin: 0 auto var(--gap); }
.pairs span { color: var(--muted); font-size: 12.5px; font-variant-numeric: tabular-nums; }
.samples { display: grid; grid-template-columns: repeat(4, minmax(0, var(--tile-width))); gap: var(--gap); margin: 0; padding: 1px; list-style: none; }
.samples img { width: 100%; height: auto; }
.room, .columns > :only-child { container-type: inline-size; }
@media (max-width: 959px) { .columns > * { container-type: inline-size; } }
.epochs { max-height: 460px; }
.epochs table { width: 100%; border-collapse: separate; border-spacing: 0; font-size: 13.5px; font-variant-numeric: tabular-nums; white-space: nowrap; }
.epochs th, .epochs td { padding: 6px 9px; text-align: right; border-bottom: 1px solid var(--line); }
.epochs thead { position: sticky; top: 0; background: var(--background); }
.epochs thead th { color: var(--muted); font-weight: 500; background: var(--background); }
.epochs thead tr:first-child > * { padding-bottom: 4px; border-bottom: 0; font-weight: 600; text-align: center; }
.epochs thead tr:first-child th { border-bottom: 2px solid; }
.epochs .train { color: var(--train); }
.epochs .test { color: var(--test); }
.epochs tbody th { font-weight: 400; color: var(--muted); }
.epochs tbody tr:last-child > * { border-bottom: 0; font-weight: 600; color: var(--ink); }
.run { display: grid; grid-template-columns: max-content 1fr; gap: 7px 24px; margin: 12px 0 0; font-size: 14px; }
.run dt { color: var(--muted); }
.run dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: 12.5px/1.55 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; }
details { margin-top: 18px; }
summary { color: var(--muted); font-size: 13.5px; cursor: pointer; }
pre { margin: 12px 0 0; padding: 16px 18px; background: var(--page); border-radius: 8px; overflow: auto; }
@media (max-width: 640px) { main { padding: 28px 12px 40px; } section { padding: 18px 16px; } h1 { font-size: 27px; } .numbers div { padding: 14px 16px; } .numbers .value { font-size: 24px; } .run { grid-template-columns: 1fr; gap: 0; } .run dd { margin-bottom: 10px; } }
@media print { :root { --page: #ffffff; } section, .numbers { break-inside: avoid; } .epochs { max-height: none; } }
`;
