/** The run card: what was trained, on what, and how; and what can be done with it. */
import type { DashboardAction, RunCard } from "../../src/contract/view.ts";
import { button } from "../controls.ts";
import { element, section } from "../shared/elements.ts";
import { formatCount, formatTime } from "../shared/words.ts";
import { isAlive } from "./run-words.ts";

const actions: readonly (readonly [DashboardAction, string])[] = [
  ["copy-json", "Copy as JSON"],
  ["copy-pytorch", "Copy as PyTorch script"],
  ["sample", "Generate samples"],
  ["compare", "Compare…"],
  ["open-folder", "Open folder"],
  ["show-log", "Show log"],
  ["delete", "Delete…"],
];

export class CardSection {
  readonly element: HTMLElement;
  readonly #facts = element("dl", { class: "facts" });
  readonly #experiment = element("div", { class: "tree" });
  readonly #buttons: readonly ReturnType<typeof button>[];
  #shown = "";

  constructor(act: (action: DashboardAction) => void) {
    const { root } = section("card", "Run");
    this.#buttons = actions.map(([action, label]) => button(label, "secondary", () => act(action)));
    const tree = element(
      "details",
      { class: "experiment" },
      element("summary", { text: "Experiment, every setting" }),
      this.#experiment,
    );
    const tools = element("div", { class: "card-actions" }, ...this.#buttons.map(({ element }) => element));
    root.append(this.#facts, tree, tools);
    this.element = root;
  }

  show(card: RunCard, isGone: boolean): void {
    for (const [index, [action]] of actions.entries())
      this.#buttons[index]?.setDisabled(
        action === "delete" ? isGone || isAlive(card.state) : isGone && action !== "show-log",
      );
    const facts = factsOf(card);
    const now = JSON.stringify([facts, card.experiment]);
    if (now === this.#shown) return;
    this.#shown = now;
    this.#facts.replaceChildren(
      ...facts.flatMap(([name, value]) => [
        element("dt", { text: name }),
        element("dd", { text: value, attributes: { title: value } }),
      ]),
    );
    this.#experiment.replaceChildren(treeOf(card.experiment, 0));
  }
}

function factsOf(card: RunCard): (readonly [string, string])[] {
  const { dataset } = card;
  return [
    ["Engine", `${card.engine} – ${card.device}`],
    ["Parameters", formatCount(card.parameters)],
    ["Model", `${card.variational ? "variational autoencoder" : "autoencoder"}, ${card.latent} latents`],
    [
      "Dataset",
      `${dataset.name}: ${formatCount(dataset.train)} + ${formatCount(dataset.test)} images of ${dataset.width}×${dataset.height}`,
    ],
    ["Source", dataset.source],
    ["SHA-256", dataset.sha256],
    ["Seed", String(card.seed)],
    ["Started", formatTime(card.createdAt)],
    ["Version", card.productVersion],
    ["Run", card.id],
  ];
}

/** Deeper than this an experiment is not. */
const maximumDepth = 8;

function treeOf(value: unknown, depth: number): Node {
  if (typeof value !== "object" || value === null || Array.isArray(value) || depth > maximumDepth)
    return element("span", { class: "tree-value", text: JSON.stringify(value) ?? "" });
  const entries = Object.entries(value).map(([name, inner]) =>
    element("li", {}, element("span", { class: "tree-name", text: `${name}: ` }), treeOf(inner, depth + 1)),
  );
  return element("ul", {}, ...entries);
}
