// The Runs tree: looking at runs, comparing, deleting.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../fixtures/eventually.ts";
import { scenarios } from "./scenario.ts";
import { trainRun } from "./trained-run.ts";

const scenario = scenarios();

scenario(
  "runs are listed, compared, and deleted after a question; a hundred are no trouble",
  {},
  async ({ window, folder }) => {
    const first = trainRun(folder, "narrow", "model.encoder=784,100,8");
    trainRun(folder, "wide");
    const broken = join(folder, ".latent-lab", "runs", "broken");
    mkdirSync(broken, { recursive: true });
    writeFileSync(join(broken, "run.json"), '{ "format": 999, "productVersion": "9.0.0" }');
    await window.sideBar.show("Latent Lab");
    const rows = await eventually("three rows", async () => {
      const found = await window.sideBar.rows();
      return found.length === 3 ? found : undefined;
    });
    assert.ok(rows.some((row) => /narrow, finished/.test(row)));
    assert.ok(rows.some((row) => /broken/.test(row)));
    await window.sideBar.click("wide");
    const dashboard = await window.panel('body[data-panel="dashboard"]');
    await eventually("the run", async () => /3 of 3/.test(await dashboard.text()));
    await window.runCommand("Latent Lab: Compare Runs");
    assert.equal(await window.quickInput.question(), "Compare which runs?");
    await window.quickInput.checkAll();
    await eventually("both runs", async () => {
      const compared = await window.panel('body[data-panel="dashboard"]:has-text("narrow")');
      return /wide/.test(await compared.text());
    });
    await window.screenshot("compared runs");
    await window.runCommand("Latent Lab: Delete Run…");
    assert.equal(await window.quickInput.question(), "Delete which run?");
    const rowsToDelete = await eventually("runs", () => window.quickInput.rows());
    await window.quickInput.pick(rowsToDelete.find((row) => row.startsWith("narrow")) ?? "");
    await window.page.locator(".monaco-dialog-box .monaco-button", { hasText: "Delete" }).click();
    await eventually("it is gone", () => !existsSync(first));
    await eventually("the comparison without it", async () => {
      const tabs = await window.editors.tabs();
      return tabs.filter((title) => title.startsWith("wide · ")).length === 2;
    });

    for (let number = 1; number < 100; number++)
      cpSync(join(folder, ".latent-lab/runs/wide"), join(folder, `.latent-lab/runs/copy-${number}`), {
        recursive: true,
      });
    await window.runCommand("View: Close All Editors");
    await window.runCommand("Latent Lab: Open Dashboard");
    const [row = ""] = await eventually("runs to choose from", () => window.quickInput.rows());
    await window.quickInput.pick(row);
    const another = await window.panel('body[data-panel="dashboard"]');
    await eventually("the run", async () => /3 of 3/.test(await another.text()));
  },
);
