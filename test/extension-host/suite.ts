/**
 * The tests that run inside the extension host, with the whole `vscode` API and nothing of the interface: what the
 * extension declares, does and leaves on the disk. The same bundle runs on the desktop (desktop.ts) and in the
 * workbench (test/workbench/extension-host.test.ts). Both open a folder with `picture.png` in it and nothing of ours.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import * as vscode from "vscode";
import { type HostTest, hostTests } from "./host-tests.ts";
import { type Outcomes, writeOutcomes } from "./outcomes.ts";

/** What the desktop's test runner and the workbench's helper extension call. Throws where a test failed. */
export async function run(): Promise<void> {
  const workspace = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  if (workspace === undefined) throw new Error("the tests need a folder");
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const measured: Record<string, number> = {};
  const tests: Outcomes["tests"] = [];
  for (const test of hostTests) {
    delays.reset();
    tests.push({ title: test.title, problem: await problemOf(test, workspace, measured) });
    measured[`longest block while it ${test.title}, ms`] = delays.max / 1e6;
  }
  delays.disable();
  writeOutcomes(workspace, { tests, measured });
  const failed = tests.filter(({ problem }) => problem !== null);
  if (failed.length > 0)
    throw new Error(failed.map(({ title, problem }) => `${title}: ${problem}`).join("\n"));
}

async function problemOf(
  test: HostTest,
  workspace: string,
  measured: Record<string, number>,
): Promise<string | null> {
  try {
    await test.play({ workspace, measured });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
