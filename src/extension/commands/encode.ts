/** Encode Image and Decode Latent: from what is selected, or asked for, to a panel beside the editor. */
import { extname } from "node:path";
import * as vscode from "vscode";
import { openEncodePanel } from "../panels/encode-panel.ts";
import { latentViewType } from "../panels/latent-editor.ts";
import type { Services } from "../services.ts";

const extensions = ["png", "jpg", "jpeg", "webp"];

/** `uri` and `selected` are what the Explorer or an editor's tab hands to a command of its menu. */
export async function encodeImage(
  { encode }: Services,
  uri: vscode.Uri | undefined,
  selected: readonly vscode.Uri[] | undefined,
): Promise<void> {
  const given = selected !== undefined && selected.length > 0 ? selected : uri === undefined ? [] : [uri];
  const pictures = given.filter(isPicture);
  const chosen = pictures.length > 0 ? pictures : await pickPictures();
  if (chosen.length > 0) openEncodePanel(encode, chosen);
}

export async function decodeLatent(uri: vscode.Uri | undefined): Promise<void> {
  const [chosen] =
    uri === undefined
      ? ((await vscode.window.showOpenDialog({
          title: "A picture to decode",
          openLabel: "Decode",
          filters: { "Latent Lab pictures": ["latent"] },
        })) ?? [])
      : [uri];
  if (chosen !== undefined) await vscode.commands.executeCommand("vscode.openWith", chosen, latentViewType);
}

async function pickPictures(): Promise<readonly vscode.Uri[]> {
  const active = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (active instanceof vscode.TabInputCustom && isPicture(active.uri)) return [active.uri];
  return (
    (await vscode.window.showOpenDialog({
      canSelectMany: true,
      title: "Pictures to encode",
      openLabel: "Encode",
      filters: { Pictures: extensions },
    })) ?? []
  );
}

function isPicture(uri: vscode.Uri): boolean {
  return extensions.includes(extname(uri.path).slice(1).toLowerCase());
}
