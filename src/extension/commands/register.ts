/** All commands of the palette and the menus: which function each runs, and what becomes of its errors. */
import * as vscode from "vscode";
import { Disposables } from "../dispose.ts";
import { RunItem } from "../runs/runs-tree.ts";
import type { Services } from "../services.ts";
import { deleteRuns } from "./delete-runs.ts";
import { decodeLatent, encodeImage } from "./encode.ts";
import { installTensorFlow } from "./install-tensorflow.ts";
import {
  compareRuns,
  copyJson,
  copyPyTorch,
  generateSamples,
  openDashboard,
  openRunFolder,
  showReconstructions,
} from "./run-commands.ts";
import { getMnist, newExperiment, selectEngine } from "./setting-commands.ts";
import { resume, stop, train, trainLonger, trainThis } from "./train.ts";

export function registerCommands(services: Services): vscode.Disposable {
  const disposables = new Disposables();
  const { dashboards } = services;
  const register = (name: string, run: (...args: unknown[]) => Promise<unknown> | unknown) =>
    disposables.add(
      vscode.commands.registerCommand(`latentLab.${name}`, async (...args: unknown[]) => {
        try {
          await run(...args);
        } catch (error) {
          services.reporter.report(error);
        }
      }),
    );
  register("train", () => train(services));
  register("trainThis", (uri) => trainThis(services, uriOf(uri)));
  register("stop", (run) => stop(services, runOf(run)));
  register("resume", (run) => resume(services, runOf(run)));
  register("trainLonger", (run) => trainLonger(services, runOf(run)));
  register("openDashboard", (run) => openDashboard(services, runOf(run)));
  register("showReconstructions", (run) => showReconstructions(services, runOf(run) ?? dashboards.activeRun));
  register("generateSamples", (run) => generateSamples(services, runOf(run) ?? dashboards.activeRun));
  register("encodeImage", (uri, selected) => encodeImage(services, uriOf(uri), urisOf(selected)));
  register("decodeLatent", (uri) => decodeLatent(uriOf(uri)));
  register("selectEngine", () => selectEngine(services));
  register("installTensorFlow", () => installTensorFlow(services));
  register("getMnist", () => getMnist(services));
  register("newExperiment", () => newExperiment());
  register("compareRuns", (run, selected) => compareRuns(services, runsOf(run, selected)));
  register("openRunFolder", (run) => openRunFolder(services, runOf(run) ?? dashboards.activeRun));
  register("deleteRun", (run, selected) =>
    deleteRuns(services, runsOf(run ?? dashboards.activeRun, selected)),
  );
  register("copyJson", (run) => withRun(run, (path) => copyJson(services, path)));
  register("copyPyTorch", (run) => withRun(run, (path) => copyPyTorch(services, path)));
  register("refreshRuns", () => services.store.refresh());
  register("showLog", () => services.log.show());
  return disposables;
}

/** Menus hand over an item of the tree, panels and other commands a run's path, the palette nothing. */
function runOf(argument: unknown): string | undefined {
  if (argument instanceof RunItem) return argument.run.path;
  return typeof argument === "string" ? argument : undefined;
}

/** The same of a command that takes several: the menu of a selection hands over all of it. */
function runsOf(argument: unknown, selected: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(selected) ? selected : [argument];
  return all.map(runOf).filter((run) => run !== undefined);
}

function withRun(argument: unknown, use: (path: string) => Promise<void>): Promise<void> | undefined {
  const path = runOf(argument);
  return path === undefined ? undefined : use(path);
}

function uriOf(argument: unknown): vscode.Uri | undefined {
  return argument instanceof vscode.Uri ? argument : undefined;
}

function urisOf(argument: unknown): readonly vscode.Uri[] | undefined {
  return Array.isArray(argument) ? argument.filter((entry) => entry instanceof vscode.Uri) : undefined;
}
