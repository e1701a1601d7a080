/** Files that a panel offers to keep: the user says where, and whether others make way. */
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
  if (target !== undefined) await write(target, bytes);
}

export interface FileToSave {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Asks for a folder and writes all of them there; asks again before any is replaced. Throws a Failure (storage-failed). */
export async function saveFiles(files: readonly FileToSave[]): Promise<void> {
  if (files.length === 0) return;
  const count = files.length === 1 ? "1 file" : `${files.length} files`;
  const inWorkspace = vscode.workspace.workspaceFolders?.[0]?.uri;
  const [folder] =
    (await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      title: `A folder for ${count}`,
      openLabel: "Save Here",
      ...(inWorkspace === undefined ? {} : { defaultUri: inWorkspace }),
    })) ?? [];
  if (folder === undefined) return;
  const there = new Set((await vscode.workspace.fs.readDirectory(folder)).map(([name]) => name));
  const replaced = files.filter(({ name }) => there.has(name)).map(({ name }) => name);
  if (replaced.length > 0 && !(await mayReplace(replaced))) return;
  for (const { name, bytes } of files) await write(vscode.Uri.joinPath(folder, name), bytes);
  vscode.window.setStatusBarMessage(`Saved ${count} in ${folder.fsPath}`, 5000);
}

async function mayReplace([first = "", ...others]: readonly string[]): Promise<boolean> {
  const what = others.length === 0 ? first : `${first} and ${others.length} more`;
  const question = `Replace ${what}?`;
  const detail = "Files of these names are in that folder already.";
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, "Replace")) === "Replace";
}

async function write(target: vscode.Uri, bytes: Uint8Array): Promise<void> {
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
