/** One picture in the panel: itself, what the model makes of it, and the numbers. */
import type { DecodedPicture, EncodedPicture } from "../../src/contract/encoded-picture.ts";
import type { ToEncodePanel } from "../../src/contract/view.ts";
import { button, checkbox, progressRing } from "../controls.ts";
import { canvasPng } from "../shared/canvas-file.ts";
import { element, setText } from "../shared/elements.ts";
import { fileNamePart } from "../shared/words.ts";
import { bytesOfDecoded, bytesOfEncoded, bytesTable, qualityList } from "./figures.ts";
import { LatentBars } from "./latent-bars.ts";
import { asGrey, asHeat, type Colouring, difference, drawGrey, type Grey, greyFrom } from "./pixels.ts";

type Picture = Extract<ToEncodePanel, { kind: "show" }>["pictures"][number];

export interface EntryListener {
  /** Null: as the picture looks. */
  encode(invert: boolean | null): void;
  saveLatent(): void;
  save(name: string, bytes: Uint8Array<ArrayBuffer>): void;
}

/** A picture's side on screen, in CSS pixels, at most. */
const shownSide = 168;
const savedScale = 4;

export class PictureEntry {
  readonly element: HTMLElement;
  readonly name: string;
  readonly hasOriginal: boolean;
  #state: "working" | "encoded" | "decoded" | "failed" = "working";
  readonly #listener: EntryListener;
  #address: string | null = null;
  readonly #ring = progressRing("Encoding");
  readonly #notice = element("div", { class: "notice error", attributes: { role: "status" } });
  readonly #original: HTMLImageElement;
  /** What is said below the original. */
  readonly #size = element("span", { text: "reading the file …" });
  readonly #pictures = element("div", { class: "encoded-pictures" });
  readonly #numbers = element("div", { class: "encoded-numbers" });
  readonly #invert = checkbox("Invert dark and light", false, (invert) => this.#listener.encode(invert));
  readonly #why = element("span", { class: "hint" });
  readonly #automatic = button("Choose automatically", "secondary", () => this.#listener.encode(null));
  readonly #saveLatent: ReturnType<typeof button>;
  readonly #savePictures: ReturnType<typeof button>;
  readonly #options: HTMLElement;
  #shown: readonly (readonly [Grey, Colouring])[] = [];

