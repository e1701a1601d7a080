// Restricted Mode: saved runs can be looked at, nothing is launched.
import assert from "node:assert/strict";
import { eventually } from "../fixtures/eventually.ts";
import { scenarios } from "./scenario.ts";
import { trainRun } from "./trained-run.ts";

const scenario = scenarios({ trust: "asked" });

scenario("in Restricted Mode a run can be looked at, and nothing offers to train", {}, async (scene) => {
  const { window, workbench, folder } = scene;
  trainRun(folder, "digits");
  await window.sideBar.show("Latent Lab");
  await eventually("the run", async () => (await window.sideBar.rows()).some((row) => /digits/.test(row)));
  await window.sideBar.click("digits");
  const dashboard = await window.panel('body[data-panel="dashboard"]');
  await eventually("the run", async () => /3 of 3/.test(await dashboard.text()));
  assert.ok((await dashboard.colours("canvas")) > 1);
  for (const command of ["Train…", "Encode Image…", "Decode Latent"])
    assert.equal(await window.offersCommand(`Latent Lab: ${command}`), false, command);
  assert.deepEqual(workbench.processes("latent-lab.js"), []);
});
