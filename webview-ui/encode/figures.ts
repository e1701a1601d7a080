/** The numbers about one encoded picture: how near the reconstruction is, and what the picture costs in bytes. */
import type { EncodedPicture } from "../../src/contract/encoded-picture.ts";
import { element } from "../shared/elements.ts";
import { formatCount, formatValue } from "../shared/words.ts";

export function qualityList({ mse, psnr, ssim }: EncodedPicture): HTMLElement {
  const facts: [string, string, string][] = [
    ["MSE", formatValue(mse), "mean squared error per pixel, pixels from 0 to 1"],
    ["PSNR", psnr === null ? "no difference" : `${psnr.toFixed(2)} dB`, "peak signal-to-noise ratio"],
    ["SSIM", ssim.toFixed(4), "structural similarity; 1 means equal"],
  ];
  return element(
    "dl",
    { class: "quality" },
    ...facts.map(([name, value, meaning]) =>
      element(
        "div",
        { class: "figure", attributes: { title: meaning } },
        element("dt", { text: name }),
        element("dd", { text: value }),
      ),
    ),
  );
}

/** Names of ways to store the picture, and their bytes; the last one is the `.latent` file. */
type StoredSizes = readonly (readonly [name: string, bytes: number])[];

export function bytesOfEncoded(bytes: EncodedPicture["bytes"]): StoredSizes {
  return [
    ["Grey pixels, raw", bytes.raw],
    ["The same as PNG", bytes.png],
    [".latent file", bytes.latent],
  ];
}

export function bytesOfDecoded(latent: number, pixels: number): StoredSizes {
  return [
    ["Decoded pixels, raw", pixels],
    [".latent file", latent],
  ];
}

export function bytesTable(rows: StoredSizes): HTMLElement {
  const latent = rows.at(-1)?.[1] ?? 0;
  return element(
    "table",
    { class: "numbers bytes" },
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        ...["Stored as", "Bytes", "Against .latent"].map((text) =>
          element("th", { text, attributes: { scope: "col" } }),
        ),
      ),
    ),
    element("tbody", {}, ...rows.map(([name, count]) => row(name, count, latent))),
  );
}

function row(name: string, count: number, latent: number): HTMLElement {
  const ratio = latent > 0 && count !== latent ? `${(count / latent).toFixed(1)}×` : "";
  return element(
    "tr",
    {},
    element("th", { text: name, attributes: { scope: "row" } }),
    element("td", { text: formatCount(count) }),
    element("td", { text: ratio }),
  );
}