  constructor(picture: Picture, isNamed: boolean, listener: EntryListener) {
    this.name = picture.name;
    this.hasOriginal = picture.hasOriginal;
    this.#listener = listener;
    this.#original = this.#makeOriginal();
    this.#saveLatent = button("Save .latent…", "primary", () => listener.saveLatent());
    this.#savePictures = button("Save pictures…", "secondary", () => void this.#save());
    const heading = element("h2", { class: isNamed ? "" : "visually-hidden", text: picture.name });
    const tools = element("div", { class: "tools" }, this.#ring);
    if (this.hasOriginal) tools.append(this.#saveLatent.element);
    tools.append(this.#savePictures.element);
    this.#options = element(
      "div",
      { class: "tools options" },
      this.#invert.element,
      this.#why,
      this.#automatic.element,
    );
    this.#options.hidden = true;
    const head = element("div", { class: "section-head" }, heading, tools);
    this.element = element("article", { class: "entry" }, head, this.#notice, this.#options);
    this.element.append(this.#pictures, this.#numbers);
    this.#notice.hidden = true;
    if (this.hasOriginal) this.#pictures.append(pictureFigure("Original", this.#size, this.#original));
    this.working();
  }

  /** Frees the picture's memory; the entry is not shown any more. */
  close(): void {
    if (this.#address !== null) URL.revokeObjectURL(this.#address);
  }

  /** The file's content; empty where it is too large. */
  showOriginal(bytes: Uint8Array<ArrayBuffer>, type: string): void {
    this.close();
    this.#address = URL.createObjectURL(new Blob([bytes], { type }));
    this.#original.src = this.#address;
  }

  /** Whether its answer is still to come. */
  get isWorking(): boolean {
    return this.#state === "working";
  }

  /** Whether it has latents that can be saved. */
  get isEncoded(): boolean {
    return this.#state === "encoded";
  }

  working(): void {
    this.#state = "working";
    this.element.setAttribute("aria-busy", "true");
    this.#ring.hidden = false;
    this.#notice.hidden = true;
    this.#setDisabled(true);
  }

  failed({ message, hint }: { readonly message: string; readonly hint: string }): void {
    this.#ready("failed");
    this.#notice.hidden = false;
    this.#notice.replaceChildren(element("strong", { text: message }), element("span", { text: hint }));
    this.#shown = [];
    this.#options.hidden = true;
    this.#numbers.replaceChildren();
    while (this.#pictures.childElementCount > (this.hasOriginal ? 1 : 0))
      this.#pictures.lastElementChild?.remove();
  }

  encoded(result: EncodedPicture): void {
    const { width, height } = result;
    const seen = greyFrom(result.seen, width, height);
    const reconstruction = greyFrom(result.reconstruction, width, height);
    if (seen === null || reconstruction === null) {
      this.#failedSize(width, height);
      return;
    }
    this.#ready("encoded");
    this.#setDisabled(false);
    this.#showInversion(result);
    const size = `${width}×${height}`;
    this.#showPictures([
      ["Seen by the model", `${size}, grey`, seen, asGrey],
      ["Reconstruction", `${size}, from the latents`, reconstruction, asGrey],
      ["Difference", "", difference(seen, reconstruction), asHeat],
    ]);
    this.#showNumbers(result.latents, qualityList(result), bytesTable(bytesOfEncoded(result.bytes)));
  }

  /** Of a `.latent` file, which has nothing to compare with; `run` is how the run is called that decoded it. */
  decoded({ width, height, reconstruction, latents, bytes }: DecodedPicture, run: string): void {
    const grey = greyFrom(reconstruction, width, height);
    if (grey === null) {
      this.#failedSize(width, height);
      return;
    }
    this.#ready("decoded");
    this.#setDisabled(false);
    this.#showPictures([["Decoded", `${width}×${height}, by ${run}`, grey, asGrey]]);
    this.#showNumbers(latents, bytesTable(bytesOfDecoded(bytes.latent, width * height)));
  }

  #failedSize(width: number, height: number): void {
    this.failed({
      message: `${this.name}: the answer does not hold ${width}×${height} pixels`,
      hint: "Try it again.",
    });
  }

  #showNumbers(latents: readonly number[], ...figures: readonly HTMLElement[]): void {
    const side = element("div", { class: "figures-side" }, ...figures);
    this.#numbers.replaceChildren(new LatentBars(latents).element, side);
  }

  #ready(state: "encoded" | "decoded" | "failed"): void {
    this.#state = state;
    this.element.setAttribute("aria-busy", "false");
    this.#ring.hidden = true;
  }

  #setDisabled(disabled: boolean): void {
    for (const control of [this.#invert, this.#automatic, this.#saveLatent, this.#savePictures])
      control.setDisabled(disabled);
  }

  #showInversion({ inverted, invertedBy }: EncodedPicture): void {
    this.#options.hidden = false;
    this.#invert.setChecked(inverted);
    const why = {
      picture: `chosen automatically: the picture is ${inverted ? "dark on light" : "light on dark"}`,
      experiment: "as the pictures that the run was trained on",
      user: "chosen by you",
    };
    setText(this.#why, why[invertedBy]);
    this.#automatic.element.hidden = invertedBy !== "user";
  }

  #showPictures(shown: readonly (readonly [string, string, Grey, Colouring])[]): void {
    this.#shown = shown.map(([, , grey, colouring]) => [grey, colouring]);
    const figures = shown.map(([title, caption, grey, colouring]) =>
      pictureFigure(title, colouring === asHeat ? heatLegend() : caption, canvasOf(grey, colouring, title)),
    );
    const original = this.hasOriginal ? this.#pictures.firstElementChild : null;
    this.#pictures.replaceChildren(...(original === null ? [] : [original]), ...figures);
  }

  /** Empty until the file is here. */
  #makeOriginal(): HTMLImageElement {
    const image = element("img", { attributes: { alt: `${this.name}, the original` } });
    image.hidden = true;
    image.addEventListener("load", () => {
      image.hidden = false;
      setText(this.#size, `${image.naturalWidth}×${image.naturalHeight} pixels`);
      image.classList.toggle("crisp", Math.max(image.naturalWidth, image.naturalHeight) <= shownSide);
    });
    image.addEventListener("error", () => {
      image.hidden = true;
      setText(this.#size, "cannot be shown here");
    });
    return image;
  }

  /** What the model sees, its reconstruction and the difference side by side. */
  async #save(): Promise<void> {
    const [first] = this.#shown;
    if (first === undefined) return;
    const canvas = document.createElement("canvas");
    const width = first[0].width * savedScale;
    canvas.width = this.#shown.length * (width + savedScale) - savedScale;
    canvas.height = first[0].height * savedScale;
    const context = canvas.getContext("2d");
    for (const [index, [grey, colouring]] of this.#shown.entries()) {
      const part = document.createElement("canvas");
      drawGrey(part, grey, colouring, savedScale);
      context?.drawImage(part, index * (width + savedScale), 0);
    }
    const name = fileNamePart(this.name.replace(/\.\w+$/, ""));
    this.#listener.save(`${name}-pictures.png`, await canvasPng(canvas));
  }
}

function canvasOf(grey: Grey, colouring: Colouring, title: string): HTMLCanvasElement {
  const canvas = element("canvas", {
    class: "picture",
    attributes: { role: "img", "aria-label": title },
  });
  const fitting = (shownSide * devicePixelRatio) / Math.max(grey.width, grey.height);
  drawGrey(canvas, grey, colouring, Math.max(1, Math.floor(fitting)));
  canvas.style.width = `${Math.min(shownSide, canvas.width / devicePixelRatio)}px`;
  return canvas;
}

function pictureFigure(title: string, caption: Node | string, picture: Node): HTMLElement {
  return element(
    "figure",
    { class: "encoded-picture" },
    element("h3", { text: title }),
    element("div", { class: "picture-box" }, picture),
    element("figcaption", {}, caption),
  );
}

function heatLegend(): HTMLElement {
  const canvas = element("canvas", { class: "heat", attributes: { "aria-hidden": "true" } });
  const ramp = { width: 64, height: 1, pixels: Uint8Array.from({ length: 64 }, (_, index) => index * 4) };
  drawGrey(canvas, ramp, asHeat, 1);
  return element("span", { class: "heat-legend" }, "none", canvas, "full");
}
