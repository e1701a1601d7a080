/**
 * An epoch's preview: one PNG with three rows of small images (test images, their reconstructions, generated ones),
 * decoded once and then copied from, image by image.
 */

export const previewRows = { original: 0, reconstruction: 1, generated: 2 } as const;
export type PreviewRow = keyof typeof previewRows;

export interface Preview {
  readonly bitmap: ImageBitmap;
  /** Of one image, in its own pixels. */
  readonly width: number;
  readonly height: number;
  /** Images in a row. */
  readonly columns: number;
  /** Pixels between two images. */
  readonly gap: number;
}

/** Throws where the PNG is none, or not three rows of images of this size. */
export async function decodePreview(
  png: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<Preview> {
  const bitmap = await createImageBitmap(new Blob([new Uint8Array(png)], { type: "image/png" }));
  const gap = (bitmap.height - 3 * height) / 2;
  const columns = (bitmap.width + gap) / (width + gap);
  if (Number.isInteger(gap) && gap >= 0 && Number.isInteger(columns) && columns >= 1)
    return { bitmap, width, height, columns, gap };
  bitmap.close();
  throw new Error(
    `a preview of ${bitmap.width}×${bitmap.height} pixels does not hold three rows of ${width}×${height}`,
  );
}

/** How images are laid out on a canvas: groups of `rows`, each `perLine` images wide; all in device pixels. */
export interface Layout {
  readonly perLine: number;
  /** Device pixels per image pixel; whole where the image is enlarged, so that its pixels stay square. */
  readonly scale: number;
  readonly gap: number;
}

/** Draws these rows of the preview, first images first; the canvas takes the size that this needs. */
export function drawPreview(
  canvas: HTMLCanvasElement,
  preview: Preview,
  rows: readonly PreviewRow[],
  { perLine, scale, gap }: Layout,
): void {
  const width = Math.round(preview.width * scale);
  const height = Math.round(preview.height * scale);
  const groups = Math.ceil(preview.columns / perLine);
  // Between two groups of pairs there is more room than within a pair.
  const groupGap = rows.length > 1 ? 4 * gap : gap;
  const groupHeight = rows.length * (height + gap) - gap;
  canvas.width = perLine * (width + gap) - gap;
  canvas.height = groups * (groupHeight + groupGap) - groupGap;
  const context = canvas.getContext("2d");
  if (context === null) return;
  // Enlarged pixels stay crisp; a reduced picture must be averaged.
  context.imageSmoothingEnabled = scale < 1;
  for (let column = 0; column < preview.columns; column++) {
    const left = (column % perLine) * (width + gap);
    const top = Math.floor(column / perLine) * (groupHeight + groupGap);
    for (const [index, row] of rows.entries()) {
      const from = {
        left: column * (preview.width + preview.gap),
        top: previewRows[row] * (preview.height + preview.gap),
      };
      const at = top + index * (height + gap);
      const { bitmap } = preview;
      context.drawImage(bitmap, from.left, from.top, preview.width, preview.height, left, at, width, height);
    }
  }
}
