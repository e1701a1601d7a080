/** Files that a panel offers to keep: the user says where. */
import * as vscode from "vscode";

const kinds: Readonly<Record<string, Record<string, string[]>>> = {
  png: { Picture: ["png"] },
  csv: { "Comma-separated values": ["csv"] },
  latent: { "Latent Lab picture": ["latent"] },
};

/** Asks for a place, beginning in the first workspace folder, and writes there. Null where the user thought better of it. */
export async function saveFile(name: string, bytes: Uint8Array): Promise<vscode.Uri | null> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
    filters: kinds[name.split(".").at(-1) ?? ""] ?? {},
  });
  if (target === undefined) return null;
  await vscode.workspace.fs.writeFile(target, bytes);
  return target;
}
