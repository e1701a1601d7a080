/** The environment of every process that the extension starts: its own, what its Node needs, and what settings say. */
import * as vscode from "vscode";
import type { NodeRuntime } from "./node-runtime.ts";

export function processEnvironment(node: NodeRuntime): NodeJS.ProcessEnv {
  // Like that of latentLab.node, its scope is the machine: no workspace can name what is loaded.
  const tensorflow = vscode.workspace.getConfiguration("latentLab").get("tensorflow", "");
  return {
    ...process.env,
    ...node.environment,
    ...(tensorflow === "" ? {} : { LATENT_LAB_TENSORFLOW: tensorflow }),
  };
}
