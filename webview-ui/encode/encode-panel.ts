/**
 * All of the encode panel: a list of pictures, each as one trained run sees it. The panel asks for every picture
 * with the chosen run; a `.latent` file is decoded without being asked for, since it names its model itself.
 */
import * as z from "zod/mini";
import { type FromEncodePanel, type ToEncodePanel, viewProtocolVersion } from "../../src/contract/view.ts";
import { button, dropdown } from "../controls.ts";
import type { Host } from "../host.ts";
import { element, setText } from "../shared/elements.ts";
import { formatCount } from "../shared/words.ts";
import { PictureEntry } from "./picture-entry.ts";

/** Enough for the extension to bring the panel back after a restart. */
export const encodeStateSchema = z.object({
  version: z.literal(1),
  pictures: z.array(z.string()),
  leftOut: z._default(z.number(), 0),
  run: z.nullable(z.string()),
  /** What somebody chose, by picture; of the others it is found out. */
  inverted: z._default(z.record(z.string(), z.boolean()), {}),
});
export type EncodeState = z.infer<typeof encodeStateSchema>;

type Show = Extract<ToEncodePanel, { kind: "show" }>;

export class EncodePanel {
  readonly element = element("main", { class: "encode" });
  readonly #host: Host<ToEncodePanel, FromEncodePanel, EncodeState>;
  readonly #title = element("h1", { text: "Encode image" });
  readonly #runs = dropdown("Trained run that encodes", (run) => this.#chooseRun(run));
  readonly #chooser: HTMLElement;
  readonly #saveAll: ReturnType<typeof button>;
  readonly #rest = element("p", { class: "hint" });
  readonly #message = element("div", { class: "message" });
  readonly #list = element("div", { class: "entries" });
  readonly #live = element("div", {
    class: "visually-hidden",
    attributes: { role: "status", "aria-live": "polite" },
  });
  #entries = new Map<string, PictureEntry>();
  #run: string | null = null;
  /** How many more were selected than are shown. */
  #leftOut = 0;
  /** As chosen here: true or false, by picture. */
  readonly #inverted: Map<string, boolean>;
  /** How the runs are called, by their keys. */
  #labels = new Map<string, string>();

  constructor(host: Host<ToEncodePanel, FromEncodePanel, EncodeState>) {
    this.#host = host;
    this.#inverted = new Map(Object.entries(host.kept()?.inverted ?? {}));
    this.#chooser = element("div", { class: "tools" }, element("span", { text: "Run" }), this.#runs.element);
    this.#saveAll = button("Save all .latent…", "secondary", () => host.send({ kind: "save-latents" }));
    const tools = element("div", { class: "tools" }, this.#chooser, this.#saveAll.element);
    const head = element("header", { class: "title-line" }, this.#title, tools);
    this.#rest.hidden = true;
    this.element.append(head, this.#rest, this.#message, this.#list, this.#live);
    this.#tell("Waiting for the pictures …");
  }

  take(message: ToEncodePanel): void {
    switch (message.kind) {
      case "show":
        this.#show(message);
        break;
      case "file":
        this.#entries.get(message.picture)?.showOriginal(message.bytes, message.type);
        break;
      case "working":
        this.#entries.get(message.picture)?.working();
        break;
      case "encoded": {
        // An answer for a run that is no longer chosen comes too late.
        const entry = this.#entries.get(message.picture);
        if (entry === undefined || message.run !== this.#run) break;
        entry.encoded(message.result);
        setText(this.#live, `${entry.name}: done`);
        this.#allowSaving();
        break;
      }
      case "decoded": {
        const entry = this.#entries.get(message.picture);
        entry?.decoded(message.result, this.#labels.get(message.run) ?? "a run that is gone");
        if (entry !== undefined) setText(this.#live, `${entry.name}: done`);
        break;
      }
      case "failed": {
        const entry = this.#entries.get(message.picture);
        entry?.failed(message.failure);
        this.#allowSaving();
        if (entry !== undefined) setText(this.#live, `${entry.name}: ${message.failure.message}`);
        break;
      }
    }
  }

  #show({ protocol, pictures, leftOut, runs, run }: Show): void {
    if (protocol > viewProtocolVersion) {
      this.#tell("Latent Lab was updated while this panel was open. Close the panel and open it again.");
      return;
    }
    const originals = pictures.filter(({ hasOriginal }) => hasOriginal);
    const [only] = pictures;
    setText(
      this.#title,
      pictures.length === 1 && only !== undefined ? only.name : `${pictures.length} pictures`,
    );
    this.#rest.hidden = leftOut === 0;
    setText(
      this.#rest,
      `The first ${formatCount(pictures.length)} of ${formatCount(pictures.length + leftOut)} that were selected. Select the others to encode them.`,
    );
    this.#leftOut = leftOut;
    this.#run = run;
    this.#labels = new Map(runs.map(({ key, label }) => [key, label]));
    this.#chooser.hidden = runs.length === 0 || originals.length === 0;
    this.#saveAll.element.hidden = run === null || originals.length < 2;
    this.#runs.setChoices(
      runs.map(({ key, label }) => ({ value: key, label })),
      run ?? "",
    );
    for (const entry of this.#entries.values()) entry.close();
    this.#entries = new Map(
      pictures.map((picture) => [
        picture.key,
        new PictureEntry(picture, pictures.length > 1, {
          encode: (invert) => this.#chooseInvert(picture.key, invert),
          saveLatent: () => this.#host.send({ kind: "save-latent", picture: picture.key }),
          save: (name, bytes) => this.#host.send({ kind: "save", name, bytes }),
        }),
      ]),
    );
    this.#keep();
    if (pictures.length === 0) this.#tell("There is no picture to show.");
    else if (run === null) this.#tellOfNoRun(originals.length > 0);
    else this.#fill();
  }

  #fill(): void {
    this.#message.hidden = true;
    this.#list.hidden = false;
    this.#list.replaceChildren(...[...this.#entries.values()].map((entry) => entry.element));
    for (const [key, entry] of this.#entries) if (entry.hasOriginal) this.#encode(key);
  }

  #keep(): void {
    const leftOut = this.#leftOut;
    const pictures = [...this.#entries.keys()];
    const inverted = Object.fromEntries(this.#inverted);
    this.#host.keep({ version: 1, pictures, leftOut, run: this.#run, inverted });
  }

  #chooseRun(run: string): void {
    this.#run = run;
    this.#keep();
    for (const [key, entry] of this.#entries) if (entry.hasOriginal) this.#encode(key);
  }

  /** Null: as the picture looks. */
  #chooseInvert(picture: string, invert: boolean | null): void {
    if (invert === null) this.#inverted.delete(picture);
    else this.#inverted.set(picture, invert);
    this.#keep();
    this.#encode(picture);
  }

  #encode(picture: string): void {
    if (this.#run === null) return;
    this.#entries.get(picture)?.working();
    this.#allowSaving();
    const invert = this.#inverted.get(picture) ?? null;
    this.#host.send({ kind: "encode", picture, run: this.#run, invert });
  }

  /** All, once all are encoded that can be. */
  #allowSaving(): void {
    const entries = [...this.#entries.values()];
    const isReady =
      entries.every(({ isWorking }) => !isWorking) && entries.some(({ isEncoded }) => isEncoded);
    this.#saveAll.setDisabled(!isReady);
  }

  /** A `.latent` file can only be decoded by the model that made it: training another does not help. */
  #tellOfNoRun(trainingHelps: boolean): void {
    if (!trainingHelps) {
      this.#tell(
        "A .latent file is decoded by the model that made it, and this workspace has no trained model. Open the folder that has its run.",
      );
      return;
    }
    this.#tell(
      "No model has been trained yet. Encoding needs one: training the example takes a minute or two.",
    );
    const train = button("Train a model…", "primary", () => this.#host.send({ kind: "train" }));
    this.#message.append(train.element);
  }

  #tell(words: string): void {
    this.#message.hidden = false;
    this.#message.replaceChildren(element("p", { text: words }));
    this.#list.hidden = true;
  }
}
