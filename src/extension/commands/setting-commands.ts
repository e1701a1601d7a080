/** What is set up once: the engine, MNIST, a first experiment file. */
import { basename } from "node:path";
import * as vscode from "vscode";
import * as z from "zod/mini";
import { Failure, hasSystemCode } from "../../contract/failure.ts";
import { preparingSchema } from "../../contract/preparing.ts";
import { setContext } from "../context.ts";
import { starter } from "../experiments/experiment-files.ts";
import type { Services } from "../services.ts";
import { movesBar } from "../training/dataset-progress.ts";
import { askTool } from "../training/tool.ts";
import { bytesInWords, roughly } from "../words.ts";
import { pickWorkspaceFolder, requireTrust } from "./pick.ts";

const listedEngine = z.lazy(() =>
  z.object({
    name: z.string(),
    available: z.boolean(),
    description: z.optional(z.string()),
    memory: z.nullish(z.number()),
    driver: z.nullish(z.string()),
    imagesPerSecond: z.nullish(z.number()),
    reason: z.optional(z.string()),
    hint: z.optional(z.string()),
  }),
);
type ListedEngine = z.infer<typeof listedEngine>;
/** Null: a line between. */
type EngineItem = vscode.QuickPickItem & { readonly engine: ListedEngine | null };
const enginesAnswer = z.lazy(() => z.object({ engines: z.array(listedEngine) }));

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
  const { engines } = answer.data;
  const items = [
    itemFor({
      name: "auto",
      available: true,
      description: "The fastest at what is trained, tried out each time",
    }),
    ...engines.filter(({ available }) => available).map(itemFor),
    separator("Not available here"),
    ...engines.filter(({ available }) => !available).map(itemFor),
  ];
  const picked = await vscode.window.showQuickPick(items, { title: "Which engine computes?" });
  if (!picked?.engine) return;
  if (!picked.engine.available) {
    const install = {
      title: "Install TensorFlow",
      run: () => vscode.commands.executeCommand("latentLab.installTensorFlow"),
    };
    const { name, reason = `${picked.engine.name} cannot run here`, hint = "" } = picked.engine;
    const failure = new Failure("engine-unavailable", reason, hint);
    reporter.report(failure, ...(name === "tensorflow" ? [install] : []));
    return;
  }
  await vscode.workspace
    .getConfiguration("latentLab")
    .update("engine", picked.engine.name, vscode.ConfigurationTarget.Global);
}

/** In its first line how fast it is, or why it is out; below, on what it computes, or what to do. */
function itemFor(engine: ListedEngine): EngineItem {
  const {
    name,
    available,
    description = "",
    memory,
    driver,
    imagesPerSecond,
    reason = "",
    hint = "",
  } = engine;
  const current = vscode.workspace.getConfiguration("latentLab").get("engine", "auto");
  const speed = imagesPerSecond ? `${roughly(imagesPerSecond)} images/s on the VAE 784-400-20` : "";
  const device = [description, memory ? `${bytesInWords(memory)} of memory` : "", driver ?? ""];
  return {
    label: `${name === current ? "$(check) " : ""}${name}`,
    description: available ? speed : reason,
    detail: available ? device.filter((part) => part !== "").join(" · ") : hint,
    engine,
  };
}

function separator(label: string): EngineItem {
  return { label, kind: vscode.QuickPickItemKind.Separator, engine: null };
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
  setContext("hasMadeExperiment", true);
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
