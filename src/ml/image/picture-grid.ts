/**
 * Many small images in one picture: plain grids for the command line's PNG files, and captioned pictures of
 * reconstructions and samples for a run folder. Pixels are enlarged by whole factors and never blended.
 */
import { encodePng, enlarge, type GreyImage, greyFloats, imageAt, pngDataUrl } from "./grey-image.ts";
import { type Markup, markup } from "./markup.ts";
import { formatValue } from "./number-scale.ts";
import { approximateTextWidth, fontFamily, type Palette } from "./palette.ts";
import { marked } from "./png-mark.ts";
import { meanSquaredError, psnrOfError } from "./quality.ts";
import { rasterise } from "./rasterise.ts";

/** Images of one size, one after another. */
export interface ImageStack {
  readonly width: number;
  readonly height: number;
  /** [count, height, width], 0..1 or 0..255 (see GreyImage). */
  readonly pixels: Float32Array | Uint8Array;
}

/** How many images a stack holds. */
export function stackCount(stack: ImageStack): number {
  return stack.pixels.length / (stack.width * stack.height);
}

/** About how long the longer side of an enlarged image is, in pixels. */
const tileSide = 112;

/** The whole factor that brings an image near the size of a tile: 4 for 28×28, 1 from 75 pixels on. */
export function enlargement(width: number, height: number): number {
  return Math.max(1, Math.round(tileSide / Math.max(width, height)));
}

/** One image as a PNG file of its own size. */
export function imagePng(image: GreyImage): Buffer {
  return marked(encodePng(image));
}

/**
 * The images of `stack` in rows of `cols`, enlarged by `factor`, one line of `gap` black pixels between them and
 * nothing around: a PNG of pixels alone.
 */
export function plainGridPng(stack: ImageStack, cols: number, factor = 1, gap = factor): Buffer {
  const count = stackCount(stack);
  const rows = Math.ceil(count / cols);
  const tile = { width: stack.width * factor, height: stack.height * factor };
  const width = cols * (tile.width + gap) - gap;
  const height = rows * (tile.height + gap) - gap;
  const pixels = new Uint8Array(width * height);
  for (let index = 0; index < count; index++) {
    const left = (index % cols) * (tile.width + gap);
    const top = Math.floor(index / cols) * (tile.height + gap);
    const source = enlarge(imageAt(stack, index), factor).pixels;
    for (let row = 0; row < tile.height; row++)
      pixels.set(source.subarray(row * tile.width, (row + 1) * tile.width), (top + row) * width + left);
  }
  return marked(encodePng({ width, height, pixels }));
}

interface Layout {
  readonly count: number;
  readonly factor: number;
  /** Size of an enlarged image. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** From one column to the next: a narrow image still leaves room for the number under it. */
  readonly pitch: number;
  readonly gap: number;
  readonly margin: number;
  readonly fontSize: number;
}

function layOut(stack: ImageStack): Layout {
  const factor = enlargement(stack.width, stack.height);
  const tileWidth = stack.width * factor;
  const tileHeight = stack.height * factor;
  const side = Math.max(tileWidth, tileHeight);
  const fontSize = Math.round(Math.min(28, side * 0.17));
  const gap = Math.round(side * 0.09);
  const captionWidth = Math.ceil(approximateTextWidth("00.0", fontSize));
  return {
    count: stackCount(stack),
    factor,
    tileWidth,
    tileHeight,
    pitch: Math.max(tileWidth, captionWidth) + gap,
    gap,
    margin: Math.round(side * 0.36),
    fontSize,
  };
}

/** Pairs in one row of a picture, at most. */
const pairsInRow = 10;

/**
 * Originals over their reconstructions, with the PSNR under each pair, ten pairs to a row: a PNG. Both stacks hold as
 * many images.
 * `palette` colours what surrounds the pixels; they themselves stay grey.
 */
export async function reconstructionsPng(
  originals: ImageStack,
  reconstructions: ImageStack,
  palette: Palette,
): Promise<Buffer> {
  return rasterise(reconstructionsSvg(originals, reconstructions, palette), 1);
}

