// Training from inside the workbench: from the palette to the curves, the pictures, the status bar and the log.
import assert from "node:assert/strict";
import { eventually } from "../fixtures/eventually.ts";
import { epochsIn, runsIn } from "../fixtures/workspace-runs.ts";
import { ownTarget } from "../package/vsix.ts";
import { scenarios } from "./scenario.ts";

const scenario = scenarios({ settings: { "latentLab.threads": 1 } });

scenario("a preset is trained on 2,000 images, from the palette to the pictures", {}, async (scene) => {
  const { window, workbench, folder } = scene;
  await window.runCommand("Latent Lab: Train…");
  await window.quickInput.pick("mnist-autoencoder");
  await window.quickInput.enter("no such images");
  await window.quickInput.goBack();
  await eventually("the first question", async () => /which model/.test(await window.quickInput.question()));
  await window.quickInput.pick("mnist-vae");
  await window.quickInput.pick("Drawn digits, a quick try");
  const ranOn = new Set<string>();
  await eventually("the training process", () => {
    for (const path of workbench.executables("latent-lab.js train")) ranOn.add(path);
    return ranOn.size > 0;
  });
  const dashboard = await window.panel('body[data-panel="dashboard"]');
  await eventually("the end", async () => /finished/i.test(await dashboard.text()), 60);
  await eventually("the curves", async () => (await dashboard.colours("canvas")) > 3);
  const text = await dashboard.text();
  assert.match(text, /5 of 5/);
  assert.match(text, /Test loss/);
  await eventually("pictures", async () => (await dashboard.locator("canvas").count()) > 1);
  assert.match((await window.editors.tabs()).join(), /^mnist-vae · \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  assert.ok((await window.statusBar.texts()).some((item) => item.includes("Latent Lab")));
  const log = workbench.outputChannel("Latent Lab");
  const own =
    /node: \S+\/extensions\/latent-lab\.latent-lab-[^/]+\/dist\/node\/node \(24\.\d+\.\d+, it came with the extension\): CPU, and GPU/;
  if (ownTarget !== "universal") {
    assert.ok(
      ranOn.size > 0 && [...ranOn].every((path) => path.endsWith("/dist/node/node")),
      [...ranOn].join(),
    );
    assert.match(log, own);
  }
  assert.match(log, /epoch 5\/5 {2}train [\d.]+ {2}test [\d.]+/);
  const [run = ""] = runsIn(folder);
  assert.equal(epochsIn(run), 5);
  await window.screenshot("dashboard of a finished run");
  for (const name of ["Compare Runs", "Resume Run…", "Stop"])
    assert.equal(await window.offersCommand(`Latent Lab: ${name}`), false, name);
  assert.deepEqual(await dashboard.accessibilityFindings(), []);
});
