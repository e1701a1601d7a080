/**
 * Which Node runs the training process: the user's setting, the one this extension host runs on where that is a real
 * Node, one on the PATH, and at last the editor's own runtime as a Node.
 */
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import * as vscode from "vscode";
import { Failure } from "../../contract/failure.ts";

export interface NodeRuntime {
  readonly path: string;
  /** What the process needs besides its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Throws a Failure (usage) where the setting names what cannot be run. */
export async function findNode(): Promise<NodeRuntime> {
  // The setting's scope is the machine: no workspace can name an executable.
  const chosen = vscode.workspace.getConfiguration("latentLab").get("node", "");
  if (chosen !== "") {
    if (await isExecutable(chosen)) return { path: chosen, environment: {} };
    throw new Failure(
      "usage",
      `the setting latentLab.node names ${chosen}, which cannot be run`,
      "Correct the setting, or leave it empty.",
    );
  }
  if (process.versions.electron === undefined) return { path: process.execPath, environment: {} };
  const onPath = await nodeOnPath();
  if (onPath !== null) return { path: onPath, environment: {} };
  return { path: process.execPath, environment: { ELECTRON_RUN_AS_NODE: "1" } };
}

async function nodeOnPath(): Promise<string | null> {
  const name = process.platform === "win32" ? "node.exe" : "node";
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name);
    if (folder !== "" && (await isExecutable(path))) return path;
  }
  return null;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
