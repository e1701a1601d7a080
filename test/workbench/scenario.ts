/**
 * How tests of the workbench are written: the scenarios of a file share one workbench, each has a workspace folder
 * and a window of its own, and one that fails leaves pictures of its windows in test-artefacts/.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { ownTarget, vsixOf } from "../package/vsix.ts";
import { findInstallation } from "./installation.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench, type WorkbenchOptions } from "./workbench.ts";

export interface Scene {
  readonly test: TestContext;
  readonly workbench: Workbench;
  /** Absolute path of the workspace folder, open in `window`. */
  readonly folder: string;
  readonly window: WorkbenchWindow;
}

/** The workspace's files by path. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export type Scenario = (title: string, files: Files, play: (scene: Scene) => Promise<void>) => void;

/** Called once in a file: a workbench with the packaged extension, for the scenarios that the result declares. */
export function scenarios(options: Partial<Omit<WorkbenchOptions, "installation">> = {}): Scenario {
  const installation = findInstallation();
  if ("missing" in installation)
    return (title) => {
      test(title, { skip: installation.missing }, () => undefined);
    };
  const { extensions = [vsixOf(ownTarget)], settings = {}, trust = "everything" } = options;
  const workbench = new Workbench({ installation, extensions, settings, trust });
  before(() => workbench.start());
  after(() => workbench.stop());
  return (title, files, play) => {
    test(title, async (context) => {
      try {
        await playOnce(context, workbench, files, play);
      } catch (error) {
        // A whole editor in a browser on a busy machine now and then misses a click. What is broken fails again; that
        // it took a second try is told.
        const [reason] = String(error).split("\n");
        const [place = ""] =
          /[\w-]+\.test\.ts:\d+/.exec(error instanceof Error ? (error.stack ?? "") : "") ?? [];
        context.diagnostic(`second try: ${title} (${place} ${reason})`);
        for (const pid of workbench.processes("latent-lab.js")) process.kill(pid, "SIGKILL");
        await playOnce(context, workbench, files, play);
      }
    });
  };
}

async function playOnce(
  context: TestContext,
  workbench: Workbench,
  files: Files,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-ws-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  try {
    const window = await workbench.openWindow(folder);
    await play({ test: context, workbench, folder, window });
  } catch (error) {
    await workbench.screenshots(`failed ${context.name.replaceAll(/[^\w]+/g, "-")}`);
    throw error;
  } finally {
    await workbench.closeWindows();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
