/** Grey pixels of an encoded picture, drawn crisp on a canvas; and how far two pictures differ. */

export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Null where `base64` does not hold exactly one byte a pixel. */
export function greyFrom(base64: string, width: number, height: number): Grey | null {
  let text: string;
  try {
    text = atob(base64);
  } catch {
    return null;
  }
  if (text.length !== width * height) return null;
  return { width, height, pixels: Uint8Array.from(text, (letter) => letter.charCodeAt(0)) };
}

/** |a − b| for each pixel. */
export function difference(a: Grey, b: Grey): Grey {
  return { ...a, pixels: a.pixels.map((value, index) => Math.abs(value - (b.pixels[index] ?? 0))) };
}

export type Colouring = (value: number) => readonly [red: number, green: number, blue: number];

export const asGrey: Colouring = (value) => [value, value, value];

/** Dark where two pictures agree, over red to a pale yellow where they are opposites. */
export const asHeat: Colouring = (value) => {
  const part = value / 255;
  return part < 0.5
    ? [30 + 380 * part, 16 + 70 * part, 46 + 60 * part]
    : [220 + 70 * (part - 0.5), 51 + 380 * (part - 0.5), 76 + 180 * (part - 0.5)];
};

/** Each pixel becomes a square of `scale` device pixels. */
export function drawGrey(canvas: HTMLCanvasElement, grey: Grey, colouring: Colouring, scale: number): void {
  const { width, height, pixels } = grey;
  const image = new ImageData(width, height);
  for (const [index, value] of pixels.entries()) {
    const [red, green, blue] = colouring(value);
    image.data.set([red, green, blue, 255], 4 * index);
  }
  const small = document.createElement("canvas");
  small.width = width;
  small.height = height;
  small.getContext("2d")?.putImageData(image, 0, 0);
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}
