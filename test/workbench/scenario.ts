/**
 * How tests of the workbench are written: the scenarios of a file share one workbench, each has a workspace folder
 * and a window of its own, and one that fails leaves a picture of its window in test-artefacts/.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { vsixPath } from "../package/vsix.ts";
import { findInstallation } from "./installation.ts";
import type { WorkbenchWindow } from "./window.ts";
import { Workbench, type WorkbenchOptions } from "./workbench.ts";

export interface Scene {
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
  const { extensions = [vsixPath], settings = {}, trust = "everything" } = options;
  const workbench = new Workbench({ installation, extensions, settings, trust });
  before(() => workbench.start());
  after(() => workbench.stop());
  return (title, files, play) => {
    test(title, () => playOnce(workbench, title, files, play));
  };
}

async function playOnce(
  workbench: Workbench,
  title: string,
  files: Files,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-ws-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const window = await workbench.openWindow(folder);
  try {
    await play({ workbench, folder, window });
  } catch (error) {
    await window.screenshot(`failed ${title.replaceAll(/[^\w]+/g, "-")}`).catch(() => undefined);
    throw error;
  } finally {
    await window.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
