/** Some rows of a preview on one canvas, with a caption and a button that saves them. */
import { button } from "../controls.ts";
import { element, setText } from "../shared/elements.ts";
import { drawPreview, type Layout, type Preview, type PreviewRow } from "./preview.ts";

export interface BlockContent {
  readonly title: string;
  readonly caption: string;
  readonly rows: readonly PreviewRow[];
  /** For those who do not see it. */
  describe(epoch: number, images: number): string;
}

/** A saved picture is enlarged, so that other programs do not show a stamp. */
const savedScale = 4;

export class PictureBlock {
  readonly element: HTMLElement;
  readonly #canvas = element("canvas", { class: "picture", attributes: { role: "img" } });
  readonly #empty = element("p", { class: "empty" });
  readonly #save: ReturnType<typeof button>;
  readonly #content: BlockContent;
  #preview: Preview | null = null;

  constructor(content: BlockContent, save: (canvas: HTMLCanvasElement) => void) {
    this.#content = content;
    this.#save = button("Save as PNG…", "secondary", () => {
      if (this.#preview !== null) save(this.#enlarged(this.#preview));
    });
    this.#canvas.setAttribute("aria-label", content.title);
    this.element = element(
      "figure",
      { class: "picture-block" },
      element("div", { class: "block-head" }, element("h3", { text: content.title }), this.#save.element),
      element("div", { class: "picture-stage" }, this.#canvas, this.#empty),
      element("figcaption", { text: content.caption }),
    );
    this.clear("");
  }

  show(preview: Preview, epoch: number, layout: Layout): void {
    this.#preview = preview;
    drawPreview(this.#canvas, preview, this.#content.rows, layout);
    this.#canvas.style.width = `${this.#canvas.width / devicePixelRatio}px`;
    this.#canvas.style.height = `${this.#canvas.height / devicePixelRatio}px`;
    this.#canvas.setAttribute("aria-label", this.#content.describe(epoch, preview.columns));
    this.#canvas.hidden = false;
    this.#empty.hidden = true;
    this.#save.setDisabled(false);
  }

  /** There is nothing to show, and this is why. */
  clear(why: string): void {
    this.#preview = null;
    this.#canvas.hidden = true;
    this.#empty.hidden = false;
    setText(this.#empty, why);
    this.#save.setDisabled(true);
  }

  #enlarged(preview: Preview): HTMLCanvasElement {
    const canvas = document.createElement("canvas");
    const layout = { perLine: preview.columns, scale: savedScale, gap: savedScale };
    drawPreview(canvas, preview, this.#content.rows, layout);
    return canvas;
  }
}
