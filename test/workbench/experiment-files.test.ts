// Experiment files in the editor: what the schema and our own rules underline, CodeLens, the starter.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../fixtures/eventually.ts";
import { epochsIn, recordOf, runsIn } from "../fixtures/workspace-runs.ts";
import { scenarios } from "./scenario.ts";

const nowhere = join(tmpdir(), "latent-lab-no-such-folder");
const scenario = scenarios({ settings: { "latentLab.threads": 1 } });

scenario(
  "what is wrong is underlined, by the schema and by rules of ours; the starter is commented, and valid",
  {
    "typo.latent-lab.json":
      '{ "model": { "kind": "variational", "encoder": [784, 20], "activatoin": "relu" } }\n',
    "clash.latent-lab.json":
      '{ "model": { "kind": "variational", "encoder": [784, 20], "latentActivation": "relu" } }\n',
  },
  async ({ window }) => {
    await window.editors.open("typo.latent-lab.json");
    await eventually("the schema's squiggle", async () => (await window.editors.squiggles("warning")) > 0);
    await window.editors.open("clash.latent-lab.json");
    await eventually("our squiggle", async () => (await window.editors.squiggles("error")) > 0);
    assert.match((await window.editors.problems()).join(" "), /a variational model's latents are linear/);

    await window.runCommand("Latent Lab: New Experiment File");
    await eventually("the starter", async () => (await window.editors.tabs()).includes("latent-lab.json"));
    // Those of the editor before it stay a moment.
    await eventually("its CodeLens", async () => (await window.editors.codeLenses()).join() === "Train");
    assert.match(await window.editors.text(), /\/\/ Press "Train" above/);
    assert.equal(await window.editors.squiggles("error"), 0);
    assert.equal(await window.editors.squiggles("warning"), 0);
  },
);

const experiment = (dataset: object, width: number) =>
  JSON.stringify({
    name: "mine",
    dataset,
    model: { kind: "autoencoder", encoder: [784, width] },
    training: { epochs: 100_000 },
  });
const drawn = { kind: "drawn-digits", train: 1000, test: 100 };

scenario(
  "above a file: Train looks for MNIST where the setting says, and Resume says when the file has changed since",
  {
    // Not in the user settings: of those, a remote window passes by what belongs to a machine.
    ".vscode/settings.json": JSON.stringify({ "latentLab.dataFolder": nowhere }),
    "mine.latent-lab.json": experiment(drawn, 8),
    "mnist.latent-lab.json": experiment({ kind: "mnist" }, 8),
  },
  async ({ window, workbench, folder }) => {
    const lenses = async () => (await window.editors.codeLenses()).join();
    await window.editors.open("mnist.latent-lab.json");
    await eventually("Train", async () => (await lenses()) === "Train");
    await window.editors.clickCodeLens("Train");
    await eventually("where it looks", () =>
      workbench.outputChannel("Latent Lab").includes(`mnist.latent-lab.json --data ${nowhere}`),
    );

    await window.editors.open("mine.latent-lab.json");
    await eventually("Train", async () => (await lenses()) === "Train");
    await window.editors.clickCodeLens("Train");
    const run = await eventually("the run", () => runsIn(folder).find((path) => epochsIn(path) > 0));
    await window.runCommand("Latent Lab: Stop");
    await eventually("the stop", () => recordOf(run).status === "stopped");
    await window.editors.open("mine.latent-lab.json");
    await eventually("Resume", async () => /^Train,Resume,/.test(await lenses()));
    writeFileSync(join(folder, "mine.latent-lab.json"), experiment(drawn, 9));
    await eventually("a word of warning", async () => /,Resume with its old settings,/.test(await lenses()));

    // Of the same name, and another experiment all the same.
    await window.editors.open("mnist.latent-lab.json");
    await eventually("Train alone", async () => (await lenses()) === "Train");
    const record = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
    record.experiment.dataset = { kind: "mnist" };
    writeFileSync(join(run, "run.json"), JSON.stringify(record));
    await window.runCommand("Latent Lab: Resume Run…");
    await eventually("where it looks", () =>
      workbench.outputChannel("Latent Lab").includes(`--resume ${run} --data ${nowhere}`),
    );
  },
);
