/** Experiment files of the workspace: finding them, reading them, a commented starter for a new one. */
import { basename } from "node:path";
import * as vscode from "vscode";

export const experimentGlob = "**/{latent-lab.json,*.latent-lab.json}";

/** Files looked at when picking one; a workspace with more is searched by name. */
const maximumFound = 200;

/** One on the disk or one that will be; not what the editor shows of an earlier commit. */
export function isExperimentFile({ uri }: Pick<vscode.TextDocument, "uri">): boolean {
  if (uri.scheme !== "file" && uri.scheme !== "untitled") return false;
  const name = basename(uri.path);
  return name === "latent-lab.json" || name.endsWith(".latent-lab.json");
}

export async function findExperimentFiles(): Promise<vscode.Uri[]> {
  const found = await vscode.workspace.findFiles(
    experimentGlob,
    "**/{node_modules,.latent-lab}/**",
    maximumFound,
  );
  return found.sort((a, b) => a.path.localeCompare(b.path));
}

/** What New Experiment File opens. Everything but the model may be left out. */
export const starter = `{
  // Press "Train" above, or run "Latent Lab: Train This Experiment".
  // Hover a setting to learn what it does; Ctrl+Space shows what else there is.
  "name": "my-vae",

  // "mnist", "drawn-digits" (needs no download), or your own pictures:
  // { "kind": "folder", "path": "pictures", "width": 28, "height": 28 }
  "dataset": { "kind": "mnist" },

  // Layer widths from the image's pixels to the latent dimensions; the decoder mirrors them.
  "model": { "kind": "variational", "encoder": [784, 400, 20] },

  // loss = reconstruction + beta · KL divergence
  "loss": { "reconstruction": "bce", "beta": 1 },

  "optimizer": { "learningRate": 0.001 },
  "training": { "epochs": 5, "batch": 128, "seed": 1 }
}
`;
