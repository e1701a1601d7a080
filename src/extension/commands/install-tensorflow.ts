/**
 * Installs TensorFlow, which is no part of the extension: the command line tool does it, in the place below the cache
 * folder where the tool looks for it from a terminal as well.
 */
import * as vscode from "vscode";
import { Failure } from "../../contract/failure.ts";
import { type Installed, installedSchema, installingSchema } from "../../contract/installing.ts";
import { sentence } from "../report.ts";
import type { Services } from "../services.ts";
import { askTool } from "../training/tool.ts";
import { installingInWords } from "../words.ts";
import { requireTrust } from "./pick.ts";

export async function installTensorFlow({ program }: Services): Promise<void> {
  requireTrust("install anything");
  const answer = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: "Latent Lab", cancellable: true },
    (bar, token) => {
      bar.report({ message: "installing TensorFlow" });
      return askTool(program, {
        args: ["engines", "install", "tensorflow"],
        folder: vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? process.cwd(),
        token,
        onProgress(line) {
          const installing = installingSchema.safeParse(line);
          if (installing.success) bar.report({ message: installingInWords(installing.data) });
        },
      });
    },
  );
  const installed = installedSchema.safeParse(answer);
  if (!installed.success)
    throw new Failure("internal", "what the installation said makes no sense", "Update Latent Lab.");
  void tell(installed.data);
}

async function tell({ available, description, reason, hint }: Installed): Promise<void> {
  if (!available) {
    const why = sentence(reason ?? "", hint ?? "");
    void vscode.window.showWarningMessage(`TensorFlow is installed, but not usable here. ${why}`);
    return;
  }
  const use = "Use It";
  const chosen = await vscode.window.showInformationMessage(`TensorFlow is installed: ${description}.`, use);
  if (chosen === use)
    await vscode.workspace
      .getConfiguration("latentLab")
      .update("engine", "tensorflow", vscode.ConfigurationTarget.Global);
}
