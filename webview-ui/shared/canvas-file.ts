/** A canvas as a file to keep. */

/** The canvas as PNG; throws where the browser cannot make one. */
export async function canvasPng(canvas: HTMLCanvasElement): Promise<Uint8Array<ArrayBuffer>> {
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (blob === null) throw new Error("the picture could not be made into a PNG");
  return new Uint8Array(await blob.arrayBuffer());
}
