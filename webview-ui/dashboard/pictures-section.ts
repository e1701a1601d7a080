/**
 * The pictures of the chosen epoch and the scrubber that chooses it. Asks the extension for a picture when it is
 * first wanted, and shows the one before until it is there.
 */
import { checkbox } from "../controls.ts";
import { element, section } from "../shared/elements.ts";
import { PictureBlock } from "./picture-block.ts";
import { decodePreview, type Layout, type Preview } from "./preview.ts";
import { Scrubber } from "./scrubber.ts";

export interface PicturesListener {
  /** Somebody chose an epoch; null: always the latest. */
  chosen(epoch: number | null): void;
  wanted(epoch: number): void;
  save(canvas: HTMLCanvasElement, what: string): void;
  problem(message: string): void;
}

export interface PicturesOf {
  readonly size: { readonly width: number; readonly height: number };
  readonly planned: number;
  readonly isTraining: boolean;
}

/** Two blocks stand beside each other from this width on, in CSS pixels. */
const wideEnough = 640;
const largestImage = 56;
const smallestImage = 22;
const blockGap = 32;

export class PicturesSection {
  readonly element: HTMLElement;
  readonly #listener: PicturesListener;
  readonly #scrubber = new Scrubber((epoch) => this.#choose(epoch));
  readonly #follow = checkbox("Follow the latest", true, (follow) =>
    this.#choose(follow ? null : (this.#latest ?? null)),
  );
  readonly #blocks: readonly [PictureBlock, PictureBlock];
  readonly #frame = element("div", { class: "picture-blocks" });
  readonly #previews = new Map<number, Preview | null>();
  readonly #asked = new Set<number>();
  #of: PicturesOf = { size: { width: 1, height: 1 }, planned: 0, isTraining: false };
  #epochs: readonly number[] = [];
  #chosen: number | null = null;
  #shown: number | null = null;

  constructor(listener: PicturesListener) {
    this.#listener = listener;
    this.#blocks = [
      new PictureBlock(
        {
          title: "Originals and reconstructions",
          caption: "Above: test images. Below: what comes back from their latents.",
          rows: ["original", "reconstruction"],
          describe: (epoch, images) =>
            `${images} test images, each above its reconstruction, after epoch ${epoch}`,
        },
        (canvas) => listener.save(canvas, `epoch-${this.#shown}-reconstructions`),
      ),
      new PictureBlock(
        {
          title: "Generated",
          caption: "Decoded from the same random latents in every epoch.",
          rows: ["generated"],
          describe: (epoch, images) => `${images} generated images after epoch ${epoch}`,
        },
        (canvas) => listener.save(canvas, `epoch-${this.#shown}-generated`),
      ),
    ];
    const { root, head } = section("pictures", "Pictures");
    head.append(element("div", { class: "tools" }, this.#follow.element));
    this.#frame.append(...this.#blocks.map((block) => block.element));
    root.append(this.#scrubber.element, this.#frame);
    this.element = root;
    // In a frame of its own: what is drawn changes sizes again.
    new ResizeObserver(() => requestAnimationFrame(() => this.#draw())).observe(this.#frame);
  }

  /** The epoch whose pictures should be seen; null: there are none. */
  get epoch(): number | null {
    return this.#chosen === null ? this.#latest : (this.#atOrBefore(this.#chosen) ?? this.#latest);
  }

  get #isWide(): boolean {
    return this.#frame.clientWidth >= wideEnough;
  }

  get #latest(): number | null {
    return this.#epochs.at(-1) ?? null;
  }

  /** Another run, whose images have this size: forgets the pictures of the one before. */
  reset(size: PicturesOf["size"]): void {
    // Its first picture may come before anything of it is drawn.
    this.#of = { ...this.#of, size };
    for (const preview of this.#previews.values()) preview?.bitmap.close();
    this.#previews.clear();
    this.#asked.clear();
    this.#epochs = [];
    this.#shown = null;
  }

  comeIntoView(): void {
    this.element.scrollIntoView({ block: "start" });
    this.element.tabIndex = -1;
    this.element.focus({ preventScroll: true });
  }

  show(of: PicturesOf, chosen: number | null): void {
    this.#of = of;
    this.#chosen = chosen;
    this.#update();
  }

  setEpochs(epochs: readonly number[]): void {
    this.#epochs = epochs;
    this.#update();
  }

  async take(epoch: number, png: Uint8Array | null): Promise<void> {
    let preview: Preview | null = null;
    if (png !== null) {
      try {
        preview = await decodePreview(png, this.#of.size);
      } catch (error) {
        this.#listener.problem(`the picture of epoch ${epoch} cannot be shown: ${String(error)}`);
      }
    }
    this.#previews.get(epoch)?.bitmap.close();
    this.#previews.set(epoch, preview);
    this.#draw();
  }

  #choose(epoch: number | null): void {
    this.#chosen = epoch;
    this.#update();
    this.#listener.chosen(epoch);
  }

  #update(): void {
    const { epoch } = this;
    this.#scrubber.show(this.#epochs, this.#of.planned, epoch);
    this.#follow.setChecked(this.#chosen === null);
    this.#follow.element.hidden = !this.#of.isTraining && this.#chosen === null;
    if (epoch !== null && !this.#asked.has(epoch)) {
      this.#asked.add(epoch);
      this.#listener.wanted(epoch);
    }
    this.#draw();
  }

  #draw(): void {
    const { epoch } = this;
    this.#frame.classList.toggle("beside", this.#isWide);
    if (epoch === null) {
      this.#clear("Pictures appear after the first epoch.");
      return;
    }
    const preview = this.#previews.get(epoch);
    if (preview === null) this.#clear(`There is no picture of epoch ${epoch} any more.`);
    else if (preview !== undefined) {
      this.#shown = epoch;
      const [first, second] = this.#layouts(preview);
      this.#blocks[0].show(preview, epoch, first);
      this.#blocks[1].show(preview, epoch, second);
    } else if (this.#shown === null) this.#clear("Fetching the pictures …");
  }

  #clear(why: string): void {
    this.#shown = null;
    for (const block of this.#blocks) block.clear(why);
  }

  /** Both blocks at the same scale; beside each other they are equally high. */
  #layouts(preview: Preview): [Layout, Layout] {
    const available = this.#frame.clientWidth;
    const half = Math.ceil(preview.columns / 2);
    const beside = this.#isWide;
    const across = beside ? preview.columns + half : preview.columns;
    const gap = Math.max(1, Math.round(2 * devicePixelRatio));
    const fit = (images: number, width: number) =>
      (width * devicePixelRatio - images * gap) / (images * preview.width);
    const whole = fit(across, beside ? available - blockGap : available);
    const tooSmall = !beside && (whole * preview.width) / devicePixelRatio < smallestImage;
    const scale = Math.min(
      tooSmall ? fit(half, available) : whole,
      (largestImage * devicePixelRatio) / preview.width,
    );
    const crisp = scale >= 1 ? Math.floor(scale) : Math.max(scale, 1 / preview.width);
    const layout = (perLine: number): Layout => ({ perLine, scale: crisp, gap });
    const perLine = tooSmall ? half : preview.columns;
    return [layout(perLine), layout(beside ? half : perLine)];
  }

  #atOrBefore(epoch: number): number | null {
    return this.#epochs.findLast((one) => one <= epoch) ?? this.#epochs[0] ?? null;
  }
}
