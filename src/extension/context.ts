/** What the manifest's conditions ask of the extension. */
import * as vscode from "vscode";

/** What may be asked: `latentLab.<name>`. */
export type ContextName =
  | "isTraining"
  | "hasRuns"
  | "hasSeveralRuns"
  | "hasResumableRun"
  | "hasExtendableRun"
  /** Once in this window, as the walkthrough's steps want it. */
  | "hasShownDashboard"
  | "hasShownEncodePanel"
  | "hasMadeExperiment";

export function setContext(name: ContextName, value: boolean): void {
  void vscode.commands.executeCommand("setContext", `latentLab.${name}`, value);
}
