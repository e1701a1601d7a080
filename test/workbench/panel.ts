/** The document of a webview: a panel, a side view or a custom editor. */
import axe from "axe-core";
import type { Frame, Locator, Page } from "playwright-core";
import * as z from "zod/mini";

/** A canvas's pixels, [height, width, red green blue alpha]. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

const violationsSchema = z.array(
  z.object({
    id: z.string(),
    impact: z.nullable(z.string()),
    help: z.string(),
    nodes: z.array(z.object({ html: z.string() })),
  }),
);

/** Runs in the panel, which has a DOM; this file has none. */
const readCanvas = `(selector) => {
  const canvas = document.querySelector(selector);
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  let binary = "";
  for (let at = 0; at < data.length; at += 8192) binary += String.fromCharCode(...data.subarray(at, at + 8192));
  return { width, height, encoded: btoa(binary) };
}`;

const pixelsSchema = z.object({ width: z.int(), height: z.int(), encoded: z.string() });

export class Panel {
  readonly frame: Frame;
  readonly #page: Page;

  constructor(frame: Frame, page: Page) {
    this.frame = frame;
    this.#page = page;
  }

  locator(selector: string): Locator {
    return this.frame.locator(selector);
  }

  /** What the document says. */
  async text(): Promise<string> {
    return this.frame.locator("body").innerText();
  }

  async press(key: string): Promise<void> {
    await this.#page.keyboard.press(key);
  }

  /** The pixels of a 2D canvas. */
  async pixels(canvas: string): Promise<Pixels> {
    await this.frame.locator(canvas).first().waitFor();
    const read = await this.frame.evaluate(`(${readCanvas})(${JSON.stringify(canvas)})`);
    const { width, height, encoded } = pixelsSchema.parse(read);
    return { width, height, rgba: Buffer.from(encoded, "base64") };
  }

  /** How many different colours a 2D canvas shows: 1 says that nothing was drawn. */
  async colours(canvas: string): Promise<number> {
    const { rgba } = await this.pixels(canvas);
    const words = new Uint32Array(rgba.buffer.slice(rgba.byteOffset, rgba.byteOffset + rgba.byteLength));
    return new Set(words).size;
  }

  /** Axe's serious and critical findings, each in a line. */
  async accessibilityFindings(): Promise<string[]> {
    await this.frame.evaluate(axe.source);
    const found = violationsSchema.parse(
      await this.frame.evaluate("axe.run().then((result) => result.violations)"),
    );
    return found
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(" ")}`);
  }
}
