// The Runs tree, comparing, deleting; what Restricted Mode leaves.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scenarios } from "./scenario.ts";
import { trainRun } from "./trained-run.ts";
import { eventually } from "./wait.ts";

const scenario = scenarios();

scenario("runs are listed, compared, and deleted after a question", {}, async ({ window, folder }) => {
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
});
