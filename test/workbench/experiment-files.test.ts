// Experiment files in the editor: what the schema and our own rules underline, CodeLens, the starter.
import assert from "node:assert/strict";
import { eventually } from "../fixtures/eventually.ts";
import { scenarios } from "./scenario.ts";

const scenario = scenarios();

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
