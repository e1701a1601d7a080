/**
 * The extension's beginning: makes its parts and connects them. Nothing is read, started or listened to here that the
 * parts do not do themselves, and nothing waits.
 */
import { join } from "node:path";
import * as vscode from "vscode";
import { registerCommands } from "./commands/register.ts";
import { commandOfAction } from "./commands/run-commands.ts";
import { setContext } from "./context.ts";
import { ExperimentCodeLenses } from "./experiments/code-lenses.ts";
import { ExperimentDiagnostics } from "./experiments/diagnostics.ts";
import { experimentGlob } from "./experiments/experiment-files.ts";
import { Dashboards, dashboardViewType } from "./panels/dashboard-panel.ts";
import { type EncodeContext, EncodePanelSerializer, encodeViewType } from "./panels/encode-panel.ts";
import { LatentEditor, latentViewType } from "./panels/latent-editor.ts";
import { PanelMemory } from "./panels/panel-memory.ts";
import { Reporter } from "./report.ts";
import { isExtendable, isKnown, isResumable } from "./runs/listed-run.ts";
import { RunMetrics } from "./runs/run-metrics.ts";
import { RunStore } from "./runs/run-store.ts";
import { RunsTree } from "./runs/runs-tree.ts";
import type { Services } from "./services.ts";
import { StatusBar } from "./status-bar.ts";
import { Announcer } from "./training/announcer.ts";
import { DatasetProgress } from "./training/dataset-progress.ts";
import { NodeRuntimes } from "./training/node-runtime.ts";
import type { Tool } from "./training/tool.ts";
import { Trainings } from "./training/trainings.ts";

export function activate(context: vscode.ExtensionContext): void {
  const keep = <T extends vscode.Disposable>(item: T): T => {
    context.subscriptions.push(item);
    return item;
  };
  const extension = context.extensionUri;
  const log = keep(vscode.window.createOutputChannel("Latent Lab", { log: true }));
  const program = commandLineTool(context, log);
  const reporter = new Reporter(log);
  const trainings = keep(new Trainings(program, join(context.globalStorageUri.fsPath, "control"), log));
  const store = keep(new RunStore(trainings));
  const memoryOf = (panels: string) => new PanelMemory(context.workspaceState, panels);
  const encode: EncodeContext = {
    extension,
    open: new Map(),
    memory: memoryOf("encode"),
    program,
    store,
    log,
    reporter,
  };
  const dashboards = keep(
    new Dashboards({
      extension,
      memory: memoryOf("dashboards"),
      store,
      trainings,
      metrics: new RunMetrics((line) => log.warn(line)),
      log,
      reporter,
      act: (action, run) => void vscode.commands.executeCommand(commandOfAction[action], run),
    }),
  );
  const services: Services = {
    log,
    reporter,
    trainings,
    store,
    dashboards,
    encode,
    program,
    pictures: vscode.Uri.joinPath(context.globalStorageUri, "pictures"),
  };
  keep(registerCommands(services));
  keep(new StatusBar(trainings, store));
  keep(new Announcer(trainings, log, reporter, (run) => dashboards.open([run])));
  keep(new DatasetProgress(trainings));
  keep(keepContexts(trainings, store));
  const tree = keep(
    vscode.window.createTreeView("latentLab.runs", {
      treeDataProvider: new RunsTree(store),
      canSelectMany: true,
    }),
  );
  // Other programs train as well, and tell nobody.
  keep(tree.onDidChangeVisibility(({ visible }) => visible && store.refresh()));
  keep(vscode.window.onDidChangeWindowState(({ focused }) => focused && store.refresh()));
  keep(vscode.window.registerWebviewViewProvider("latentLab.live", dashboards));
  keep(vscode.window.registerWebviewPanelSerializer(dashboardViewType, dashboards));
  keep(vscode.window.registerWebviewPanelSerializer(encodeViewType, new EncodePanelSerializer(encode)));
  keep(
    vscode.window.registerCustomEditorProvider(latentViewType, new LatentEditor(encode), {
      supportsMultipleEditorsPerDocument: true,
    }),
  );
  keep(new ExperimentDiagnostics());
  const lenses = keep(new ExperimentCodeLenses(store));
  keep(vscode.languages.registerCodeLensProvider({ pattern: experimentGlob }, lenses));
  trainings.open().catch((error: unknown) => reporter.report(error));
  // What may be launched, and which runs and trainings are this window's, is another matter from then on.
  keep(vscode.workspace.onDidGrantWorkspaceTrust(() => store.refresh()));
  keep(
    vscode.workspace.onDidChangeWorkspaceFolders(() => {
      store.refresh();
      trainings.look().catch((error: unknown) => reporter.report(error));
    }),
  );
}

function commandLineTool(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Tool {
  const script = join(context.extensionUri.fsPath, "dist", "latent-lab.js");
  const runtimes = new NodeRuntimes({
    script,
    version: String(context.extension.packageJSON.version),
    memory: context.globalState,
    log,
    // The setting's scope is the machine: no workspace can name an executable.
    setting: () => vscode.workspace.getConfiguration("latentLab").get("node", ""),
  });
  return { script, runtimes };
}

/** Keeps what the manifest's conditions ask: whether anything trains, which runs there are. */
function keepContexts(trainings: Trainings, store: RunStore): vscode.Disposable {
  const listed = store.onDidList((runs) => {
    const known = runs.filter(isKnown);
    setContext("hasRuns", runs.length > 0);
    setContext("hasSeveralRuns", known.length > 1);
    setContext("hasResumableRun", known.some(isResumable));
    setContext("hasExtendableRun", known.some(isExtendable));
  });
  const training = trainings.onDidChange(() => setContext("isTraining", trainings.all.length > 0));
  const changed = store.onDidChange(() => void store.list());
  void store.list();
  return vscode.Disposable.from(listed, training, changed);
}
