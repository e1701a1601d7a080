/**
 * SVG to PNG. Text is set in the fonts that come with the program, never in the machine's own, so that a picture
 * is the same everywhere.
 */

import { marked } from "./png-mark.ts";

/** A PNG of `zoom` pixels per unit of the SVG. The SVG is one of ours: trusted, and its size known. */
export async function rasterise(svg: string, zoom: number): Promise<Buffer> {
  // Loaded when a picture is wanted: a run should not wait for it before its first step.
  const { render } = await import("./svg-renderer.ts");
  return marked(await render(svg, zoom));
}