/** The same as an SVG document whose images are embedded. */
export function reconstructionsSvg(
  originals: ImageStack,
  reconstructions: ImageStack,
  palette: Palette,
): string {
  const layout = layOut(originals);
  const { count, margin, gap, fontSize, pitch, tileHeight, tileWidth } = layout;
  const labelWidth = Math.ceil(approximateTextWidth("reconstruction", fontSize)) + gap;
  const left = margin + labelWidth;
  const second = tileHeight + gap;
  const caption = second + tileHeight + gap + fontSize * 0.9;
  const rowHeight = Math.ceil(caption + fontSize * 0.3);
  const rows = Math.ceil(count / pairsInRow);
  const text = textWith(fontSize, palette);
  const values = pairPsnr(originals, reconstructions);
  const width = left + Math.min(count, pairsInRow) * pitch - gap + margin;
  const middle = (top: number) => top + tileHeight / 2 + fontSize * 0.36;
  const topOf = (row: number) => margin + row * (rowHeight + margin);
  const place = (index: number): readonly [left: number, top: number] => [
    left + (index % pairsInRow) * pitch,
    topOf(Math.floor(index / pairsInRow)),
  ];
  const names = Array.from({ length: rows }, (_, row) => [
    text(margin, middle(topOf(row)), "start", "ink", "original"),
    text(margin, middle(topOf(row) + second), "start", "ink", "reconstruction"),
    text(margin, topOf(row) + caption, "start", "muted", "PSNR, dB"),
  ]);
  const captions = values.map((value, index) => {
    const [start, top] = place(index);
    return text(start + tileWidth / 2, top + caption, "middle", "muted", formatDecibels(value));
  });
  return document(
    width,
    topOf(rows),
    palette,
    markup`${names}
${tiles(originals, layout, palette, place)}
${tiles(reconstructions, layout, palette, (index) => [place(index)[0], place(index)[1] + second])}
${captions}`,
  );
}

/** Generated images, in a square as near as may be (16 make 4×4): a PNG. */
export async function samplesPng(samples: ImageStack, palette: Palette): Promise<Buffer> {
  return rasterise(samplesSvg(samples, palette), 1);
}

/** The same as an SVG document whose images are embedded. */
export function samplesSvg(samples: ImageStack, palette: Palette): string {
  const layout = layOut(samples);
  const { margin, gap, tileHeight, tileWidth } = layout;
  const cols = Math.ceil(Math.sqrt(layout.count));
  const rows = Math.ceil(layout.count / cols);
  return document(
    2 * margin + cols * (tileWidth + gap) - gap,
    2 * margin + rows * (tileHeight + gap) - gap,
    palette,
    tiles(samples, layout, palette, (index) => [
      margin + (index % cols) * (tileWidth + gap),
      margin + Math.floor(index / cols) * (tileHeight + gap),
    ]),
  );
}

/** The PSNR of each reconstruction to its original, in dB; infinite for equal images. */
export function pairPsnr(originals: ImageStack, reconstructions: ImageStack): number[] {
  const sameSize = originals.width === reconstructions.width && originals.height === reconstructions.height;
  if (!sameSize || originals.pixels.length !== reconstructions.pixels.length)
    throw new RangeError("originals and reconstructions differ in size or number");
  return Array.from({ length: stackCount(originals) }, (_, index) =>
    psnrOfError(
      meanSquaredError(greyFloats(imageAt(originals, index)), greyFloats(imageAt(reconstructions, index))),
    ),
  );
}

/** One digit after the point is as much as an eye sees. */
export function formatDecibels(value: number): string {
  return Number.isFinite(value) ? value.toFixed(1).replace("-", "−") : formatValue(value);
}

function document(
  width: number,
  height: number,
  palette: Palette,
  content: Markup | readonly Markup[],
): string {
  return markup`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${fontFamily}">
<rect width="${width}" height="${height}" fill="${palette.background}"/>
${content}
</svg>`.text;
}

function textWith(fontSize: number, palette: Palette) {
  return (x: number, y: number, anchor: "start" | "middle", role: "ink" | "muted", content: string): Markup =>
    markup`<text x="${x}" y="${y}" font-size="${fontSize}" fill="${palette[role]}" text-anchor="${anchor}">${content}</text>`;
}

/** Enlarged before they are embedded, and placed on whole pixels: nothing is left to a renderer's interpolation. */
function tiles(
  stack: ImageStack,
  { factor, count, tileWidth, tileHeight }: Layout,
  palette: Palette,
  place: (index: number) => readonly [left: number, top: number],
): Markup[] {
  return Array.from({ length: count }, (_, index) => {
    const [left, top] = place(index);
    const image = enlarge(imageAt(stack, index), factor);
    return markup`<image x="${left}" y="${top}" width="${tileWidth}" height="${tileHeight}" image-rendering="optimizeSpeed" href="${pngDataUrl(image)}"/>
<rect x="${left - 0.5}" y="${top - 0.5}" width="${tileWidth + 1}" height="${tileHeight + 1}" fill="none" stroke="${palette.line}"/>
`;
  });
}
