// More epochs for a finished run.
import assert from "node:assert/strict";
import { eventually } from "../../fixtures/eventually.ts";
import { epochsIn, recordOf } from "../../fixtures/workspace-runs.ts";
import { scenarios } from "../scenario.ts";
import { trainRun } from "../trained-run.ts";

const scenario = scenarios();

scenario(
  "a finished run is trained longer, to as many epochs as are asked for",
  {},
  async ({ window, folder }) => {
    const run = trainRun(folder, "digits");
    await window.sideBar.show("Latent Lab");
    await window.sideBar.click("digits");
    const dashboard = await window.panel('body[data-panel="dashboard"]');
    await dashboard.locator('vscode-button:has-text("Train longer…")').click();
    assert.match(await window.quickInput.question(), /^Train digits · .* longer$/);
    await window.quickInput.enter("5");
    await eventually("two more epochs", async () => /5 of 5/.test(await dashboard.text()));
    await eventually("its end", async () => {
      const [row = ""] = await window.sideBar.rows();
      return /digits, finished/.test(row);
    });
    assert.equal(recordOf(run).epochsDone, 5);
    assert.equal(epochsIn(run), 5);
    const offered = await window.sideBar.offers("digits");
    assert.ok(offered.includes("Train Longer…"), offered.join());
  },
);
