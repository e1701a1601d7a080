/** The folders of the workspace. */
import * as vscode from "vscode";

/** Their paths as they were opened, in the editor's order. */
export function workspaceFolders(): string[] {
  return (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
}
