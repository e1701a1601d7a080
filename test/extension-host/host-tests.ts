/** The tests themselves, in the order they are run: later ones use what earlier ones have trained. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { eventually } from "../fixtures/eventually.ts";
import { epochsIn, recordOf, runsIn } from "../fixtures/workspace-runs.ts";

export interface HostScene {
  /** Absolute path of the workspace folder. */
  readonly workspace: string;
  /** Takes what was measured on the way. */
  readonly measured: Record<string, number>;
}

export interface HostTest {
  readonly title: string;
  play(scene: HostScene): Promise<void>;
}

const identifier = "latent-lab.latent-lab";

const quick = {
  name: "quick",
  dataset: { kind: "drawn-digits", train: 600, test: 100 },
  model: { kind: "variational", encoder: [784, 64, 8] },
  training: { epochs: 3, seed: 1 },
};

export const hostTests: readonly HostTest[] = [
  {
    title: "sleeps in a workspace that has nothing of ours",
    async play() {
      assert.equal(ours().isActive, false);
    },
  },
  {
    title: "wakes up with every command of its manifest",
    async play({ measured }) {
      const before = performance.now();
      await ours().activate();
      measured["activation, ms"] = performance.now() - before;
      const there = new Set(await vscode.commands.getCommands(true));
      const { commands } = ours().packageJSON.contributes as { commands: { command: string }[] };
      assert.ok(commands.length > 10);
      assert.deepEqual(
        commands.map(({ command }) => command).filter((command) => !there.has(command)),
        [],
      );
    },
  },
  {
    title: "marks what no schema can say, and takes the mark away",
    async play({ workspace }) {
      const wrong = { ...quick, model: { ...quick.model, latentActivation: "relu" } };
      const uri = writeExperiment(workspace, "wrong", wrong);
      const document = await vscode.workspace.openTextDocument(uri);
      const editor = await vscode.window.showTextDocument(document);
      const [mark] = await eventually("a diagnostic", () => diagnosticsOfOurs(uri));
      assert.match(mark?.message ?? "", /a variational model's latents are linear/);
      const all = new vscode.Range(0, 0, document.lineCount, 0);
      await editor.edit((edit) => edit.replace(all, JSON.stringify(quick)));
      await eventually("no diagnostic", () => diagnosticsOfOurs(uri).length === 0);
      await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    },
  },
  {
    title: "trains an experiment from its CodeLens, in a process of its own",
    async play({ workspace }) {
      const uri = writeExperiment(workspace, "quick", quick);
      await vscode.window.showTextDocument(uri);
      const [lens] = await eventually("a CodeLens", () => codeLenses(uri));
      assert.match(lens?.command?.title ?? "", /Train$/);
      await execute(lens?.command);
      const run = await eventually("the run", () => runsIn(workspace)[0]);
      await eventually("its end", () => recordOf(run).status === "finished", 60);
      assert.equal(recordOf(run).epochsDone, 3);
      await eventually("the dashboard", () => isOpen("latentLab.dashboard"));
      const lenses = await eventually("the loss", async () => {
        const found = await codeLenses(uri);
        return found.some(({ command }) => /loss/.test(command?.title ?? "")) ? found : undefined;
      });
      assert.match(lenses.at(-1)?.command?.title ?? "", /^Last run: loss [\d.]+$/);
    },
  },
  {
    title: "takes the folder of all runs for none, whoever would delete it",
    async play({ workspace }) {
      const runs = join(workspace, ".latent-lab", "runs");
      const deleting = vscode.commands.executeCommand("latentLab.deleteRun", runs);
      // A run would be asked about.
      const answer = await Promise.race([deleting, sleep(3000, "it is asked about")]);
      assert.equal(answer, undefined);
      assert.ok(existsSync(runs));
    },
  },
  {
    title: "stops a training with a checkpoint, and resumes it",
    async play({ workspace }) {
      const before = runsIn(workspace);
      const long = { ...quick, name: "long", training: { epochs: 4000, seed: 1 } };
      const uri = writeExperiment(workspace, "long", long);
      // Twice, as by a double click.
      const trained = ["first", "second"].map(() =>
        vscode.commands.executeCommand("latentLab.trainThis", uri),
      );
      await Promise.all(trained);
      const run = await eventually("the run", () =>
        runsIn(workspace).find((found) => !before.includes(found)),
      );
      const stopIt = async () => {
        await vscode.commands.executeCommand("latentLab.stop", run);
        await eventually("the stop", () => recordOf(run).status === "stopped", 60);
      };
      assert.equal(runsIn(workspace).length, before.length + 1);
      await eventually("some epochs", () => epochsIn(run) > 2);
      await stopIt();
      const done = epochsIn(run);
      assert.ok(done > 2 && done < 4000);
      await vscode.commands.executeCommand("latentLab.resume", run);
      await eventually("more epochs", () => epochsIn(run) > done);
      await stopIt();
    },
  },
  {
    title: "encodes a picture in a panel, and opens a .latent file in its own editor",
    async play({ workspace }) {
      const picture = join(workspace, "picture.png");
      await vscode.commands.executeCommand("latentLab.encodeImage", vscode.Uri.file(picture));
      await eventually("the panel", () => isOpen("latentLab.encode"));
      const [run = ""] = runsIn(workspace).filter((found) => recordOf(found).status === "finished");
      const latent = join(workspace, "picture.latent");
      const program = join(ours().extensionPath, "dist", "latent-lab.js");
      await promisify(execFile)(process.execPath, [program, "encode", run, picture, "-o", latent], {
        env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
      });
      await vscode.commands.executeCommand("latentLab.decodeLatent", vscode.Uri.file(latent));
      await eventually("the editor", () => isOpen("latentLab.latent"));
    },
  },
  {
    title: "takes the first hundred of many pictures into one panel",
    async play({ workspace }) {
      const pictures = Array.from({ length: 150 }, (_, index) =>
        vscode.Uri.file(join(workspace, `picture-${index}.png`)),
      );
      await vscode.commands.executeCommand("latentLab.encodeImage", pictures[0], pictures);
      const tab = await eventually("the panel", () =>
        vscode.window.tabGroups.all
          .flatMap(({ tabs }) => tabs)
          .find(({ label }) => /^Encode \d+ pictures$/.test(label)),
      );
      assert.equal(tab.label, "Encode 100 pictures");
      await vscode.window.tabGroups.close(tab);
    },
  },
  {
    title: "begins an experiment file under a name that is free",
    async play({ workspace }) {
      for (const name of ["latent-lab.json", "experiment-2.latent-lab.json"]) {
        await vscode.commands.executeCommand("latentLab.newExperiment");
        assert.ok(existsSync(join(workspace, name)));
        assert.equal(vscode.window.activeTextEditor?.document.languageId, "jsonc");
      }
    },
  },
];

function ours(): vscode.Extension<unknown> {
  const extension = vscode.extensions.getExtension(identifier);
  assert.ok(extension, `${identifier} is not installed`);
  return extension;
}

function writeExperiment(workspace: string, name: string, experiment: unknown): vscode.Uri {
  const file = join(workspace, `${name}.latent-lab.json`);
  writeFileSync(file, JSON.stringify(experiment, null, 2));
  return vscode.Uri.file(file);
}

function diagnosticsOfOurs(uri: vscode.Uri): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "Latent Lab");
}

async function codeLenses(uri: vscode.Uri): Promise<vscode.CodeLens[]> {
  return vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", uri, 10);
}

async function execute(command: vscode.Command | undefined): Promise<void> {
  assert.ok(command);
  await vscode.commands.executeCommand(command.command, ...(command.arguments ?? []));
}

/** Whether some tab holds a panel or custom editor of this type. */
function isOpen(viewType: string): boolean {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .some(
      ({ input }) =>
        (input instanceof vscode.TabInputWebview || input instanceof vscode.TabInputCustom) &&
        input.viewType.endsWith(viewType),
    );
}
