/** A training that goes on for minutes, unless somebody stops it; its epochs take a moment each. */
import type { Files } from "./scenario.ts";
import type { WorkbenchWindow } from "./window.ts";

export const longTraining: Files = {
  "long.latent-lab.json": JSON.stringify({
    name: "long-vae",
    dataset: { kind: "drawn-digits", train: 1200, test: 200 },
    model: { kind: "variational", encoder: [784, 100, 8] },
    training: { epochs: 20_000, batch: 64, seed: 1 },
  }),
};

/** From the experiment file's CodeLens to the first epochs. */
export async function startLongTraining(window: WorkbenchWindow): Promise<void> {
  await window.editors.open("long.latent-lab.json");
  await window.editors.clickCodeLens("Train");
  await window.statusBar.textLike(/epoch \d+\/20000/);
}
