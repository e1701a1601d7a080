/**
 * SVG to PNG. Text is set in the fonts that come with the program, never in the machine's own, so that a picture
 * is the same everywhere.
 */
import { existsSync } from "node:fs";
import { Failure } from "../../contract/failure.ts";
import { assetPath } from "../assets.ts";

/** A PNG of `zoom` pixels per unit of the SVG. The SVG is one of ours: trusted, and its size known. */
export async function rasterise(svg: string, zoom: number): Promise<Buffer> {
  // Loaded when a picture is wanted: a run should not wait for it before its first step.
  const { Resvg } = await import("@resvg/resvg-js");
  const picture = new Resvg(svg, {
    fitTo: { mode: "zoom", value: zoom },
    font: {
      loadSystemFonts: false,
      fontFiles: ["fonts/Inter_400Regular.ttf", "fonts/Inter_600SemiBold.ttf"].map(existingAsset),
      defaultFontFamily: "Inter",
      sansSerifFamily: "Inter",
    },
  });
  return picture.render().asPng();
}

/** The renderer would leave out all text without a word. */
function existingAsset(name: string): string {
  const path = assetPath(name);
  if (existsSync(path)) return path;
  throw new Failure(
    "internal",
    `${path}: the font is missing`,
    "The installation is incomplete: install it again.",
  );
}
