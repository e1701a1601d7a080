// Choosing an engine: what there is and how fast, why the others are not there, and what is set.
import assert from "node:assert/strict";
import { eventually } from "../fixtures/eventually.ts";
import { scenarios } from "./scenario.ts";

const scenario = scenarios();

scenario(
  "the engines are tried out and one is chosen; TensorFlow is offered, and says what it lacks",
  {},
  async ({ window, workbench }) => {
    await window.runCommand("Latent Lab: Select Engine…");
    assert.equal(await window.quickInput.question(), "Which engine computes?");
    const texts = await window.quickInput.texts();
    const textOf = (name: string) => texts.find((text) => text.startsWith(name)) ?? "";
    assert.match(
      textOf("cpu"),
      /^cpu ?[\d,]+ images\/s on the VAE 784-400-20 .*WebAssembly SIMD.*GB of memory$/,
    );
    assert.match(textOf("tensorflow"), /^tensorflow ?TensorFlow is not installed .*Install it/);
    await window.screenshot("engines to choose from");
    await window.quickInput.pick("tensorflow");
    const missing = /TensorFlow is not installed/;
    await window.notifications.waitFor(missing);
    // From here no registry is reached.
    await window.notifications.press(missing, "Install TensorFlow");
    await window.notifications.waitFor(/Npm cannot get @tensorflow\/tfjs-node-gpu .*Check the network/, 60);
    await window.notifications.dismiss();

    await window.runCommand("Latent Lab: Select Engine…");
    assert.equal(await window.quickInput.question(), "Which engine computes?");
    await window.quickInput.pick("cpu");
    await eventually("the setting", () => workbench.userSettings()["latentLab.engine"] === "cpu");
  },
);
