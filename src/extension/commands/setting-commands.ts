/** What is set up once: the engine, MNIST, a first experiment file. */
import { basename } from "node:path";
import * as vscode from "vscode";
import * as z from "zod/mini";
import { Failure, hasSystemCode } from "../../contract/failure.ts";
import { preparingSchema } from "../../contract/preparing.ts";
import { starter } from "../experiments/experiment-files.ts";
import type { Services } from "../services.ts";
import { movesBar } from "../training/dataset-progress.ts";
import { askTool } from "../training/tool.ts";
import { roughly } from "../words.ts";
import { pickWorkspaceFolder, requireTrust } from "./pick.ts";

const listedEngine = z.object({
  name: z.string(),
  available: z.boolean(),
  description: z.optional(z.string()),
  driver: z.nullish(z.string()),
  imagesPerSecond: z.nullish(z.number()),
  reason: z.optional(z.string()),
  hint: z.optional(z.string()),
});
type ListedEngine = z.infer<typeof listedEngine>;
const enginesAnswer = z.object({ engines: z.array(listedEngine) });

export async function selectEngine({ program, reporter }: Services): Promise<void> {
  requireTrust("look for engines");
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? process.cwd();
  const answer = enginesAnswer.safeParse(
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: "Looking for engines", cancellable: true },
      (_, token) => askTool(program, { args: ["engines"], folder, token }),
    ),
  );
  if (!answer.success)
    throw new Failure("internal", "the list of engines makes no sense", "Update Latent Lab.");
  const current = vscode.workspace.getConfiguration("latentLab").get("engine", "auto");
  const items = [
    { name: "auto", available: true, description: "the fastest at what is trained, tried out each time" },
    ...answer.data.engines,
  ].map((engine) => ({
    label: `${engine.name === current ? "$(check) " : ""}${engine.name}`,
    description: engine.available ? (engine.description ?? "") : "not available",
    detail: detailOf(engine),
    engine,
  }));
  const picked = await vscode.window.showQuickPick(items, { title: "Which engine computes?" });
  if (picked === undefined) return;
  if (!picked.engine.available) {
    const { name } = picked.engine;
    const install = {
      title: "Install TensorFlow",
      run: () => vscode.commands.executeCommand("latentLab.installTensorFlow"),
    };
    const failure = new Failure("engine-unavailable", `${name} is not available here`, picked.detail);
    reporter.report(failure, ...(name === "tensorflow" ? [install] : []));
    return;
  }
  await vscode.workspace
    .getConfiguration("latentLab")
    .update("engine", picked.engine.name, vscode.ConfigurationTarget.Global);
}

/** What a line has no room for: why it is out and what to do, or how fast it is and on which driver. */
function detailOf({ reason, hint, imagesPerSecond, driver }: Partial<ListedEngine>): string {
  if (reason !== undefined) return `${reason}. ${hint ?? ""}`;
  const speed = imagesPerSecond ? `${roughly(imagesPerSecond)} images/s on the VAE 784-400-20` : "";
  return [speed, driver ?? ""].filter((part) => part !== "").join(", ");
}

export async function getMnist({ program }: Services): Promise<void> {
  requireTrust("download anything");
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? process.cwd();
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: "Latent Lab", cancellable: true },
    (bar, token) => {
      const move = movesBar(bar);
      return askTool(program, {
        args: ["datasets", "get", "mnist"],
        folder,
        token,
        onProgress(line) {
          const preparing = preparingSchema.safeParse(line);
          if (preparing.success) move(preparing.data);
        },
      });
    },
  );
  void vscode.window.showInformationMessage("MNIST is here: 60,000 training and 10,000 test images.");
}

/** Opens a commented starter, under a name that is not taken. */
export async function newExperiment(): Promise<void> {
  const folder = vscode.Uri.file(await pickWorkspaceFolder());
  const uri = await freeName(folder);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(starter));
  await vscode.window.showTextDocument(uri);
}

async function freeName(folder: vscode.Uri): Promise<vscode.Uri> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? "latent-lab.json" : `experiment-${number}.latent-lab.json`;
    const uri = vscode.Uri.joinPath(folder, name);
    if (!(await exists(uri))) return uri;
  }
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === "FileNotFound") return false;
    if (hasSystemCode(error, "ENOENT")) return false;
    throw new Failure("storage-failed", `${basename(uri.fsPath)} cannot be looked at`, "Check the folder.");
  }
}
