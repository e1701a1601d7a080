/** When a dashboard was asked for, when it was drawn, and at what pace it shows frames: told by the browser itself. */
import type { Frame, Page } from "playwright-core";
import * as z from "zod/mini";
import { eventually } from "../../test/fixtures/eventually.ts";

/**
 * Runs in every document before all else. A click is timed where it is made; a dashboard's curve when the first path
 * has been stroked of a plot that says where in the run it is, and the frame with it is done.
 */
const marking = `(() => {
  const now = () => performance.timeOrigin + performance.now();
  addEventListener("pointerdown", () => { globalThis.latentLabClicked = now(); }, true);
  const { stroke } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.stroke = function (...path) {
    const where = document.querySelector('[data-panel="dashboard"] .where');
    if (path.length > 0 && globalThis.latentLabDrawn === undefined && where !== null && !where.hidden) {
      globalThis.latentLabDrawn = null;
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => { globalThis.latentLabDrawn = now(); };
      requestAnimationFrame(() => port2.postMessage(0));
    }
    return stroke.apply(this, path);
  };
})()`;

const times = z.nullish(z.number());

/** For all pages that are opened in the browser from now on. */
export async function markDrawing(page: Page): Promise<void> {
  await page.context().addInitScript(marking);
}

export interface Opened {
  readonly frame: Frame;
  /** From the click until the curve was drawn. */
  readonly milliseconds: number;
}

/** The dashboard in the editor that opens now, once it is drawn. */
export async function openedDashboard(page: Page): Promise<Opened> {
  return eventually("the dashboard", async () => {
    for (const frame of page.frames()) {
      const isWide = await evaluate(frame, "document.body.dataset.layout === 'wide'");
      const drawn = isWide === true ? times.parse(await evaluate(frame, "globalThis.latentLabDrawn")) : null;
      if (drawn == null) continue;
      const clicked = z.number().parse(await page.evaluate("globalThis.latentLabClicked"));
      if (drawn > clicked) return { frame, milliseconds: drawn - clicked };
    }
    return undefined;
  });
}

/** A frame may go while it is asked. */
async function evaluate(frame: Frame, expression: string): Promise<unknown> {
  return frame.evaluate(expression).catch(() => null);
}

/** Milliseconds between the frames that `frame` shows in the next `seconds`. */
export async function frameTimes(frame: Frame, seconds: number): Promise<number[]> {
  const counting = `new Promise((resolve) => {
    const times = [];
    const next = (time) => {
      times.push(time);
      if (time - times[0] < ${seconds * 1000}) requestAnimationFrame(next);
      else resolve(times.slice(1).map((time, index) => time - times[index]));
    };
    requestAnimationFrame(next);
  })`;
  return z.array(z.number()).parse(await frame.evaluate(counting));
}
