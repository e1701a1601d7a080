/**
 * resvg as WebAssembly, ready to use: the same bytes on every platform, so that one package serves all. Loaded when
 * the first picture is wanted; a module, so that it is made ready once.
 */
import { readFileSync } from "node:fs";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { Failure } from "../../contract/failure.ts";
import { assetPath } from "../assets.ts";

await initWasm(readAsset("resvg.wasm"));

/** The fonts that come with the program. */
const fonts = ["fonts/Inter_400Regular.ttf", "fonts/Inter_600SemiBold.ttf"].map(readAsset);

/** A PNG of `zoom` pixels per unit of the SVG. */
export function render(svg: string, zoom: number): Buffer {
  const renderer = new Resvg(svg, {
    fitTo: { mode: "zoom", value: zoom },
    font: {
      loadSystemFonts: false,
      fontBuffers: fonts,
      defaultFontFamily: "Inter",
      sansSerifFamily: "Inter",
    },
  });
  try {
    const picture = renderer.render();
    try {
      return Buffer.from(picture.asPng());
    } finally {
      picture.free();
    }
  } finally {
    renderer.free();
  }
}

/** The renderer would leave out all text without a word if a font were missing. */
function readAsset(name: string): Uint8Array<ArrayBuffer> {
  const path = assetPath(name);
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Failure(
      "internal",
      `${path}: what pictures are drawn with is missing`,
      "The installation is incomplete: install it again.",
      { cause },
    );
  }
}
