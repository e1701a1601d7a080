/** Files that a panel offers to keep: the user says where. */
import * as vscode from "vscode";
import { Failure } from "../../contract/failure.ts";

const kinds: Readonly<Record<string, Record<string, string[]>>> = {
  png: { Picture: ["png"] },
  csv: { "Comma-separated values": ["csv"] },
  latent: { "Latent Lab picture": ["latent"] },
};

/** Asks for a place, beginning in the first workspace folder, and writes there. Throws a Failure (storage-failed). */
export async function saveFile(name: string, bytes: Uint8Array): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
    filters: kinds[name.split(".").at(-1) ?? ""] ?? {},
  });
  if (target === undefined) return;
  try {
    await vscode.workspace.fs.writeFile(target, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(
      "storage-failed",
      `${target.fsPath} cannot be written (${reason})`,
      "Save it in another folder.",
      { cause: error },
    );
  }
}
